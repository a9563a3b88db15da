"""The run options of an execution between their columns and their value."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, get_type_hints

from models.run_options import RunOptions
from runner.store.json import dump, load
from runner.store.rows import ExecutionRow

Column = tuple[str, str, Callable[[Any], Any]]
"""The name of a column, its type in PostgreSQL, and its value for a snapshot."""


def _same(value: Any) -> Any:
    return value


_OF_TYPES: Final[Mapping[Any, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]] = {
    int: ("int", _same, _same),
    bool: ("bool", _same, _same),
    datetime | None: ("timestamptz", _same, _same),
    tuple[str, ...]: ("jsonb", dump, lambda text: tuple(load(text))),
}
"""By the type of a field: its type in PostgreSQL, how it is written, how it is read."""
_FIELDS: Final = {name: _OF_TYPES[kind] for name, kind in get_type_hints(RunOptions).items()}


def options_of(row: ExecutionRow) -> RunOptions:
    columns: Mapping[str, Any] = row  # by the names of the options
    return RunOptions(**{name: read(columns[name]) for name, (_, _, read) in _FIELDS.items()})


def _column(name: str) -> Column:
    kind, write, _ = _FIELDS[name]
    return name, kind, lambda execution: write(getattr(execution.options, name))


_CHANGES: Final = "priority"
"""The option that changes during the life of an execution: it is raised for one that is forced to run."""
CHANGING_OPTION: Final = _column(_CHANGES)
FIXED_OPTIONS: Final = tuple(_column(name) for name in _FIELDS if name != _CHANGES)
