"""Suggestions ("did you mean"): the known name most similar to an unknown one."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from typing import Final

MOST_SHOWN: Final = 60
"""Names shown at most. Headway's own vocabularies are shorter; names that people create may be thousands."""


def nearest(wrong: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    near = get_close_matches(wrong[:100], sorted(set(known)), n=1, cutoff=likeness)
    return near[0] if near else None


def nearest_first(wrong: str, known: Iterable[str]) -> list[str]:
    """Returns all known names, the most similar first; ties by name."""
    matcher = SequenceMatcher(b=wrong[:100])

    def distance(name: str) -> tuple[float, str]:
        matcher.set_seq1(name[:100])
        return -matcher.ratio(), name

    return sorted(set(known), key=distance)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Returns the end of an error message: the most similar known name or, if none is similar, the known names."""
    near = nearest(wrong, known := set(known))
    return f"; did you mean `{near}`?" if near else f"; {_listed(wrong, known)}" if known else ""


def word_meant(wrong: str, names: Iterable[str], others: Iterable[str] = ()) -> str:
    """Like `did_you_mean`, for a fixed vocabulary: also suggests `others`, and lists the names alphabetically."""
    near = nearest(wrong, {*(names := set(names)), *others})
    return f"; did you mean `{near}`?" if near else f"; there are: {', '.join(sorted(names))}"


def _listed(wrong: str, known: Iterable[str]) -> str:
    names = nearest_first(wrong, known)
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return f"there are: {', '.join(names[:MOST_SHOWN])}{more}"
