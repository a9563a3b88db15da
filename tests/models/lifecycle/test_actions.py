"""Every action in every state, and the effect of each allowed action."""

from dataclasses import replace

import pytest

from models.errors import ProblemCode, Refused
from models.ids import new_id
from models.lifecycle import decide
from models.lifecycle.actions import ALLOWED_IN, Action, available_actions
from models.lifecycle.commands.commands import (
    Cancel,
    ChangeState,
    ChangeTaskRunState,
    Command,
    ForceRun,
    Pause,
    Restart,
    Resume,
    RetryFailed,
    SetLabels,
)
from models.lifecycle.commands.outcomes import Succeeded
from models.lifecycle.commands.records import AddNote, Archive, Delete, RemoveFiles, Unarchive
from models.lifecycle.transition import Context
from models.states import EXECUTION_ENDS, AttemptState, ExecutionState, LabelMode, TaskRunState
from tests.models.lifecycle.stage import MARIA, START, Stage

TWO = """
id: two
namespace: acme
tasks:
  - {id: a, type: log, message: a}
  - {id: b, type: log, message: b}
  - {id: c, type: log, message: c, needs: [a]}
"""

MADE_ELSEWHERE = {Action.REPLAY, Action.PREPARE_EXECUTION, Action.APPROVE, Action.REJECT}
"""The first two create a new execution; votes have their own tests."""
COMMANDS: dict[Action, Command] = {
    Action.CANCEL: Cancel(),
    Action.PAUSE: Pause(),
    Action.RESUME: Resume(),
    Action.RETRY_FAILED: RetryFailed(),
    Action.RESTART: Restart(),
    Action.FORCE_RUN: ForceRun(),
    Action.CHANGE_STATE: ChangeState(ExecutionState.WARNING),
    Action.CHANGE_TASK_RUN_STATE: ChangeTaskRunState("a", TaskRunState.SUCCESS),
    Action.SET_LABELS: SetLabels({"team": "data"}),
    Action.ADD_NOTE: AddNote(new_id(), "looked at it"),
    Action.ARCHIVE: Archive(),
    Action.UNARCHIVE: Unarchive(),
    Action.DELETE: Delete(),
}


def staged(state: ExecutionState) -> Stage:
    """An execution of that state, with one task run failed and one running."""
    stage = Stage(TWO, on_failure=None)
    stage.start("b")
    stage.run("a", AttemptState.FAILED)
    stage.execution = replace(
        stage.execution, state=state, ended_at=START if state in EXECUTION_ENDS else None
    )
    if state is ExecutionState.KILLING:
        stage = Stage(TWO)
        stage.start("b")
        stage.submit(Cancel())
    if state is ExecutionState.PAUSED:
        stage = Stage(TWO)
        stage.start("a", "b")
        stage.submit(Pause())
        stage.finish("a", AttemptState.FAILED)
    return stage


def test_every_action_has_its_command() -> None:
    assert COMMANDS.keys() | MADE_ELSEWHERE == set(Action)
    assert ALLOWED_IN.keys() == set(Action)


@pytest.mark.parametrize("action", COMMANDS)
@pytest.mark.parametrize("state", ExecutionState)
def test_each_action_is_allowed_in_its_states_and_refused_with_a_sentence_in_all_others(
    state: ExecutionState, action: Action
) -> None:
    stage = staged(state)
    assert stage.state == state
    if action is Action.FORCE_RUN and state is ExecutionState.RUNNING:
        stage = Stage(TWO)  # with task runs that are QUEUED
    if action is Action.UNARCHIVE:
        stage.execution = replace(stage.execution, archived=state in EXECUTION_ENDS)
    before = stage.execution
    context = Context(START, new_id, lambda: 0.0, MARIA)
    found = next(one for one in available_actions(before) if one.action is action)
    assert found.allowed is (state in ALLOWED_IN[action])
    if found.allowed:
        transition = decide(before, COMMANDS[action], context)
        if action is Action.DELETE:
            assert (transition.events, transition.removal) == ((), COMMANDS[action])
            return
        assert transition.events or action is Action.CANCEL or state is ExecutionState.WARNING
        assert all(event.origin == MARIA for event in transition.events)
    else:
        with pytest.raises(Refused) as refused:
            decide(before, COMMANDS[action], context)
        problem = refused.value.problems[0]
        assert problem.code is ProblemCode.INVALID_STATE
        assert problem.message == found.reason
        assert state.value in problem.message or "nothing to retry" in problem.message
        assert problem.details["state"] is state
        assert problem.details["available_actions"] == available_actions(before)
        assert stage.execution is before


@pytest.mark.parametrize("state", ExecutionState)
def test_every_action_is_listed_with_a_reason_when_it_is_not_allowed(state: ExecutionState) -> None:
    found = available_actions(staged(state).execution)
    assert [one.action for one in found] == list(Action)
    for one in found:
        assert one.allowed == (one.code is None) == (one.reason is None)
        assert one.code in (None, ProblemCode.INVALID_STATE)


def test_what_is_archived_cannot_be_archived_and_the_reverse() -> None:
    stage = staged(ExecutionState.FAILED)
    with pytest.raises(Refused, match="only an archived execution"):
        stage.submit(Unarchive())
    stage.submit(Archive())
    assert stage.execution.archived
    with pytest.raises(Refused, match="is not archived"):
        stage.submit(Archive())


def test_a_deletion_defers_the_removal_of_files_only_if_artifacts_are_deleted() -> None:
    for artifacts in (True, False):
        transition = staged(ExecutionState.KILLED).submit(Delete(artifacts=artifacts))
        assert [one.command for one in transition.deferred] == [RemoveFiles()] * artifacts


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001])
def test_an_empty_or_too_long_note_is_refused(text: str) -> None:
    stage = Stage(TWO)
    before = stage.execution
    with pytest.raises(Refused) as refused:
        stage.submit(AddNote(new_id(), text))
    assert refused.value.problems[0].code is ProblemCode.VALIDATION
    assert stage.execution is before


def test_cancel_ends_task_runs_without_a_worker_at_once() -> None:
    stage = Stage(TWO)
    stage.submit(Cancel())
    assert stage.state == "KILLED"
    assert stage.moves() == ["RUNNING", "KILLING", "KILLED"]
    assert stage.states == {"a": "CANCELLED", "b": "CANCELLED", "c": "CANCELLED"}
    assert stage.jobs == {}
    assert stage.deferred == []


def test_the_same_result_sent_twice_changes_nothing_the_second_time() -> None:
    from models.lifecycle.commands.commands import Finish

    stage = Stage(TWO)
    lease = stage.start("b")
    stage.submit(Finish("b", lease, 1, Succeeded()))
    transition = stage.submit(Finish("b", lease, 1, Succeeded()))
    assert transition.events == ()
    assert transition.refused is None


def test_pause_starts_nothing_new_and_resume_queues_what_was_held_back() -> None:
    stage = Stage(TWO)
    stage.start("a")
    stage.submit(Pause())
    assert stage.execution.paused and stage.execution.paused.by == "user:maria"
    stage.finish("a", AttemptState.SUCCESS)
    assert stage.states == {"a": "SUCCESS", "b": "QUEUED", "c": "CREATED"}
    assert stage.start("b") and stage.states["b"] == "QUEUED"  # the job was dropped
    stage.jobs.clear()
    stage.submit(Resume())
    assert stage.state == "RUNNING"
    assert set(stage.jobs) == {"b", "c"}


def test_a_failure_while_paused_takes_effect_at_resume() -> None:
    stage = Stage(TWO)
    stage.start("a", "b")
    stage.submit(Pause())
    stage.finish("a", AttemptState.FAILED)
    assert (stage.state, stage.states["c"]) == (ExecutionState.PAUSED, "CREATED")
    stage.submit(Resume())
    assert (stage.state, stage.states["c"]) == (ExecutionState.FAILED_FINISHING, "CANCELLED")


def test_everything_that_ended_while_paused_ends_the_execution_at_resume() -> None:
    stage = Stage(TWO)
    stage.run("a", AttemptState.SUCCESS)
    stage.start("b", "c")
    stage.submit(Pause())
    stage.finish("b", AttemptState.SUCCESS)
    stage.finish("c", AttemptState.SUCCESS)
    assert stage.state == "PAUSED"
    stage.submit(Resume())
    assert stage.state == "SUCCESS"


def test_cancel_while_paused_kills() -> None:
    stage = Stage(TWO)
    stage.start("a")
    stage.submit(Pause())
    stage.submit(Cancel())
    assert stage.state == "KILLING"
    stage.finish("a", AttemptState.KILLED)
    assert stage.state == "KILLED"
    assert stage.execution.paused is None


def test_retry_failed_gives_failed_ones_a_new_attempt_and_resets_cancelled_ones() -> None:
    stage = Stage(TWO)
    stage.start("b")
    stage.run("a", AttemptState.FAILED)
    assert stage.state == "FAILED_FINISHING"
    stage.submit(RetryFailed())
    assert stage.state == "RUNNING"
    assert stage.states == {"a": "QUEUED", "b": "RUNNING", "c": "CREATED"}
    assert stage.jobs["a"].attempt == 2
    assert stage.execution.failure is None
    stage.finish("b", AttemptState.SUCCESS)
    stage.run("a", AttemptState.SUCCESS)
    stage.run("c", AttemptState.SUCCESS)
    assert stage.state == "SUCCESS"


def test_retry_failed_while_paused_with_a_failure_resumes() -> None:
    stage = staged(ExecutionState.PAUSED)
    stage.submit(RetryFailed())
    assert stage.state == "RUNNING"
    assert stage.states["a"] == "QUEUED"


def test_retry_failed_while_paused_without_a_failure_is_refused() -> None:
    stage = Stage(TWO)
    stage.submit(Pause())
    with pytest.raises(Refused, match="nothing to retry"):
        stage.submit(RetryFailed())


def test_expected_seq_must_be_that_of_the_last_state_change() -> None:
    stage = Stage(TWO)
    with pytest.raises(Refused) as refused:
        stage.submit(Pause(), replace(MARIA, expected_seq=1))
    assert refused.value.problems[0].code is ProblemCode.CONFLICT
    stage.submit(Pause(), replace(MARIA, expected_seq=stage.execution.state_seq))
    assert stage.state == "PAUSED"


def test_labels_are_merged_replaced_and_removed() -> None:
    stage = Stage(TWO, labels={"team": "data", "tier": "gold"})
    stage.submit(SetLabels({"tier": "silver"}))
    assert stage.execution.labels == {"team": "data", "tier": "silver"}
    stage.submit(SetLabels({"team": ""}, LabelMode.REMOVE))
    assert stage.execution.labels == {"tier": "silver"}
    stage.submit(SetLabels({"a": "b"}, LabelMode.REPLACE))
    assert stage.execution.labels == {"a": "b"}
    events = len(stage.events)
    stage.submit(SetLabels({"a": "b"}))
    assert len(stage.events) == events


@pytest.mark.parametrize(
    "labels", [{"system.x": "1"}, {"Team": "x"}, {"": "x"}, {"a" * 64: "x"}, {"a": "x" * 256}]
)
def test_wrong_labels_are_refused(labels: dict[str, str]) -> None:
    stage = Stage(TWO)
    with pytest.raises(Refused) as refused:
        stage.submit(SetLabels(labels))
    assert refused.value.problems[0].code is ProblemCode.VALIDATION
    assert stage.execution.labels == {}


def test_nothing_of_an_ended_execution_stays_open() -> None:
    stage = Stage(TWO)
    stage.run("b", AttemptState.FAILED)
    stage.run("a", AttemptState.SUCCESS)
    assert stage.state == "FAILED"
    assert all(task.ended for task in stage.execution.tasks.values())
    assert stage.task("c").state is TaskRunState.CANCELLED
