"""The windows of live lists that were sent last, so that a client whose connection broke can resume from a cursor."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from models.access.viewer import Scope
from models.filters.filters import Filter
from runner.store.lists.listing import View

Seqs: TypeAlias = Mapping[UUID, int]
"""The seq of each row of a window, in the order of the rows."""
_ROWS_KEPT: Final = 100_000
_AT_ONCE: Final = 8
"""Pages that are read at the same time: though all lists look, whoever else asks the database finds it free."""


@dataclass(frozen=True, slots=True)
class LiveListQuery:
    """Which list; two that are equal show the same."""

    scope: Scope
    where: Filter
    view: View


class ResumeCache:
    """Those told last, so that whoever was cut off reads on from a cursor. One a process; the oldest are forgotten."""

    def __init__(self, rows_kept: int = _ROWS_KEPT) -> None:
        self._epoch = secrets.token_hex(6)
        self._room = rows_kept
        self._kept: OrderedDict[str, tuple[LiveListQuery, Seqs]] = OrderedDict()
        self._number = 0
        self.turns = asyncio.Semaphore(_AT_ONCE)

    def keep(self, wanted: LiveListQuery, seqs: Seqs) -> str:
        """The cursor of this window."""
        self._number += 1
        cursor = f"{self._epoch}.{self._number:x}"
        self._kept[cursor] = (wanted, seqs)
        self._room -= 1 + len(seqs)
        while self._room < 0:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._room += 1 + len(oldest)
        return cursor

    def find(self, wanted: LiveListQuery, cursor: str) -> Seqs | None:
        """None when it is of another list or process, or too old."""
        kept, seqs = self._kept.get(cursor, (None, None))
        return seqs if kept == wanted else None
