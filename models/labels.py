"""Labels: keys `[a-z0-9._/-]{1,63}`, values up to 255 characters; `system.` is Headway's own."""

import re
from collections.abc import Iterable, Mapping

from models.errors import Problem, ProblemCode, Refused
from models.states import LabelMode

_KEY = re.compile(r"(?:[a-z0-9._/-]){1,63}")
_MAX_VALUE = 255
_MAX_COUNT = 100
CORRELATION = "system.correlationId"
TEST = "system.test"
"""Of executions of texts that nobody saved."""


def check_labels(labels: Mapping[str, str], settable: Iterable[str] = ()) -> None:
    """Raises Refused with every label that may not be set by people, but for the system keys in `settable`."""
    problems = [
        Problem(ProblemCode.VALIDATION, sentence, ("labels", key))
        for key, value in labels.items()
        if (sentence := _wrong(key, value, frozenset(settable)))
    ]
    if len(labels) > _MAX_COUNT:
        problems.append(
            Problem(ProblemCode.VALIDATION, f"at most {_MAX_COUNT} labels", ("labels",))
        )
    if problems:
        raise Refused(problems)


def changed_labels(
    old: Mapping[str, str], asked: Mapping[str, str], mode: LabelMode
) -> Mapping[str, str]:
    """Applies `asked` to `old`. REPLACE keeps Headway's own; REMOVE takes the keys and ignores the values."""
    check_labels(asked)
    if mode is LabelMode.MERGE:
        return {**old, **asked}
    if mode is LabelMode.REMOVE:
        return {key: value for key, value in old.items() if key not in asked}
    return {**{key: value for key, value in old.items() if key.startswith("system.")}, **asked}


def _wrong(key: str, value: str, settable: frozenset[str]) -> str | None:
    if key in settable:
        return None if len(value) <= _MAX_VALUE else _too_long(key)
    if key.startswith("system."):
        return f"label {key!r}: keys that start with `system.` are set by Headway alone"
    if not _KEY.fullmatch(key):
        return f"label {key[:80]!r}: a key is 1 to 63 of a-z 0-9 . _ / -"
    return _too_long(key) if len(value) > _MAX_VALUE else None


def _too_long(key: str) -> str:
    return f"label {key!r}: a value holds at most {_MAX_VALUE} characters"


def own_labels(
    labels: Mapping[str, str], of_flow: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """The labels of an execution besides those of its flow, for another to have besides those of its own revision: what
    was `given` at its start, and what has changed since."""
    return {
        key: value
        for key, value in without_system_labels(labels).items()
        if of_flow.get(key) != value or given.get(key) == value
    }


def without_system_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that people may set themselves."""
    return {
        key: value
        for key, value in labels.items()
        if not key.startswith("system.") or key == CORRELATION
    }
