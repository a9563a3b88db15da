"""The columns of tables of executions, by name, for the field `columns` and exports."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.ids import typed
from models.orders import LONGEST_KEY
from models.secrets import without_secrets
from models.trigger_kinds import schedule_of
from runner.store.json import load
from runner.store.lists.filter_rows import trigger_of
from runner.store.rows import ExecutionRow
from schema.scalars import time_text
from schema.types.execution.durations import seconds_queued, seconds_taken

Value: TypeAlias = Any
"""A value that JSON can hold."""
MAX_COLUMNS: Final = 200
"""Maximum number of columns in one table."""


@dataclass(frozen=True, slots=True)
class Column:
    """`read` takes the row and the last values of the execution's metrics, by name."""

    name: str
    read: Callable[[ExecutionRow, Mapping[str, float]], Value]
    metrics: tuple[str, ...] | None = ()
    """Names of the metrics that `read` needs; None for all."""


def _time(at: datetime | None) -> str | None:
    return time_text(at) if at else None


def _id(id: UUID | None) -> str | None:
    return typed("exec", id) if id else None


def _within(column: str | None, key: str) -> Value:
    return (load(column) or {}).get(key)


_READ: Final[Mapping[str, Callable[[ExecutionRow], Value]]] = {
    "id": lambda row: _id(row["id"]),
    "name": lambda row: row["name"],
    "namespace": lambda row: row["namespace"],
    "flow": lambda row: row["flow_key"],
    "kind": lambda row: row["kind"],
    "revision": lambda row: row["revision"],
    "state": lambda row: row["state"],
    "progress": lambda row: row["progress"],
    "createdBy": lambda row: row["created_by"],
    "createdAt": lambda row: _time(row["created_at"]),
    "startedAt": lambda row: _time(row["started_at"]),
    "endedAt": lambda row: _time(row["ended_at"]),
    "scheduledAt": lambda row: _time(row["scheduled_at"]),
    "duration": seconds_taken,
    "queuedFor": seconds_queued,
    "priority": lambda row: row["priority"],
    "origin": lambda row: row["origin"],
    "archived": lambda row: row["archived"],
    "commit": lambda row: _within(row["git"], "commit"),
    "branch": lambda row: _within(row["git"], "branch"),
    "repository": lambda row: _within(row["git"], "repository"),
    "git": lambda row: load(row["git"]),
    "failureTask": lambda row: _within(row["failure"], "path"),
    "failureCode": lambda row: _within(row["failure"], "code"),
    "failureMessage": lambda row: _within(row["failure"], "message"),
    "failureExitCode": lambda row: _within(row["failure"], "exit_code"),
    "rerunOf": lambda row: _id(row["rerun_of"]),
    "replayOf": lambda row: _id(row["replay_of"]),
    "originalId": lambda row: _id(row["original_id"]),
    "parent": lambda row: _id(row["parent_id"]),
    "triggerKind": trigger_of,
    "schedule": lambda row: schedule_of(trigger_of(row), load(row["trigger"])),
    "labels": lambda row: load(row["labels"]),
    "properties": lambda row: load(row["properties"]),
    "inputs": lambda row: without_secrets(load(row["inputs"])),
    "outputs": lambda row: load(row["outputs"]),
}
NAMES: Final = (*_READ, "metrics")
_KEYED: Final[Mapping[str, str]] = {
    "label": "labels",
    "property": "properties",
    "input": "inputs",
    "output": "outputs",
}
DEFAULT_COLUMNS: Final = (
    "id", "name", "namespace", "flow", "kind", "revision", "state", "progress", "createdBy", "createdAt", "startedAt",
    "endedAt", "duration", "failureTask", "failureCode", "failureMessage", "failureExitCode", "labels", "properties",
)  # fmt: skip
JSON_COLUMNS: Final = (
    *DEFAULT_COLUMNS,
    "triggerKind",
    "parent",
    "git",
    "inputs",
    "outputs",
    "metrics",
)
"""The default columns of JSON exports, whose values may be nested."""


def columns_of(given: Sequence[str], default: Sequence[str] = DEFAULT_COLUMNS) -> list[Column]:
    """Parses comma-separated names, quoted if they contain a comma; `default` if there are none. Raises Refused."""
    try:
        names = [name.strip() for line in csv.reader(given) for name in line]
    except csv.Error as error:
        sentence = "columns must be comma-separated names on one line, in double quotes if a name contains a comma"
        raise _refused(f"{sentence}; cannot parse them: {error}") from error
    return _checked([name for name in names if name] or list(default))


def _checked(names: Sequence[str]) -> list[Column]:
    if len(names) > MAX_COLUMNS:
        raise _refused(f"a table has at most {MAX_COLUMNS} columns; got {len(names)}")
    if double := next((name for name in names if names.count(name) > 1), None):
        raise _refused(f"the column {double} is listed twice; list it once")
    return [_column(name) for name in names]


def _column(name: str) -> Column:
    if name == "metrics":
        return Column(name, lambda _, measured: dict(sorted(measured.items())), None)
    if name in _READ:
        read = _READ[name]
        return Column(name, lambda row, _: read(row))
    kind, _, key = name.partition(".") if "\0" not in name else ("", "", "")
    if len(key) > LONGEST_KEY:
        raise _refused(f"a key has at most {LONGEST_KEY} characters; {name[:100]!r} has {len(key)}")
    if key and kind == "metric":
        return Column(name, lambda _, measured: measured.get(key), (key,))
    if key and kind in _KEYED:
        whole = _READ[_KEYED[kind]]
        return Column(name, lambda row, _: (whole(row) or {}).get(key))
    known = ", ".join((*NAMES, *(f"{one}.KEY" for one in (*_KEYED, "metric"))))
    raise _refused(f"there is no column {name[:100]!r}; available columns: {known}")


@lru_cache(maxsize=256)
def named_columns(names: tuple[str, ...]) -> Sequence[Column]:
    """Returns one column for each name. Raises Refused."""
    return _checked(names)


def metrics_needed(columns: Sequence[Column]) -> list[str] | None:
    """Returns the names of the metrics that the columns need; None for all."""
    if any(column.metrics is None for column in columns):
        return None
    return [name for column in columns for name in column.metrics or ()]


def _refused(sentence: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, "columns")
