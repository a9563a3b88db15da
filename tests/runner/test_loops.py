"""Every loop continues after any exception in its awaits: an outage, a bug, a group of both."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from broadcaster import Broadcast

from models.access.viewer import Scope
from models.errors import Fault, Unavailable
from models.events.events import CommandOrigin
from models.filters.filters import And
from models.ids import new_id
from models.lifecycle.commands.commands import AdmitNext, Begin
from models.states import Channel
from runner.bulk import bulk_runner
from runner.engine.engine import Engine
from runner.expressions.evaluator import Evaluator
from runner.live import change_reader
from runner.maintenance import deferred_commands, rescuer, scheduler, table_maintenance
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.service.encryption import Cipher
from runner.service.loop import is_outage, log_errors
from runner.service.outage import ROLLED_BACK, Busy, unavailable
from runner.store import bulk, deferred
from runner.store.deferred import DeferredRow
from runner.store.execution import leases, recorded, slots
from runner.store.flows import schedules
from runner.store.lists import filter_rows
from runner.store.plans import Plans
from runner.store.postgres import sessions
from runner.store.postgres.database import Database

ERRORS: dict[str, Callable[[], Exception]] = {
    "outage": lambda: Unavailable("the database cannot be reached now"),
    "reset": lambda: ConnectionResetError("reset by peer"),
    "shutdown": lambda: asyncpg.AdminShutdownError("terminating connection"),
    "read only": lambda: asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE"),
    "fault": lambda: Fault("an invariant broke"),
    "group": lambda: ExceptionGroup("of tasks", [OSError("no route"), Fault("and a fault")]),
    "bug": lambda: KeyError("path"),
}
Give = Callable[..., Awaitable[Any]]


@dataclass
class Hall:
    """The services of the loops; `open` creates a loop by its name."""

    database: Database
    engine: Engine
    feed: Feed
    evaluator: Evaluator

    def open(self, name: str) -> AbstractAsyncContextManager[Any]:
        cipher, pool = Cipher(), self.database.pool
        made: dict[str, Callable[[], AbstractAsyncContextManager[Any]]] = {
            "rescuer": lambda: rescuer.Rescuer(self.database, self.engine),
            "deferred commands": lambda: deferred_commands.DeferredCommandRunner(
                self.database, self.engine, self.feed, self.evaluator, cipher
            ),
            "scheduler": lambda: scheduler.Scheduler(
                self.database, self.engine, self.evaluator, cipher
            ),
            "bulk_runner": lambda: bulk_runner.BulkRunner(
                self.database, self.engine, self.feed, self.evaluator, cipher
            ),
            "table maintenance": lambda: table_maintenance.TableMaintenance(self.database),
            "changes": lambda: change_reader.Changes(pool, self.feed),
        }
        return made[name]()


@pytest.fixture
async def hall(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hall]:
    for module in (deferred_commands, scheduler, bulk_runner):
        monkeypatch.setattr(module, "_LOOK_AGAIN", 0.01)
    monkeypatch.setattr(rescuer, "_PERIOD", 0.01)
    monkeypatch.setattr(table_maintenance, "_TRY_AGAIN", 0.01)
    monkeypatch.setattr(change_reader, "_ROUND", 0.001)
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(Feed(Broadcast(backend=MemoryNotifier())))
        engine = await stack.enter_async_context(Engine(database, feed, Plans()))
        evaluator = await stack.enter_async_context(Evaluator())
        yield Hall(database, engine, feed, evaluator)


def always(answer: Any) -> Give:
    async def give(*_: Any, **__: Any) -> Any:
        return answer

    return give


ID = new_id()
BULK = SimpleNamespace(
    id=ID, instruction=None, origin=CommandOrigin("user:ada", Channel.API), grants=()
)


def claiming(command: Any) -> Any:
    """Makes every claim return one deferred command."""
    return {(deferred, "claim"): once_a_round([DeferredRow(ID, ID, command)])}


def once_a_round(answer: list[Any]) -> Give:
    """Returns the answer every second time: the loop reads until there is no more."""
    turn = iter(range(1_000_000))

    async def give(*_: Any, **__: Any) -> Any:
        return answer if next(turn) % 2 == 0 else []

    return give


# The loop, the awaited function, and the answers of the tables that make the loop call it.
PLACES: dict[str, tuple[str, Any, str, dict[Any, Give]]] = {
    "rescuer looks": ("rescuer", leases, "expired", {}),
    "rescuer looks for the silent": ("rescuer", recorded, "silent", {}),
    "rescuer looks for lines": ("rescuer", slots, "flows_to_admit", {}),
    "rescuer asks who is first": (
        "rescuer",
        slots,
        "first_in_line",
        {(slots, "flows_to_admit"): always([ID])},
    ),
    "rescuer admits": (
        "rescuer",
        "engine",
        "execute",
        {(slots, "flows_to_admit"): always([ID]), (slots, "first_in_line"): always([ID])},
    ),
    "rescuer loses": (
        "rescuer",
        "engine",
        "execute",
        {(leases, "expired"): always([(ID, "a", ID)])},
    ),
    "rescuer ends": ("rescuer", "engine", "execute", {(recorded, "silent"): always([(ID, 1.0)])}),
    "deferred commands: claims": ("deferred commands", deferred, "claim", {}),
    "deferred commands: looks for the next": (
        "deferred commands",
        deferred,
        "seconds_until_next",
        {},
    ),
    "deferred commands: loads": (
        "deferred commands",
        deferred_commands,
        "read_executions",
        claiming(AdmitNext()),
    ),
    "deferred commands: executes": ("deferred commands", "engine", "execute", claiming(Begin())),
    "deferred commands: settles": ("deferred commands", deferred, "settle", claiming(AdmitNext())),
    "scheduler claims": ("scheduler", schedules, "claim", {}),
    "scheduler looks for the next": ("scheduler", schedules, "seconds_until_next", {}),
    "bulk_runner claims": ("bulk_runner", bulk, "claim", {}),
    "bulk_runner holds": ("bulk_runner", bulk, "hold", {(bulk, "claim"): always([BULK])}),
    "bulk_runner reads": (
        "bulk_runner",
        bulk,
        "next_items",
        {(bulk, "claim"): always([BULK]), (bulk, "hold"): always(True)},
    ),
    "bulk_runner ends": (
        "bulk_runner",
        bulk,
        "end",
        {(bulk, "claim"): always([BULK]), (bulk, "hold"): always(False)},
    ),
    "table maintenance": ("table maintenance", table_maintenance, "ensure_partitions", {}),
    "changes": ("changes", filter_rows, "rows_of", {}),
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_loop_continues_after_any_error_in_its_awaits(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    name, owner, attribute, answers = PLACES[place]
    owner = hall.engine if owner == "engine" else owner
    real = getattr(owner, attribute)
    left = list(ERRORS.values())
    went_on = asyncio.Event()

    async def fails_at_first(*arguments: Any, **options: Any) -> Any:
        if left:
            raise left.pop()()
        went_on.set()
        return await real(*arguments, **options)

    for (module, what), give in answers.items():
        monkeypatch.setattr(module, what, give)
    monkeypatch.setattr(bulk_runner, "RequestBuilder", lambda *_: SimpleNamespace(prepared=False))
    monkeypatch.setattr(owner, attribute, fails_at_first)
    async with hall.open(name) as loop, asyncio.timeout(20):
        if name == "changes":
            with loop.live_query(And(()), Scope()):
                while not went_on.is_set():
                    hall.feed.notify({f"e:{ID}"})
                    await asyncio.sleep(0)
        await went_on.wait()


async def test_a_fault_of_one_attempt_that_is_lost_keeps_no_other_and_is_no_outage(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise leases would get a new period for each error, and no attempt would ever be lost."""
    other = new_id()
    lost = asyncio.Event()

    async def execute(id: Any, command: Any, *_: Any) -> None:
        if id == other:
            lost.set()
            return
        raise Fault("cannot be decided")

    async def a_period(*_: Any) -> None:
        raise AssertionError("this was no outage")

    monkeypatch.setattr(hall.engine, "execute", execute)
    monkeypatch.setattr(leases, "expired", always([(ID, "a", ID), (other, "a", ID)]))
    monkeypatch.setattr(leases, "extend_all", a_period)
    async with hall.open("rescuer"), asyncio.timeout(20):
        for _ in range(3):
            lost.clear()
            await lost.wait()


async def test_after_an_outage_every_lease_gets_a_period(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = asyncio.Event()

    async def a_period(*_: Any) -> None:
        given.set()

    async def execute(*_: Any) -> None:
        raise Unavailable("the database cannot be reached now")

    monkeypatch.setattr(hall.engine, "execute", execute)
    monkeypatch.setattr(leases, "expired", always([(ID, "a", ID)]))
    monkeypatch.setattr(leases, "extend_all", a_period)
    async with hall.open("rescuer"), asyncio.timeout(20):
        await given.wait()


@pytest.mark.parametrize("kind", [*ROLLED_BACK, Busy])
@pytest.mark.parametrize("place", ["the engine", "a read"])
async def test_a_query_cancelled_by_the_database_extends_no_leases(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], place: str
) -> None:
    """Otherwise dead workers would keep their leases while one row is locked, or one query cancelled, at each round."""
    looks, three = itertools.count(1), asyncio.Event()

    async def fails(*_: Any) -> None:
        three.set() if next(looks) == 3 else None
        raise unavailable(kind("it took too long")) if place == "the engine" else kind("too long")

    async def a_period(*_: Any) -> None:
        raise AssertionError("this was no outage")

    if place == "the engine":
        monkeypatch.setattr(hall.engine, "execute", fails)
    else:
        monkeypatch.setattr(slots, "flows_to_admit", fails)
    monkeypatch.setattr(leases, "expired", always([(ID, "a", ID)]))
    monkeypatch.setattr(leases, "extend_all", a_period)
    async with hall.open("rescuer") as loop, asyncio.timeout(20):
        await three.wait()
        assert not loop._outage


async def test_a_round_continues_when_leases_cannot_be_extended(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop loses no attempt before the periods are given."""
    admits, ready = asyncio.Event(), asyncio.Event()

    async def a_period(*_: Any) -> None:
        if not ready.is_set():
            raise asyncpg.QueryCanceledError("canceling statement due to user request")

    async def expired(*_: Any) -> list[Any]:
        assert ready.is_set()
        lost.set()
        return []

    async def to_admit(*_: Any) -> list[Any]:
        admits.set()
        return []

    lost = asyncio.Event()
    monkeypatch.setattr(leases, "extend_all", a_period)
    monkeypatch.setattr(leases, "expired", expired)
    monkeypatch.setattr(slots, "flows_to_admit", to_admit)
    loop = rescuer.Rescuer(hall.database, hall.engine)
    loop._outage = True
    async with loop, asyncio.timeout(20):
        await admits.wait()
        assert not lost.is_set()
        ready.set()
        await lost.wait()


async def test_a_command_that_waits_forever_blocks_no_loop(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row may be locked by a frozen session: the loop still looks for it, but executes the command once."""
    monkeypatch.setattr(rescuer, "_WAITS_AT_MOST", 0.01)
    executed: list[Any] = []
    frozen, other, ended = new_id(), new_id(), asyncio.Event()
    expired = [(frozen, "a", frozen)]
    end_frozen, frozen_looks = sessions.end_frozen, itertools.count(1)

    async def execute(id: Any, *_: Any) -> None:
        executed.append(id)
        expired.append((other, "a", other)) if id == frozen else None
        if id == frozen:
            await asyncio.Event().wait()

    async def counted(pool: Any) -> int:
        if frozen in executed and other in executed and next(frozen_looks) == 3:
            ended.set()
        return await end_frozen(pool)

    monkeypatch.setattr(hall.engine, "execute", execute)
    monkeypatch.setattr(leases, "expired", always(expired))
    monkeypatch.setattr(sessions, "end_frozen", counted)
    async with hall.open("rescuer"), asyncio.timeout(20):
        await ended.wait()
    assert executed.count(frozen) == 1


async def test_a_cancellation_is_not_survived() -> None:
    logger = logging.getLogger("headway.test")
    with pytest.raises(asyncio.CancelledError), log_errors(logger, "never"):
        raise asyncio.CancelledError


@pytest.mark.parametrize("error", ERRORS)
def test_an_outage_is_distinguished_from_a_bug(
    error: str, caplog: pytest.LogCaptureFixture
) -> None:
    outage = error in {"outage", "reset", "shutdown", "read only", "group"}
    with log_errors(logging.getLogger("headway.test"), "it goes on") as trouble:
        raise ERRORS[error]()
    assert trouble
    assert trouble.is_outage is outage
    assert is_outage(ERRORS[error]()) is outage
    (record,) = caplog.records
    assert record.levelno == (logging.WARNING if outage else logging.ERROR)
    assert record.getMessage().startswith("it goes on: ")
