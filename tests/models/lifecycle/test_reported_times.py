"""Times reported of external runs: which are accepted, which are refused, and which are never presumed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import id_of, new_id
from models.lifecycle import decide
from models.lifecycle.actions import RAN_ELSEWHERE
from models.lifecycle.commands.commands import Cancel, Command, Signal
from models.lifecycle.commands.external import (
    ExpireHeartbeat,
    RecordEnd,
    RecordExecution,
    RecordStart,
    RecordTaskRun,
)
from models.lifecycle.decide import begin
from models.lifecycle.external.moments import (
    CLOCKS_DIFFER,
    LONG_AGO,
    TimesOfRun,
    id_for,
    presumed_time,
)
from models.lifecycle.snapshot import CompiledFlow, Execution
from models.lifecycle.transition import Context
from models.states import EXECUTION_ENDS, TASK_RUN_ENDS, Channel, ExecutionState, TaskRunState

NOW = datetime(2026, 11, 29, 6, tzinfo=UTC)
THEN = datetime(2026, 1, 21, 14, 23, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEW = new_id()
PERSON = CommandOrigin("user:maria", Channel.API)
ENDS = sorted(TASK_RUN_ENDS)


def recording(**about: Any) -> RecordExecution:
    return RecordExecution(plan=CompiledFlow.external("ml", "mnist"), kind="train", **about)


def context(now: datetime = NOW) -> Context:
    return Context(now, new_id, lambda: 0.5, PERSON)


def recorded(*commands: Command, now: datetime = NOW, **about: Any) -> Execution:
    execution = begin(recording(**about), context(now), new_id()).execution
    for command in commands:
        execution = decide(execution, command, context(now)).execution
    return execution


def refusal(execution: Execution, command: Command, now: datetime = NOW) -> tuple[str, str]:
    """Returns the field that the problem names, and its message."""
    with pytest.raises(Refused) as refused:
        decide(execution, command, context(now))
    (problem,) = refused.value.problems
    return str(problem.path[-1]), problem.message


@pytest.mark.parametrize(
    ("about", "created", "started"),
    [
        ({}, NOW, NOW),
        ({"started": False}, NOW, None),
        ({"started_at": THEN}, THEN, THEN),
        ({"created_at": THEN}, THEN, THEN),
        ({"created_at": THEN, "started": False}, THEN, None),
        ({"created_at": THEN, "started_at": THEN + MINUTE}, THEN, THEN + MINUTE),
        ({"created_at": NOW + MINUTE}, NOW, NOW),
        ({"started_at": NOW + CLOCKS_DIFFER}, NOW, NOW),
        ({"created_at": THEN + MINUTE, "started_at": THEN}, THEN, THEN),
    ],
)
def test_an_execution_began_at_its_reported_time(
    about: dict[str, Any], created: datetime, started: datetime | None
) -> None:
    execution = recorded(**about)
    assert (execution.created_at, execution.started_at) == (created, started)
    id = id_for(recording(**about), NOW, lambda: NEW)
    if about.keys() & {"created_at", "started_at"}:
        assert id.int >> 80 == int(created.timestamp() * 1000)
    else:
        assert id is NEW


@pytest.mark.parametrize(
    ("about", "path", "words"),
    [
        ({"created_at": NOW + CLOCKS_DIFFER * 2}, "createdAt", "is in the future"),
        ({"started_at": NOW + CLOCKS_DIFFER * 2}, "startedAt", "is in the future"),
        (
            {"created_at": THEN + MINUTE * 60, "started_at": THEN},
            "createdAt",
            "is before createdAt",
        ),
        ({"created_at": datetime(1969, 7, 20, tzinfo=UTC)}, "createdAt", "the earliest is 1970"),
        ({"started_at": datetime(1, 1, 1, tzinfo=UTC)}, "startedAt", "the earliest is 1970"),
    ],
)
def test_an_impossible_beginning_is_refused(about: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        recorded(**about)
    (problem,) = refused.value.problems
    assert problem.path == (path,)
    assert words in problem.message
    assert id_for(recording(**about), NOW, new_id) <= id_of(
        NOW + MINUTE
    )  # it is made, and checked afterwards


FUTURE = NOW + CLOCKS_DIFFER * 2
WRONG: list[tuple[Command, str]] = [
    (RecordEnd(ExecutionState.SUCCESS, ended_at=FUTURE), "endedAt"),
    (RecordEnd(ExecutionState.SUCCESS, ended_at=THEN - MINUTE * 10), "endedAt"),
    (RecordTaskRun("a", TaskRunState.RUNNING, started_at=FUTURE), "startedAt"),
    (RecordTaskRun("a", TaskRunState.SUCCESS, started_at=THEN, ended_at=FUTURE), "endedAt"),
    (RecordTaskRun("a", TaskRunState.SUCCESS, started_at=NOW, ended_at=THEN), "endedAt"),
]


@pytest.mark.parametrize(("command", "path"), WRONG, ids=lambda one: str(one)[:60])
@pytest.mark.parametrize("started", [True, False])
def test_an_impossible_time_is_refused(command: Command, path: str, started: bool) -> None:
    execution = recorded(created_at=THEN, started=started)
    assert refusal(execution, command)[0] == path


def test_a_start_before_the_creation_is_refused_and_a_clock_that_is_slow_is_not() -> None:
    pending = recorded(started=False)
    early = RecordTaskRun("a", TaskRunState.RUNNING, started_at=NOW - timedelta(days=1))
    path, sentence = refusal(pending, early)
    assert path == "startedAt" and "record it with its createdAt" in sentence
    slow = RecordTaskRun("a", TaskRunState.RUNNING, started_at=NOW - MINUTE)
    execution = decide(pending, slow, context()).execution
    assert execution.started_at == execution.created_at == NOW
    slow_end = RecordEnd(ExecutionState.CANCELLED, ended_at=NOW - MINUTE)
    assert recorded_end(pending, slow_end) == NOW


UNTIMED: list[tuple[Command, str]] = [
    *((RecordEnd(end), "endedAt") for end in sorted(EXECUTION_ENDS - {ExecutionState.CANCELLED})),
    (RecordTaskRun("a", TaskRunState.RUNNING), "startedAt"),
    (RecordTaskRun("a", TaskRunState.RETRYING), "startedAt"),
    *((RecordTaskRun("a", end), "endedAt") for end in ENDS),
    *((RecordTaskRun("a", end, started_at=THEN), "endedAt") for end in ENDS),
]


@pytest.mark.parametrize(("command", "path"), UNTIMED, ids=lambda one: str(one)[:60])
def test_no_time_is_presumed_for_an_execution_recorded_afterwards(
    command: Command, path: str
) -> None:
    gone = recorded(started_at=THEN)
    found, sentence = refusal(gone, command)
    assert found == path
    assert sentence.endswith(
        "started at 2026-01-21T14:23:15Z and was recorded afterwards, at 2026-11-29T06:00:00Z: "
        f"pass {path}, the time when this happened"
    )
    just_now = recorded(started_at=NOW - LONG_AGO)
    assert decide(just_now, command, context()).events


def test_a_live_execution_ends_now() -> None:
    """It sends heartbeats; it began only now; or Headway itself ended it."""
    end = RecordEnd(ExecutionState.SUCCESS)
    for alive in (
        recorded(started_at=THEN, heartbeat_ttl=60.0),
        recorded(RecordStart(), created_at=THEN, started=False),
        recorded(created_at=THEN, started_at=NOW),
    ):
        assert recorded_end(alive, end) == NOW
    silent = recorded(started_at=THEN, heartbeat_ttl=60.0)
    assert recorded_end(silent, ExpireHeartbeat(60.0)) == NOW
    later = NOW + timedelta(days=40)
    assert recorded_end(recorded(), end, later) == later


def recorded_end(execution: Execution, command: Command, now: datetime = NOW) -> datetime | None:
    return decide(execution, command, context(now)).execution.ended_at


def test_reports_after_the_end_are_not_dated_after_it() -> None:
    end = THEN + MINUTE * 5
    over = RecordEnd(ExecutionState.SUCCESS, ended_at=end)
    late = recorded(over, RecordTaskRun("a", TaskRunState.SUCCESS), started_at=THEN)
    task = late.tasks["a"]
    assert (task.started_at, task.ended_at) == (end, end)


def test_reports_without_a_time_keep_their_distance_from_the_beginning() -> None:
    row = TimesOfRun(started_at=THEN, created_at=THEN, recorded_at=NOW, ended_at=None)
    assert presumed_time(row, NOW + MINUTE) == THEN + MINUTE
    assert presumed_time({**row, "ended_at": THEN}, NOW + MINUTE) == THEN
    assert presumed_time({**row, "started_at": None}, NOW) == THEN
    assert presumed_time({**row, "recorded_at": None}, NOW) == NOW


def test_only_an_execution_that_has_not_started_can_be_cancelled() -> None:
    pending = recorded(RecordTaskRun("a", TaskRunState.QUEUED), started=False)
    cancelled = decide(pending, Cancel(), context()).execution
    assert cancelled.state is ExecutionState.CANCELLED
    assert cancelled.ended_at == NOW
    assert cancelled.tasks["a"].state is TaskRunState.CANCELLED
    with pytest.raises(Refused, match="it already ended CANCELLED"):
        decide(cancelled, RecordStart(), context())
    with pytest.raises(Refused, match="can be cancelled here only while CREATED"):
        decide(recorded(), Cancel(), context())


def test_the_source_of_a_cached_execution_is_recorded() -> None:
    source, other = new_id(), new_id()
    for started in (True, False):
        end = RecordEnd(ExecutionState.CACHED, cached_from=source)
        cached = recorded(end, end, RecordEnd(ExecutionState.CACHED), started=started)
        assert (cached.state, cached.cached_from) == (ExecutionState.CACHED, source)
        with pytest.raises(Refused, match="it already ended CACHED"):
            decide(cached, RecordEnd(ExecutionState.CACHED, cached_from=other), context())


def test_ids_of_one_time_differ_and_ids_of_other_times_are_in_order() -> None:
    same = {id_of(THEN) for _ in range(10_000)}
    assert len(same) == 10_000
    moments = [THEN + timedelta(microseconds=n) for n in range(2_000)]
    made = [id_of(moment) for moment in moments]
    assert made == sorted(made)
    assert all((id.version, id.variant) == (7, "specified in RFC 4122") for id in made)
    assert id_of(THEN) < new_id() < id_of(datetime(2999, 1, 1, tzinfo=UTC))


def test_an_external_run_takes_no_events() -> None:
    with pytest.raises(Refused) as refused:
        decide(recorded(), Signal("go"), context())
    (problem,) = refused.value.problems
    assert (problem.code, problem.message) == (ProblemCode.INVALID_STATE, RAN_ELSEWHERE)
