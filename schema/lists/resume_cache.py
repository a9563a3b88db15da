"""Caches the rows last sent to live lists, so that a client whose connection broke can resume from a cursor."""

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
_MAX_ROWS: Final = 100_000
_MAX_CONCURRENT_REFRESHES: Final = 8
"""Maximum number of lists that refresh at once, to spare the database for other queries."""


@dataclass(frozen=True, slots=True)
class LiveListQuery:
    """The query of a live list; equal queries show the same rows."""

    scope: Scope
    where: Filter
    view: View


class ResumeCache:
    """Cache of cursor -> query and seqs of its rows, one for each process; the oldest entries are evicted."""

    def __init__(self, rows_kept: int = _MAX_ROWS) -> None:
        self._epoch = secrets.token_hex(6)
        self._room = rows_kept
        self._entries: OrderedDict[str, tuple[LiveListQuery, Seqs]] = OrderedDict()
        self._number = 0
        self.turns = asyncio.Semaphore(_MAX_CONCURRENT_REFRESHES)

    def keep(self, wanted: LiveListQuery, seqs: Seqs) -> str:
        """Stores the rows and returns their cursor."""
        self._number += 1
        cursor = f"{self._epoch}.{self._number:x}"
        self._entries[cursor] = (wanted, seqs)
        self._room -= 1 + len(seqs)
        while self._room < 0:
            _, (_, oldest) = self._entries.popitem(last=False)
            self._room += 1 + len(oldest)
        return cursor

    def find(self, wanted: LiveListQuery, cursor: str) -> Seqs | None:
        """Returns the seqs of the rows; None if the cursor is of another query or process, or evicted."""
        kept, seqs = self._entries.get(cursor, (None, None))
        return seqs if kept == wanted else None
