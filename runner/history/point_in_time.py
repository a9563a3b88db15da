"""An execution at a point in time: its events are replayed up to one of them and converted to the rows of that time.

In rows of a past moment, keys are `HistoricalKey`s: reading by such a key returns rows of the same moment.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Any, TypeVar, cast
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.events.events import Event
from models.lifecycle.apply.attempt_values import given_by_attempts
from models.lifecycle.snapshot import Execution
from models.states import AttemptState
from runner.history.past_rows import (
    approvals_of,
    attempts_of,
    items_of,
    moves_of,
    notes_of,
    placed_facts,
    source_of,
    task_moves_of,
    task_runs_of,
    votes_of,
)
from runner.history.replay_cache import ReplayCache
from runner.store.execution.nodes import TaskRunWithResults, UseRow
from runner.store.execution.removal import Held, held_outputs
from runner.store.execution.snapshots import NEW_EXECUTION_COLUMNS
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import AttemptRow, ExecutionRow, VoteRow

AnyRow = TypeVar("AnyRow", bound=Mapping[str, Any])
Made = TypeVar("Made")


class HistoricalKey(UUID):
    """Equal to the key of the current row; `past` is the moment."""

    past: "HistoricalView"

    def __init__(self, key: UUID, past: "HistoricalView") -> None:
        super().__init__(int=key.int)
        object.__setattr__(self, "past", past)


@dataclass(frozen=True, slots=True, eq=False)
class HistoricalView:
    """`rows` has, by kind, a function from a loader's key to the rows of that kind, which are computed at the first
    call. `seen` is for kinds without events: it selects those of the current rows that existed then."""

    execution: Execution
    at: datetime
    rows: Mapping[str, Callable[[UUID], Any]]
    seen: Mapping[str, Callable[[Sequence[UseRow]], list[UseRow]]]

    @property
    def seq(self) -> int:
        return self.execution.seq


def past_of(key: UUID) -> HistoricalView | None:
    """The moment that a key belongs to; None is now."""
    return key.past if isinstance(key, HistoricalKey) else None


def moment_of(key: UUID) -> datetime | None:
    past = past_of(key)
    return past.at if past else None


async def read_past(
    pool: Pool, plans: Plans, row: ExecutionRow, seq: int, replays: ReplayCache | None = None
) -> HistoricalView:
    """The execution of `row` as of its event `seq`. Raises Refused when it has no such event, or was deleted."""
    if not 1 <= seq <= row["seq"]:
        raise Refused.because(ProblemCode.VALIDATION, _no_such_moment(row["seq"], seq), "at")
    async with pool.acquire() as connection:
        plan = await plans.of_row(connection, row)
        moment = await (replays or ReplayCache()).at(connection, plan, row["id"], seq)
        if moment is None:
            raise Refused.not_found("the execution was deleted just now")
        held = await _held(connection, moment.execution)
    return _past(row, _carrying(moment.execution, held), moment.events, held)


def _no_such_moment(last: int, seq: int) -> str:
    return (
        f"the execution has no event {seq}: its events are numbered 1 to {last}; "
        "choose one of them, or leave `at` out to read the execution as it is now"
    )


async def _held(connection: Connection, execution: Execution) -> Mapping[UUID, Held]:
    """The outputs of other task runs that its own reuse: its events only have their ids."""
    ids = [id for task in execution.tasks.values() if (id := task.outputs_from)]
    return await held_outputs(connection, ids) if ids else {}


def _carrying(execution: Execution, held: Mapping[UUID, Held]) -> Execution:
    if not held:
        return execution
    tasks = {
        path: replace(task, carried=source.outputs) if (source := source_of(task, held)) else task
        for path, task in execution.tasks.items()
    }
    return replace(execution, tasks=tasks)


def _past(
    row: ExecutionRow, execution: Execution, events: Sequence[Event], held: Mapping[UUID, Held]
) -> HistoricalView:
    rows: dict[str, Callable[[UUID], Any]] = {}
    seen: dict[str, Callable[[Sequence[UseRow]], list[UseRow]]] = {}
    past = HistoricalView(execution, events[-1].at, rows, seen)
    whole: dict[str, Any] = {
        **row,
        **{name: value(execution) for name, _, value in NEW_EXECUTION_COLUMNS},
    }
    # The current snapshot: a client that followed from it would miss what was written between then and now.
    whole.pop("moment", None)
    own = past_row(past, whole)
    rows["execution"] = lambda _: own
    rows["snapshot"] = lambda _: execution
    rows["plan"] = lambda _: execution.plan
    rows["items"] = _lazy(lambda: items_of(execution))
    rows["given"] = _lazy(lambda: given_by_attempts(placed_facts(execution, events)))
    tables: Mapping[str, Callable[[], Sequence[Mapping[str, Any]]]] = {
        "task_runs": lambda: task_runs_of(execution, held),
        "attempts_in": lambda: attempts_of(execution, events),
        "approvals": lambda: approvals_of(execution, events),
        "votes": lambda: votes_of(events),
        "moves": lambda: moves_of(events),
        "task_moves": lambda: task_moves_of(execution, events),
        "notes": lambda: notes_of(events),
    }
    for kind, made in tables.items():
        rows[kind] = _lazy(partial(_past_rows, past, made))
    rows["attempts"] = _grouped(rows["attempts_in"], _task_run_of)
    rows["votes"] = _grouped(rows["votes"], _approval_of)
    rows["task_run"] = _one_by_id(rows["task_runs"])
    seen["artifacts"] = lambda now: _artifacts(past, now)
    return past


_BELONGS = ("id", "execution_id", "task_run_id", "approval_id")


def past_row(past: HistoricalView, row: AnyRow) -> AnyRow:
    """The row with keys of that moment."""
    keys = {name: HistoricalKey(row[name], past) for name in _BELONGS if row.get(name) is not None}
    return cast(AnyRow, {**row, **keys})


def _past_rows(past: HistoricalView, made: Callable[[], Sequence[AnyRow]]) -> list[AnyRow]:
    return [past_row(past, row) for row in made()]


def _lazy(make: Callable[[], Made]) -> Callable[[UUID], Made]:
    """A function that returns the same for every key; computed at its first call."""
    made = cache(make)
    return lambda _: made()


def _grouped(
    rows: Callable[[UUID], list[Made]], key_of: Callable[[Made], UUID]
) -> Callable[[UUID], list[Made]]:
    @cache
    def found() -> dict[UUID, list[Made]]:
        groups: dict[UUID, list[Made]] = {}
        for row in rows(_ANY):
            groups.setdefault(key_of(row), []).append(row)
        return groups

    return lambda wanted: found().get(wanted, [])


def _task_run_of(row: AttemptRow) -> UUID:
    return row["task_run_id"]


def _approval_of(row: VoteRow) -> UUID:
    return row["approval_id"]


def _one_by_id(
    rows: Callable[[UUID], list[TaskRunWithResults]],
) -> Callable[[UUID], TaskRunWithResults | None]:
    found = cache(lambda: {row["id"]: row for row in rows(_ANY)})
    return lambda wanted: found().get(wanted)


_ANY = UUID(int=0)


def _artifacts(past: HistoricalView, now: Sequence[UseRow]) -> list[UseRow]:
    """The uses up to then; those by an attempt that was still running are not set aside."""
    attempts: Sequence[AttemptRow] = past.rows["attempts_in"](_ANY)
    running = {
        (one["task_run_id"], one["number"])
        for one in attempts
        if one["state"] == AttemptState.RUNNING.value
    }
    there = (one for one in now if one["created_at"] <= past.at)
    found: list[UseRow] = [
        {
            **one,
            "set_aside": one["set_aside"] and (one["task_run_id"], one["attempt"]) not in running,
        }
        for one in there
    ]
    return [past_row(past, one) for one in found]
