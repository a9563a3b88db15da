"""A change of the row of one execution, as live queries evaluate it."""

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Final
from uuid import UUID

from models.filters.filter_keys import FilterKey, keys_of
from models.filters.matching import Candidate
from models.labels import TEST
from runner.store.rows import ExecutionRow

ALWAYS: Final = frozenset({"archived", "tests"})
"""Attributes on which every list depends; "tests" is whether the execution is a test run, which its labels say."""
_NAMES: Final = tuple(each.name for each in fields(Candidate))
_ALL: Final = frozenset(_NAMES) | ALWAYS


@dataclass(frozen=True)
class RowChange:
    """`before` is None if the execution is new or, with `known` false, if its previous version is unknown. `after` and
    `row` are None if it was deleted. They were read after `read_at`, and `before` after `since`, by the loop's
    clock."""

    id: UUID
    before: Candidate | None
    after: Candidate | None
    known: bool = True
    row: ExecutionRow | None = field(default=None, compare=False)
    read_at: float = 0.0
    since: float = 0.0

    @property
    def row_after(self) -> ExecutionRow:
        """The row of an execution that was not deleted."""
        assert self.row is not None
        return self.row

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The names of the attributes that differ."""
        before, after = self.before, self.after
        if before is None or after is None:
            return _ALL
        names = {name for name in _NAMES if getattr(before, name) != getattr(after, name)}
        if (TEST in before.labels) != (TEST in after.labels):
            names.add("tests")
        return frozenset(names)

    @cached_property
    def keys(self) -> frozenset[FilterKey]:
        """The filter keys before and after the change."""
        moments = (self.before, self.after)
        return frozenset(key for one in moments if one for key in keys_of(one))
