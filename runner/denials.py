"""Writes denials to the audit log: missing permissions and failed sign-ins.

Equal denials become one entry per minute with their count, so that a million refusals do not fill the table.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

from models.access.viewer import Viewer
from models.events.events import CommandOrigin
from models.states import Channel
from runner.service.loop import Loop, log_errors
from runner.store import audit
from runner.store.postgres.connection import Pool

logger = logging.getLogger("headway.access")

_WINDOW: Final = 60.0
_LAST: Final = 2.0
"""Seconds for which a stopping server waits until the last denials are written."""
_MOST: Final = 1_000
"""Different denials in a window; all further ones are counted as one."""
_MOST_OF_ONE: Final = 20
"""Different denials of one actor in a window; further ones are counted as one, so that an actor who tries many things
neither fills the table nor hides the denials of others."""
_OTHERS: Final = "too many to list"


@dataclass(frozen=True, slots=True)
class Denial:
    """`action` is DENIED or SIGN_IN_FAILED; `what` is the missing permission, or why the sign-in failed."""

    actor: str
    channel: Channel
    action: str
    what: str
    namespace: str | None = None

    @classmethod
    def of(cls, viewer: Viewer, what: str, namespace: str | None = None) -> Self:
        """Returns the denial of a permission that an authenticated viewer lacks."""
        return cls(viewer.actor, viewer.channel, "DENIED", what, namespace)


@dataclass(slots=True)
class _Counted:
    since: float
    unwritten: int = 0
    written: bool = False


class Denials(Loop):
    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._pool = pool
        self._counted: dict[Denial, _Counted] = {}
        self._of_actor: Counter[str] = Counter()
        self._has_new = asyncio.Event()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Writes the denials that are not written yet, if the database is fast enough."""
        await super().__aexit__(kind, error, trace)
        with log_errors(logger, "the last denials were not written to the audit log"):
            async with asyncio.timeout(_LAST):
                await self._write(last=True)

    def record(self, denial: Denial) -> None:
        """The first denial of a minute is written soon; further ones are counted. Never blocks."""
        denial = self._as_counted(denial)
        counted = self._counted.get(denial)
        if counted is None:
            counted = self._counted[denial] = _Counted(monotonic())
            self._of_actor[denial.actor] += 1
        counted.unwritten += 1
        if not counted.written:
            self._has_new.set()

    def _as_counted(self, denial: Denial) -> Denial:
        if denial in self._counted:
            return denial
        if self._of_actor[denial.actor] >= _MOST_OF_ONE:
            denial = Denial(denial.actor, Channel.ENGINE, denial.action, _OTHERS)
        if denial not in self._counted and len(self._counted) >= _MOST:
            return Denial("engine", Channel.ENGINE, denial.action, _OTHERS)
        return denial

    async def _run_loop(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_WINDOW / 4):
                    await self._has_new.wait()
            except TimeoutError:
                pass
            self._has_new.clear()
            with log_errors(logger, "denials were not written to the audit log"):
                await self._write()

    async def _write(self, last: bool = False) -> None:
        now = monotonic()
        for denial, counted in list(self._counted.items()):
            is_over = last or now - counted.since >= _WINDOW
            if counted.unwritten and (is_over or not counted.written):
                number, counted.written = counted.unwritten, True
                counted.unwritten = 0
                try:
                    await self._record(denial, number)
                except BaseException:
                    counted.unwritten += number
                    counted.written = False
                    raise
            if is_over:
                del self._counted[denial]
                self._of_actor -= Counter((denial.actor,))

    async def _record(self, denial: Denial, number: int) -> None:
        data: Mapping[str, Any] = {"what": denial.what, "times": number}
        target = audit.Target(None, denial.actor, denial.namespace)
        async with self._pool.acquire() as connection:
            await audit.record(
                connection, CommandOrigin(denial.actor, denial.channel), denial.action, target, data
            )
