"""Executions that Headway cannot continue end in ERROR, with the reason."""

from typing import Any
from uuid import UUID

import pytest

from models.errors import ProblemCode, Refused
from models.events.events import ENGINE, AttemptEnded, Parent
from models.ids import new_id
from models.lifecycle.actions import Action, availability
from models.lifecycle.commands.commands import (
    Admit,
    ApprovalDue,
    Begin,
    Cancel,
    CancelForNewer,
    CastVote,
    Command,
    Conclude,
    FinallyDeadline,
    GiveUp,
    KillDeadline,
    Lose,
    Pause,
    Prepare,
    Report,
    Restart,
    SetCondition,
    SetLabels,
    Signal,
    Start,
    TimeOut,
    TimeOutExecution,
    WakeUp,
)
from models.lifecycle.commands.subflows import Adopt, ChildEnded, StopChild
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import CompiledFlow
from models.lifecycle.status import Failure
from models.lifecycle.waiting import Waiting, WaitingCode, waiting_for, waiting_of_task
from models.states import AttemptState, ExecutionState, VoteDecision
from tests.models.lifecycle.stage import Stage

FLOW = """
id: f
namespace: n
tasks:
  - {id: works, type: shell, run: sleep 100}
  - {id: waits, type: wait, event: go}
  - {id: asks, type: approval, message: m}
  - {id: calls, type: subflow, flow: g}
  - {id: queued, type: shell, run: sleep 100}
  - {id: after, type: log, message: m, needs: [works]}
"""
WHY = "revision 1 of n/f cannot be read by this version of Headway: no such type"


def unread(stage: Stage) -> Stage:
    """Makes its document unreadable from now on."""
    plan = stage.execution.plan
    assert plan.flow_id and plan.revision_id
    name_alone = CompiledFlow.unread(plan.flow_id, plan.revision_id, 1, "n", "f", WHY)
    stage.execution = copy_with(stage.execution, plan=name_alone)
    return stage


def busy() -> tuple[Stage, UUID, UUID]:
    """Returns an execution with a leased attempt and a child."""
    stage = Stage(FLOW)
    stage.evaluate({"message": "m", "inputs": {}})
    lease, child = stage.start("works"), new_id()
    stage.submit(Adopt("calls", 1, child), ENGINE)
    return stage, lease, child


def folds(stage: Stage) -> bool:
    """Checks that the events fold to the execution, except for the leases of its attempts."""
    folded, known = stage.folded(), stage.execution
    tasks = {
        path: copy_with(
            task, position=folded.tasks[path].position, newest=folded.tasks[path].newest
        )
        for path, task in known.tasks.items()
    }
    ends = {path: task.newest and task.newest.state for path, task in known.tasks.items()}
    assert {path: task.newest and task.newest.state for path, task in folded.tasks.items()} == ends
    return folded == copy_with(known, tasks=tasks)


def test_an_abandoned_execution_ends_in_error_with_nothing_left_open() -> None:
    stage, _, child = busy()
    before = len(stage.deferred)
    stage.submit(GiveUp("DEFERRED_COMMAND_FAILED", "it could not be kept"), ENGINE)
    assert stage.state is ExecutionState.ERROR
    assert stage.execution.failure == Failure(
        None, None, "DEFERRED_COMMAND_FAILED", "it could not be kept"
    )
    assert stage.states == {
        "works": "KILLED",
        "waits": "KILLED",
        "asks": "KILLED",
        "calls": "KILLED",
        "queued": "CANCELLED",
        "after": "CANCELLED",
    }
    ends = {e.fact.path: e.fact.state for e in stage.events if isinstance(e.fact, AttemptEnded)}
    assert ends == {
        "works": AttemptState.LOST,
        "waits": AttemptState.KILLED,
        "asks": AttemptState.KILLED,
        "calls": AttemptState.KILLED,
    }
    assert stage.jobs == {}
    stops = StopChild(Parent(stage.execution.id, "calls", 1))
    assert [(each.to, each.command) for each in stage.deferred[before:]] == [(child, stops)]
    assert folds(stage)


def test_an_ended_execution_is_not_abandoned() -> None:
    stage = Stage("id: f\nnamespace: n\ntasks: [{id: a, type: log, message: a}]")
    stage.run("a", AttemptState.SUCCESS)
    assert stage.submit(GiveUp("DEFERRED_COMMAND_FAILED", "too late"), ENGINE).events == ()
    assert stage.state is ExecutionState.SUCCESS


@pytest.mark.parametrize("state", ["PAUSED", "KILLING", "QUEUED", "WAITING_FOR_APPROVAL"])
def test_an_execution_is_abandoned_in_every_state(state: str) -> None:
    stage, _, _ = busy()
    stage.execution = copy_with(stage.execution, state=ExecutionState(state))
    stage.submit(GiveUp("DEFERRED_COMMAND_FAILED", "it could not be kept"), ENGINE)
    assert stage.moves()[-1] == "ERROR"


COMMANDS = [
    Cancel(),
    Start("queued", 1, new_id(), "worker:w", new_id()),
    Report("works", new_id(), progress=0.5),
    Lose("works", new_id()),
    Prepare("waits", 1, {}),
    SetCondition("after", 0, True),
    ChildEnded("calls", 1, new_id(), "g-1", ExecutionState.SUCCESS, {}),
    Begin(),
    Admit(),
    CancelForNewer(),
    Conclude({}),
    WakeUp("waits", 1),
    TimeOut("waits", 1),
    TimeOutExecution(),
    ApprovalDue("asks", new_id(), "TIMEOUT"),
    KillDeadline(()),
    FinallyDeadline(0),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: type(each).__name__)
def test_commands_that_need_an_unreadable_document_end_the_execution(command: Command) -> None:
    stage, _, _ = busy()
    unread(stage).submit(command, ENGINE)
    assert stage.state is ExecutionState.ERROR
    assert stage.execution.failure
    assert stage.execution.failure.code == "REVISION"
    assert stage.execution.failure.message.startswith(WHY)
    assert not any(task.lease for task in stage.execution.tasks.values())
    assert folds(stage)


def test_the_end_of_an_attempt_is_too_late_for_an_abandoned_execution() -> None:
    stage, lease, _ = busy()
    unread(stage)
    assert stage.finish("works", AttemptState.SUCCESS).refused
    assert stage.state is ExecutionState.ERROR
    assert lease


def test_a_child_that_can_no_longer_be_adopted_is_not_created() -> None:
    stage, _, _ = busy()
    before = unread(stage).execution
    with pytest.raises(Refused):
        stage.submit(Adopt("calls", 1, new_id()), ENGINE)
    assert stage.execution is before


VOTE = CastVote(new_id(), VoteDecision.APPROVE, frozenset())


@pytest.mark.parametrize(
    "command", [Pause(), Signal("go"), VOTE, Restart()], ids=lambda each: type(each).__name__
)
def test_actions_on_an_unreadable_execution_are_refused_with_the_reason(command: Any) -> None:
    stage, _, _ = busy()
    before = unread(stage).execution
    with pytest.raises(Refused) as refused:
        stage.submit(command)
    (problem,) = refused.value.problems
    assert (problem.code, problem.message) == (ProblemCode.INVALID_STATE, WHY)
    assert stage.execution is before


def test_an_unreadable_execution_can_be_labelled_and_cancelled_and_shows_the_reason() -> None:
    stage, _, _ = busy()
    unread(stage).submit(SetLabels({"seen": "yes"}))
    assert stage.state is not ExecutionState.ERROR
    assert availability(stage.execution, Action.CANCEL).allowed
    assert not availability(stage.execution, Action.RESUME).allowed
    folded = (
        f"{WHY}; fix the cause before the next step is due, or the execution will end in ERROR; "
        "or cancel it"
    )
    assert waiting_for(stage.execution, set()) == [Waiting(WaitingCode.REVISION, folded)]
    task = stage.execution.tasks["queued"]
    assert waiting_of_task(stage.execution, task, set()) == [
        Waiting(WaitingCode.REVISION, folded, "queued")
    ]


def test_an_execution_can_be_restarted_once_its_document_is_readable_again() -> None:
    stage, _, _ = busy()
    plan = stage.execution.plan
    unread(stage).submit(WakeUp("waits", 1), ENGINE)
    stage.execution = copy_with(stage.execution, plan=plan)
    stage.submit(Restart())
    assert stage.state is ExecutionState.RUNNING
    assert stage.states["works"] == "QUEUED"
    assert stage.states["after"] == "CREATED"
