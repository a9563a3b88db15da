"""Input of labels."""

from collections.abc import Sequence

import strawberry

from models.errors import ProblemCode, Refused


@strawberry.input
class LabelInput:
    key: str
    value: str


def labels_from(labels: Sequence[LabelInput] | None) -> dict[str, str]:
    """Returns the labels by key. Raises Refused for a duplicate key, as one of the values would be lost."""
    found: dict[str, str] = {}
    for label in labels or ():
        if label.key in found:
            raise Refused.because(
                ProblemCode.VALIDATION, f"label {label.key!r} is given twice", "labels"
            )
        found[label.key] = label.value
    return found
