"""Labels: keys `[a-z0-9._/-]{1,63}`, values up to 255 characters; keys with `system.` are reserved for Headway."""

import re
from collections.abc import Iterable, Mapping

from models.errors import Problem, ProblemCode, Refused
from models.states import LabelMode

_KEY = re.compile(r"(?:[a-z0-9._/-]){1,63}")
_MAX_VALUE = 255
_MAX_COUNT = 100
CORRELATION = "system.correlationId"
TEST = "system.test"
"""The label of test runs: executions of documents that were not saved."""


def check_labels(labels: Mapping[str, str], settable: Iterable[str] = ()) -> None:
    """Raises Refused with every label that people may not set; the system keys in `settable` are allowed."""
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
    old: Mapping[str, str], change: Mapping[str, str], mode: LabelMode
) -> Mapping[str, str]:
    """Applies `change` to `old`. REPLACE keeps the system labels; REMOVE uses the keys and ignores the values."""
    check_labels(change)
    if mode is LabelMode.MERGE:
        return {**old, **change}
    if mode is LabelMode.REMOVE:
        return {key: value for key, value in old.items() if key not in change}
    return {**{key: value for key, value in old.items() if key.startswith("system.")}, **change}


def _wrong(key: str, value: str, settable: frozenset[str]) -> str | None:
    if key in settable:
        return None if len(value) <= _MAX_VALUE else _too_long(key)
    if key.startswith("system."):
        return f"label {key!r}: keys that start with `system.` are set by Headway only"
    if not _KEY.fullmatch(key):
        return f"label {key[:80]!r}: a key is 1 to 63 of a-z 0-9 . _ / -"
    return _too_long(key) if len(value) > _MAX_VALUE else None


def _too_long(key: str) -> str:
    return f"label {key!r}: a value holds at most {_MAX_VALUE} characters"


def own_labels(
    labels: Mapping[str, str], of_flow: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """Returns the labels of an execution that are not its flow's, to copy them to another execution: those `given` at
    its start, and the changes since."""
    return {
        key: value
        for key, value in without_system_labels(labels).items()
        if of_flow.get(key) != value or given.get(key) == value
    }


def without_system_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels that people may set."""
    return {
        key: value
        for key, value in labels.items()
        if not key.startswith("system.") or key == CORRELATION
    }
