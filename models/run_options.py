"""The options of a run that go unchanged from the request to the execution."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

MAX_PRIORITY = 1000
"""The greatest priority that a request may have, and its negative the least."""

_FIRST = frozenset({"disabled_tasks", "priority", "no_cache", "scheduled_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Each field is a column of `executions` with the same name. `no_cache`: no earlier result is reused."""

    disabled_tasks: tuple[str, ...] = ()
    priority: int = 0
    no_cache: bool = False
    scheduled_at: datetime | None = None

    @classmethod
    def of(cls, source: "RunOptions") -> Self:
        """The options alone of a class that extends them."""
        return cls(**RunOptions.as_dict(source))

    def added(self) -> Iterator[tuple[str, Any]]:
        """Yields names and values of options that are newer than the first digests, unless they are the default."""
        for field in fields(RunOptions):
            value = getattr(self, field.name)
            if field.name not in _FIRST and value != field.default:
                yield field.name, value

    def as_dict(self) -> Mapping[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(RunOptions)}
