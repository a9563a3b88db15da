"""Quotas: how much each person and each team may upload and record. A team is the first part of its namespaces, so that
creating more namespaces does not raise a quota."""

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

_RESERVATION: Final = 1024 * 1024
"""Bytes of a daily quota that a process reserves at once, so that small writes need no SQL statement."""
_PARTS: Final = 1000
"""A reservation is at most the quota divided by this."""
_MAX_RESERVATIONS: Final = 10_000
_GIB: Final = 1024**3
_HINTS: Final[Mapping[Quota, str]] = {
    Quota.UPLOADS_OF_PERSON: "uploads that nothing refers to are removed after uploads_kept, others after the last "
    "execution that refers to them: delete executions that are not needed",
    Quota.UPLOADS_OF_NAMESPACE: "uploads that nothing refers to are removed after uploads_kept, others after the last "
    "execution that refers to them: delete executions that are not needed",
    Quota.OPEN_RECORDINGS: "end some with finishExecution, or give them a heartbeatTtl so that silent ones end",
    Quota.RECORDED_BY_PERSON: "record less, or continue after midnight UTC",
    Quota.RECORDED_IN_NAMESPACE: "record less, or continue after midnight UTC",
}
_COUNTED: Final[Mapping[Quota, str]] = {
    Quota.UPLOADS_OF_PERSON: "the uploads of {owner} use {used} of {limit} bytes; {more} more would exceed the limit",
    Quota.UPLOADS_OF_NAMESPACE: "the uploads for {owner} use {used} of {limit} bytes; {more} more would exceed the "
    "limit",
    Quota.OPEN_RECORDINGS: "{owner} has {used} external runs that have not ended; the limit is {limit}",
    Quota.RECORDED_BY_PERSON: "{owner} has recorded {used} of {limit} bytes today; {more} more would exceed the limit",
    Quota.RECORDED_IN_NAMESPACE: "in {owner} {used} of {limit} bytes were recorded today; {more} more would exceed the "
    "limit",
}


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits in bytes; those of recorded data are per day. `open_recordings` is a number of executions. `Quota` has the
    names of the settings."""

    uploads_of_person: int = 10 * _GIB
    uploads_of_namespace: int = 100 * _GIB
    open_recordings: int = 10_000
    recorded_by_person: int = 10 * _GIB
    recorded_in_namespace: int = 50 * _GIB

    def limit(self, quota: Quota) -> int:
        limit: int = getattr(self, quota.name.lower())
        return limit


def exceeded(quota: Quota, owner: str, used: int, more: int, limit: int) -> Refused:
    """Returns the error, which names the quota, its use, and what to do."""
    counted = _COUNTED[quota].format(owner=owner, used=used, limit=limit, more=more)
    return Refused.because(
        ProblemCode.QUOTA_EXCEEDED,
        f"{counted} (the setting {quota.value}); {_HINTS[quota]}",
        quota=quota.value,
        used=used,
        limit=limit,
    )


def team_of(namespace: str) -> str:
    return namespace.partition(".")[0]


def uses_of_upload(uploader: str, scope: Scope, size: int) -> list[Use]:
    """An upload counts for its uploader and for each team in the uploader's scope."""
    teams = sorted({team_of(namespace) for namespace in scope.namespaces or ()})
    return [
        Use(Quota.UPLOADS_OF_PERSON, uploader, size),
        *(Use(Quota.UPLOADS_OF_NAMESPACE, team, size) for team in teams),
    ]


def check(limits: Quotas, uses: Iterable[Use], more: int) -> None:
    """Raises Refused if a use exceeds its limit. `uses` already include the `more` that is requested."""
    for use in uses:
        limit = limits.limit(use.quota)
        if use.amount > limit:
            raise exceeded(use.quota, use.owner, use.amount - more, more, limit)


async def beyond_open_recordings(
    connection: Connection, requests: Sequence[CommandRequest], most: int
) -> dict[CommandRequest, Refused]:
    """Returns the requests that would exceed their recorder's limit of open external runs. Until the transaction ends,
    no other process can begin one for the same recorders."""
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
class _Reserved:
    """The bytes of a day's quota that this process has reserved and not used."""

    day: date
    left: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RecordedBytes:
    """Counts the bytes recorded for external runs. Each process reserves bytes in the table before it uses them: so no
    quota is ever exceeded, however many processes write, and small writes need no query."""

    def __init__(
        self,
        limits: Quotas | None = None,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self._limits = limits or Quotas()
        self._today = today
        self._reserved: OrderedDict[tuple[Quota, str], _Reserved] = OrderedDict()

    @asynccontextmanager
    async def spent(
        self, pool: Pool, actor: str, namespace: str, data: object
    ) -> AsyncIterator[None]:
        """Counts the bytes of `data`, but not if the body raises Refused. Raises Refused if a quota is exceeded."""
        size = 0 if data is None else size_of(data)
        spent: list[_Reserved] = []
        try:
            for quota, owner in (
                (Quota.RECORDED_BY_PERSON, actor),
                (Quota.RECORDED_IN_NAMESPACE, team_of(namespace)),
            ):
                spent.append(await self._spend(pool, quota, owner, size))
            yield
        except Refused:
            for reserved in spent:
                reserved.left += size
            raise

    async def _spend(self, pool: Pool, quota: Quota, owner: str, size: int) -> _Reserved:
        reserved = self._reserved_of(quota, owner)
        async with reserved.lock:
            if size and reserved.left < size:
                reserved.left += await self._reserve(pool, quota, owner, size - reserved.left)
            reserved.left -= size
        return reserved

    async def _reserve(self, pool: Pool, quota: Quota, owner: str, needed: int) -> int:
        limit = self._limits.limit(quota)
        preferred = max(needed, min(_RESERVATION, limit // _PARTS))
        with reaching():
            for amount in (preferred, needed):
                if await quotas.reserve(pool, quota, owner, amount, limit) is not None:
                    return amount
            used = await quotas.used_today(pool, quota, owner)
        raise exceeded(quota, owner, used, needed, limit)

    def _reserved_of(self, quota: Quota, owner: str) -> _Reserved:
        key, today = (quota, owner), self._today()
        reserved = self._reserved.get(key)
        if reserved is None or reserved.day != today:
            reserved = self._reserved[key] = _Reserved(today)
        self._reserved.move_to_end(key)
        if len(self._reserved) > _MAX_RESERVATIONS:
            self._reserved.popitem(last=False)
        return reserved


def size_of(data: Any) -> int:
    """Bytes of `data` as JSON."""
    try:
        return len(orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:
        return len(repr(data).encode("utf-8", "replace"))
