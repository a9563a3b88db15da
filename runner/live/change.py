"""A change of the row of one execution, as live queries judge it."""

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from models.filters.filter_keys import FilterKey, keys_of
from models.filters.matching import Candidate
from models.labels import TEST

Row = Any
ALWAYS: Final = frozenset({"archived", "tests"})
"""Whether an execution is listed at all depends on these; "tests" is whether it is a test run, which its labels say."""
_NAMES: Final = tuple(each.name for each in fields(Candidate))
_ALL: Final = frozenset(_NAMES) | ALWAYS


@dataclass(frozen=True)
class RowChange:
    """`before` is None too when it is not known; `known` tells the two apart. `after` and `row` are None of what was
    deleted; they were read after the moment `asked`, by the loop's clock, and `before` after the moment `since`."""

    id: UUID
    before: Candidate | None
    after: Candidate | None
    known: bool = True
    row: Row = field(default=None, compare=False)
    asked: float = 0.0
    since: float = 0.0

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Those that differ."""
        before, after = self.before, self.after
        if before is None or after is None:
            return _ALL
        names = {name for name in _NAMES if getattr(before, name) != getattr(after, name)}
        if (TEST in before.labels) != (TEST in after.labels):
            names.add("tests")
        return frozenset(names)

    @cached_property
    def marks(self) -> frozenset[FilterKey]:
        """Those it bore or bears."""
        moments = (self.before, self.after)
        return frozenset(mark for one in moments if one for mark in keys_of(one))
