"""Did you mean: the known name nearest to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(wrong: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    near = get_close_matches(wrong[:100], sorted(set(known)), n=1, cutoff=likeness)
    return near[0] if near else None


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The tail of a sentence: the nearest known name, or all of them when they are few."""
    names = sorted(set(known))
    near = nearest(wrong, names)
    if near:
        return f"; did you mean `{near}`?"
    return f"; there are: {', '.join(names[:20])}" if names else ""
