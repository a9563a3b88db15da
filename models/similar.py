"""Did you mean: the known name nearest to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The tail of a sentence: the nearest known name, or all of them when they are few."""
    names = sorted(set(known))
    near = get_close_matches(wrong[:100], names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; there are: {', '.join(names[:20])}" if names else ""
