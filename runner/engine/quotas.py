"""How much one person, and all of one team, may keep and record. A team is the first part of its namespaces, so that
nobody gets more room from namespaces of their own making."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import orjson

from models.access.viewer import Scope
from models.errors import ProblemCode, Refused
from models.lifecycle.commands.external import RecordExecution
from runner.engine.request import CommandRequest
from runner.service.outage import reaching
from runner.store import quotas
from runner.store.postgres.connection import Connection, Pool
from runner.store.quotas import Quota, Use

_LUMP: Final = 1024 * 1024
"""Bytes that a process takes at once from a quota by the day, so that small writes cost no statement."""
_PARTS: Final = 1000
"""Of a quota, of which one is taken at once where that is less."""
_MOST_PURSES: Final = 10_000
_GIB: Final = 1024**3
_MEND: Final[Mapping[Quota, str]] = {
    Quota.UPLOADS_OF_PERSON: "uploads that nothing refers to are removed after uploads_kept, others after the last "
    "execution that refers to them: delete executions that are not needed",
    Quota.UPLOADS_OF_NAMESPACE: "uploads that nothing refers to are removed after uploads_kept, others after the last "
    "execution that refers to them: delete executions that are not needed",
    Quota.OPEN_RECORDINGS: "end some with finishExecution, or give them a heartbeatTtl so that silent ones end",
    Quota.RECORDED_BY_PERSON: "record less, or go on after midnight UTC",
    Quota.RECORDED_IN_NAMESPACE: "record less, or go on after midnight UTC",
}
_COUNTED: Final[Mapping[Quota, str]] = {
    Quota.UPLOADS_OF_PERSON: "the uploads of {owner} hold {used} of {limit} bytes, and {more} more do not fit",
    Quota.UPLOADS_OF_NAMESPACE: "the uploads for {owner} hold {used} of {limit} bytes, and {more} more do not fit",
    Quota.OPEN_RECORDINGS: "{owner} has {used} recordings that have not ended, of {limit} at once",
    Quota.RECORDED_BY_PERSON: "{owner} has recorded {used} of {limit} bytes today, and {more} more do not fit",
    Quota.RECORDED_IN_NAMESPACE: "in {owner} {used} of {limit} bytes are recorded today, and {more} more do not fit",
}


@dataclass(frozen=True, slots=True)
class Quotas:
    """Bytes, but for `open_recordings`; of what is recorded in a day. `Quota` has the names of their settings."""

    uploads_of_person: int = 10 * _GIB
    uploads_of_namespace: int = 100 * _GIB
    open_recordings: int = 10_000
    recorded_by_person: int = 10 * _GIB
    recorded_in_namespace: int = 50 * _GIB

    def limit(self, quota: Quota) -> int:
        limit: int = getattr(self, quota.name.lower())
        return limit


def exceeded(quota: Quota, owner: str, used: int, more: int, limit: int) -> Refused:
    """Names the quota, what is used of it, and what to do."""
    counted = _COUNTED[quota].format(owner=owner, used=used, limit=limit, more=more)
    return Refused.because(
        ProblemCode.QUOTA_EXCEEDED,
        f"{counted} (the setting {quota.value}); {_MEND[quota]}",
        quota=quota.value,
        used=used,
        limit=limit,
    )


def team_of(namespace: str) -> str:
    return namespace.partition(".")[0]


def uses_of_upload(uploader: str, scope: Scope, size: int) -> list[Use]:
    """It counts for who uploads it, and for each team that its uploader's scope names."""
    teams = sorted({team_of(namespace) for namespace in scope.namespaces or ()})
    return [
        Use(Quota.UPLOADS_OF_PERSON, uploader, size),
        *(Use(Quota.UPLOADS_OF_NAMESPACE, team, size) for team in teams),
    ]


def check(limits: Quotas, then: Iterable[Use], more: int) -> None:
    """Raises Refused where so many more, which `then` holds already, were too many."""
    for use in then:
        limit = limits.limit(use.quota)
        if use.amount > limit:
            raise exceeded(use.quota, use.owner, use.amount - more, more, limit)


async def beyond_open_recordings(
    connection: Connection, requests: Sequence[CommandRequest], most: int
) -> dict[CommandRequest, Refused]:
    """Those that would be one too many of their recorder. Until the transaction ends no other process begins one of
    the same recorders."""
    begun = [one for one in requests if isinstance(one.command, RecordExecution)]
    if not begun:
        return {}
    owners = {one.origin.actor for one in begun}
    used = await quotas.hold(connection, Quota.OPEN_RECORDINGS, owners)
    refused: dict[CommandRequest, Refused] = {}
    for one in begun:
        owner = one.origin.actor
        if used[owner] >= most:
            refused[one] = exceeded(Quota.OPEN_RECORDINGS, owner, used[owner], 1, most)
        else:
            used[owner] += 1
    return refused


@dataclass(slots=True)
class _Purse:
    """Holds the part of a day's quota that this process has taken and not spent."""

    day: date
    left: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class RecordedBytes:
    """Counts what is told of recordings. It is taken from the table in lumps, before it is spent: so no quota is ever
    exceeded, however many processes write, and a small write is a subtraction here."""

    def __init__(
        self,
        limits: Quotas | None = None,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self._limits = limits or Quotas()
        self._today = today
        self._purses: OrderedDict[tuple[Quota, str], _Purse] = OrderedDict()

    @asynccontextmanager
    async def spent(
        self, pool: Pool, actor: str, namespace: str, told: object
    ) -> AsyncIterator[None]:
        """Counts what is told, and forgets it where that is refused; None is nothing. Raises Refused."""
        size = 0 if told is None else size_of(told)
        spent: list[_Purse] = []
        try:
            for quota, owner in (
                (Quota.RECORDED_BY_PERSON, actor),
                (Quota.RECORDED_IN_NAMESPACE, team_of(namespace)),
            ):
                spent.append(await self._spend(pool, quota, owner, size))
            yield
        except Refused:
            for purse in spent:
                purse.left += size
            raise

    async def _spend(self, pool: Pool, quota: Quota, owner: str, size: int) -> _Purse:
        purse = self._purse(quota, owner)
        async with purse.turn:
            if size and purse.left < size:
                purse.left += await self._taken(pool, quota, owner, size - purse.left)
            purse.left -= size
        return purse

    async def _taken(self, pool: Pool, quota: Quota, owner: str, needed: int) -> int:
        limit = self._limits.limit(quota)
        lump = max(needed, min(_LUMP, limit // _PARTS))
        with reaching():
            for amount in (lump, needed):
                if await quotas.reserve(pool, quota, owner, amount, limit) is not None:
                    return amount
            used = await quotas.used_today(pool, quota, owner)
        raise exceeded(quota, owner, used, needed, limit)

    def _purse(self, quota: Quota, owner: str) -> _Purse:
        key, today = (quota, owner), self._today()
        purse = self._purses.get(key)
        if purse is None or purse.day != today:
            purse = self._purses[key] = _Purse(today)
        self._purses.move_to_end(key)
        if len(self._purses) > _MOST_PURSES:
            self._purses.popitem(last=False)
        return purse


def size_of(told: Any) -> int:
    """Bytes of it as JSON."""
    try:
        return len(orjson.dumps(told, default=str, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:
        return len(repr(told).encode("utf-8", "replace"))
