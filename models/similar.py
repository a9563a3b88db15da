"""Did you mean: the known name nearest to one that is not known."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from typing import Final

MOST_SHOWN: Final = 60
"""Names of one list: every one of a vocabulary of ours, the nearest of what people may make by the thousand."""


def nearest(wrong: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    near = get_close_matches(wrong[:100], sorted(set(known)), n=1, cutoff=likeness)
    return near[0] if near else None


def nearest_first(wrong: str, known: Iterable[str]) -> list[str]:
    """All of them; those that are equally near by name."""
    matcher = SequenceMatcher(b=wrong[:100])

    def distance(name: str) -> tuple[float, str]:
        matcher.set_seq1(name[:100])
        return -matcher.ratio(), name

    return sorted(set(known), key=distance)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The tail of a sentence: the nearest known name, or where none is near those that there are."""
    near = nearest(wrong, known := set(known))
    return f"; did you mean `{near}`?" if near else f"; {_listed(wrong, known)}" if known else ""


def word_meant(wrong: str, names: Iterable[str], others: Iterable[str] = ()) -> str:
    """As `did_you_mean` of a language of ours: `others` are meant too, and the names are listed as they are sorted."""
    near = nearest(wrong, {*(names := set(names)), *others})
    return f"; did you mean `{near}`?" if near else f"; there are: {', '.join(sorted(names))}"


def _listed(wrong: str, known: Iterable[str]) -> str:
    names = nearest_first(wrong, known)
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return f"there are: {', '.join(names[:MOST_SHOWN])}{more}"
