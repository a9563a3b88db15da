"""Checks invariants: properties that the database must have at all times. Used by the tests and by `doctor --verify`.

Each invariant is a query or a fold of events, which returns the violations. Most invariants hold after every commit;
some hold only at rest, when no deferred commands are pending.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from uuid import UUID

from models.lifecycle.apply.evolve import fold
from models.lifecycle.snapshot import Execution, TaskRun
from models.spec import ForeachTask
from models.states import TaskRunState
from runner.store import invariants
from runner.store.execution.facts import event_of
from runner.store.execution.snapshots import load_executions
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool
from runner.store.postgres.long_work import kept_open
from runner.store.rows import StoredEventRow


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: str
    execution_id: UUID | None
    message: str


_NAMES = {
    kind: [each.name for each in fields(kind) if each.compare] for kind in (Execution, TaskRun)
}


async def verify(pool: Pool, since: UUID | None = None) -> list[Violation]:
    """Returns all violations. Reads all tables, and requires a database at rest.

    With `since`, events are folded only for executions newer than that one.
    """
    return [*await verify_rows(pool), *await verify_folds(pool, since)]


async def verify_rows(pool: Pool, at_rest: bool = True) -> list[Violation]:
    """Checks the queries only; the folds take longer. Pass `at_rest=False` if the database is in use."""
    return [
        Violation(name, found.execution_id, found.message)
        for name, sql in invariants.queries(at_rest).items()
        for found in await invariants.violations(pool, sql)
    ]


async def verify_folds(pool: Pool, since: UUID | None = None) -> list[Violation]:
    """Checks the folds. The database may be in use: each batch of executions is read from one snapshot."""
    return [found async for found in _folds(pool, since)]


async def _folds(pool: Pool, since: UUID | None) -> AsyncIterator[Violation]:
    """Checks that folding the events of each execution gives its rows, and limits that only the flow document has."""
    plans = Plans()
    ids = await invariants.executions_after(pool, since)
    for start in range(0, len(ids), 500):
        async with (
            pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            part = ids[start : start + 500]
            for execution in (await load_executions(connection, plans, part)).values():
                events = await invariants.events_of(connection, execution.id)
                checking = asyncio.to_thread(_check_fold, execution, events)
                for violation in await kept_open(connection, checking):
                    yield violation


def _check_fold(execution: Execution, events: Sequence[StoredEventRow]) -> list[Violation]:
    id, folded = execution.id, fold(execution.plan, [event_of(row) for row in events])
    found = [
        Violation("a foreach has at most max_parallel iterations", id, message)
        for message in _too_many_iterations(execution)
    ]
    if _comparable(folded) != _comparable(execution):
        difference = _difference(folded, execution)
        found.append(Violation("folding the events gives the stored rows", id, difference))
    return found


def _too_many_iterations(execution: Execution) -> Iterator[str]:
    for task in execution.tasks.values():
        spec = execution.spec_of(task)
        if not isinstance(spec, ForeachTask) or spec.max_parallel is None:
            continue
        active = {
            child.index
            for child in execution.children_of(task)
            if child.state is not TaskRunState.CREATED and not child.ended
        }
        if len(active) > spec.max_parallel:
            yield f"{task.path} has {len(active)} active iterations; max_parallel is {spec.max_parallel}"


def _comparable(execution: Execution) -> Execution:
    """Removes leases, which are not in events."""
    tasks = {
        path: replace(task, newest=replace(task.newest, lease=None)) if task.newest else task
        for path, task in execution.tasks.items()
    }
    return replace(execution, tasks=tasks)


def _difference(folded: Execution, stored: Execution) -> str:
    fields = [
        name
        for name in _NAMES[Execution]
        if name not in ("tasks", "plan") and getattr(folded, name) != getattr(stored, name)
    ]
    tasks = [
        f"{path}.{name}"
        for path, task in _comparable(stored).tasks.items()
        for name in _NAMES[TaskRun]
        if getattr(_comparable(folded).tasks[path], name) != getattr(task, name)
    ]
    return f"differs in {', '.join([*fields, *tasks])}"
