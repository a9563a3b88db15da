"""How an execution lives by itself: order, failure, retries, loss, approvals, waits."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import ProblemCode, Refused
from models.events import ENGINE, TaskError
from models.ids import new_id
from models.lifecycle.commands import (
    Cancel,
    CastVote,
    Evaluate,
    Finish,
    Lose,
    Pause,
    Report,
    Resume,
    RetryFailed,
    WakeUp,
)
from models.lifecycle.snapshot import Execution
from models.retry import MAX_LOST
from models.states import (
    AttemptState,
    ExecutionState,
    TaskRunState,
    VoteDecision,
)
from tests.models.lifecycle.stage import MARIA, Stage

S, F = AttemptState.SUCCESS, AttemptState.FAILED

DIAMOND = """
id: diamond
namespace: acme
on_failure: {action}
tasks:
  - {{id: a, type: log, message: a}}
  - {{id: b, type: log, message: b, needs: [a]}}
  - {{id: other, type: log, message: o}}
  - {{id: after, type: log, message: x, needs: [other]}}
"""


def diamond(action: str) -> Stage:
    return Stage(DIAMOND.format(action=action))


def test_tasks_start_when_what_they_need_has_ended_well() -> None:
    stage = diamond("FINISH_RUNNING")
    assert set(stage.jobs) == {"a", "other"}
    stage.run("a", S, outputs={"rows": 3})
    assert set(stage.jobs) == {"other", "b"}
    assert stage.execution.progress == 0.25
    for path in ("b", "other", "after"):
        stage.run(path, S)
    assert stage.state is ExecutionState.SUCCESS
    assert stage.execution.progress == 1.0
    assert stage.task("a").outputs == {"rows": 3}


def test_finish_running_cancels_everything_not_started_unrelated_branches_too() -> None:
    stage = diamond("FINISH_RUNNING")
    stage.start("other")
    stage.run("a", F, error=TaskError("EXIT_CODE", "exit code 3"))
    assert stage.state is ExecutionState.FAILED_FINISHING
    assert stage.states == {"a": "FAILED", "b": "CANCELLED", "other": "RUNNING", "after": "CANCELLED"}
    stage.finish("other", S)
    assert stage.state is ExecutionState.FAILED
    assert stage.execution.failure and stage.execution.failure.message == "exit code 3"


def test_finish_possible_still_runs_unrelated_branches() -> None:
    stage = diamond("FINISH_POSSIBLE")
    stage.run("a", F)
    assert stage.states == {"a": "FAILED", "b": "CANCELLED", "other": "QUEUED", "after": "CREATED"}
    stage.run("other", S)
    stage.run("after", S)
    assert stage.state is ExecutionState.FAILED
    assert stage.states["after"] == "SUCCESS"


def test_cancel_all_kills_what_runs() -> None:
    stage = diamond("CANCEL_ALL")
    stage.start("other")
    stage.run("a", F)
    assert stage.state is ExecutionState.KILLING
    assert stage.states == {"a": "FAILED", "b": "CANCELLED", "other": "KILLING", "after": "CANCELLED"}
    stage.finish("other", AttemptState.KILLED)
    assert stage.state is ExecutionState.KILLED


def test_cancel_all_kills_at_once_even_while_paused() -> None:
    stage = diamond("CANCEL_ALL")
    stage.start("a", "other")
    stage.ask(Pause())
    stage.finish("a", F)
    assert stage.state is ExecutionState.KILLING


def test_both_failure_events_are_recorded_even_when_nothing_was_left_to_finish() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    stage.run("a", F)
    assert stage.moves() == ["RUNNING", "FAILED_FINISHING", "FAILED"]


def test_an_allowed_failure_is_a_warning() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks:\n"
        "  - {id: a, type: log, message: a, allow_failure: true}\n"
        "  - {id: b, type: log, message: b, needs: [a]}\n"
    )
    stage.run("a", F)
    assert stage.states == {"a": "WARNING", "b": "QUEUED"}
    stage.run("b", S)
    assert stage.state is ExecutionState.WARNING


def test_disabled_tasks_are_skipped_and_count_as_success() -> None:
    stage = Stage(DIAMOND.format(action="FINISH_RUNNING"), disabled_tasks=("a",))
    assert stage.states == {"a": "SKIPPED", "b": "QUEUED", "other": "QUEUED", "after": "CREATED"}


def test_a_flow_of_disabled_tasks_succeeds_at_once() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, disabled: true}]\n"
    )
    assert stage.moves() == ["RUNNING", "SUCCESS"]


def test_an_expression_that_cannot_be_evaluated_ends_error_without_a_retry() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, retry: {max_attempts: 3}}]\n"
    )
    stage.run("a", F, erred=True, error=TaskError("EXPRESSION", "inputs has no 'x'"))
    assert stage.states["a"] == "ERROR"
    assert stage.state is ExecutionState.ERROR


RETRIED = """
id: x
namespace: y
tasks:
  - {id: a, type: log, message: a, retry: {max_attempts: 3, backoff: exponential, delay: 5s, max_delay: 8s}}
"""


def test_retries_wait_with_backoff_and_then_the_task_run_fails() -> None:
    stage = Stage(RETRIED)
    stage.run("a", F)
    assert stage.states["a"] == "RETRYING"
    assert stage.jobs["a"].delay == 5.0
    assert stage.task("a").retry_at == stage.events[-1].at + (stage.task("a").retry_at - stage.now)  # type: ignore[operator]
    stage.run("a", F)
    assert stage.jobs["a"].delay == 8.0
    stage.run("a", F)
    assert stage.states["a"] == "FAILED"
    assert stage.task("a").attempt == 3


def test_retry_failed_does_not_use_up_the_automatic_retries() -> None:
    stage = Stage(RETRIED.replace("retry:", "queue: default, retry:") + "  - {id: b, type: log, message: b}\n")
    stage.start("b")
    for _ in range(3):
        stage.run("a", F)
    stage.ask(RetryFailed())
    stage.run("a", F)
    assert stage.states["a"] == "RETRYING"
    assert stage.task("a").attempt == 4


def test_a_timeout_is_a_failure() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    stage.run("a", AttemptState.TIMED_OUT, error=TaskError("TIMED_OUT", "took longer than 1 s"))
    assert stage.state is ExecutionState.FAILED


def test_a_lost_attempt_is_run_again_without_using_up_retries_up_to_a_bound() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    for number in range(1, MAX_LOST):
        lease = stage.start("a")
        stage.ask(Lose("a", lease), ENGINE)
        assert stage.states["a"] == "QUEUED"
        assert stage.jobs["a"].attempt == number + 1
    lease = stage.start("a")
    stage.ask(Lose("a", lease), ENGINE)
    assert stage.states["a"] == "ERROR"
    assert stage.state is ExecutionState.ERROR


def test_on_worker_lost_fail_ends_in_error() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, on_worker_lost: fail}]\n"
    )
    stage.ask(Lose("a", stage.start("a")), ENGINE)
    assert (stage.states["a"], stage.state) == ("ERROR", ExecutionState.ERROR)


def test_the_result_of_a_lost_attempt_is_refused_while_the_next_one_runs() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    old = stage.start("a")
    stage.ask(Lose("a", old), ENGINE)
    stage.start("a")
    transition = stage.ask(Finish("a", old, S, 1), ENGINE)
    assert transition.refused
    assert stage.states["a"] == "RUNNING"
    stage.finish("a", S)
    assert stage.state is ExecutionState.SUCCESS


def test_a_job_that_no_longer_holds_is_dropped() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    job = stage.jobs["a"]
    stage.start("a")
    stage.jobs["a"] = job
    before = stage.execution
    stage.start("a")
    assert stage.execution is before


def test_what_a_task_reports_is_merged() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    lease = stage.start("a")
    stage.ask(Report("a", lease, 0.5, "half", outputs={"n": 1}, properties={"lr": 0.1}, labels={"k": "v"}))
    stage.ask(Report("a", lease, 0.2, outputs={"m": 2}))
    assert stage.task("a").outputs == {"n": 1, "m": 2}
    assert stage.execution.properties == {"lr": 0.1}
    assert stage.execution.labels == {"k": "v"}
    assert stage.task("a").message == "half"
    assert stage.execution.progress == 0.5  # never falling
    assert stage.ask(Report("a", new_id(), 0.9)).refused


WITH_OUTPUTS = """
id: x
namespace: y
tasks: [{id: a, type: log, message: a}]
outputs: {rows: "{{ outputs.a.rows }}"}
"""


def test_outputs_are_evaluated_before_the_end() -> None:
    stage = Stage(WITH_OUTPUTS)
    stage.run("a", S)
    assert stage.state is ExecutionState.RUNNING
    stage.evaluate({"rows": 7})
    assert stage.state is ExecutionState.SUCCESS
    assert stage.execution.outputs == {"rows": 7}


def test_outputs_that_cannot_be_evaluated_end_it_in_error() -> None:
    stage = Stage(WITH_OUTPUTS)
    stage.run("a", S)
    stage.evaluate(error=TaskError("EXPRESSION", "outputs.a has no 'rows'"))
    assert stage.state is ExecutionState.ERROR
    assert stage.execution.failure and stage.execution.failure.path is None


def test_outputs_evaluated_while_paused_are_asked_for_again_at_resume() -> None:
    stage = Stage(WITH_OUTPUTS)
    stage.run("a", S)
    stage.ask(Pause())
    stage.evaluate({"rows": 7})
    assert stage.state is ExecutionState.PAUSED
    stage.ask(Resume())
    stage.evaluate({"rows": 7})
    assert stage.state is ExecutionState.SUCCESS


WAIT = """
id: x
namespace: y
tasks:
  - {id: w, type: wait, duration: 30s}
  - {id: a, type: log, message: a, needs: [w]}
"""


def test_a_wait_is_the_engines_own_and_ends_when_it_is_woken() -> None:
    stage = Stage(WAIT)
    assert stage.states["w"] == "RUNNING"
    assert stage.task("w").lease is None
    stage.evaluate({"seconds": 30.0})
    (promise,) = stage.promises
    assert promise.command == WakeUp("w", 1)
    assert (promise.due - stage.now).total_seconds() == 30
    stage.ask(WakeUp("w", 1), ENGINE)
    assert stage.states == {"w": "SUCCESS", "a": "QUEUED"}


def test_cancel_ends_a_wait_at_once() -> None:
    stage = Stage(WAIT)
    stage.ask(Cancel())
    assert (stage.state, stage.states["w"]) == (ExecutionState.KILLED, "KILLED")
    stage.ask(WakeUp("w", 1), ENGINE)
    assert stage.states["w"] == "KILLED"


ASK = """
id: x
namespace: y
tasks:
  - {id: ok, type: approval, message: "go on?", comment: on_reject}
  - {id: a, type: log, message: a, needs: [ok]}
"""


def asked(source: str = ASK) -> Stage:
    stage = Stage(source)
    stage.evaluate({"message": "go on?"})
    return stage


def vote(stage: Stage, decision: VoteDecision, comment: str | None = None, by: str = "maria") -> Any:
    approval = stage.task("ok").approval
    assert approval
    command = CastVote(approval.id, decision, frozenset({"operator"}), comment)
    return stage.ask(command, replace(MARIA, actor=f"user:{by}"))


def test_an_execution_that_only_a_person_can_move_waits_for_approval() -> None:
    stage = asked()
    assert stage.state is ExecutionState.WAITING_FOR_APPROVAL
    assert stage.states == {"ok": "WAITING_FOR_APPROVAL", "a": "CREATED"}


def test_an_approval_goes_on_in_the_same_transaction() -> None:
    stage = asked()
    vote(stage, VoteDecision.APPROVE, "fine")
    assert stage.state is ExecutionState.RUNNING
    assert stage.states == {"ok": "SUCCESS", "a": "QUEUED"}
    assert stage.task("ok").outputs["comment"] == "fine"
    assert stage.task("ok").outputs["approvers"] == ["user:maria"]


def test_one_rejection_rejects_the_execution() -> None:
    stage = asked()
    vote(stage, VoteDecision.REJECT, "no")
    assert stage.moves()[-2:] == ["FAILED_FINISHING", "REJECTED"]
    assert stage.states == {"ok": "REJECTED", "a": "CANCELLED"}


def test_a_rejection_without_the_comment_that_the_rule_wants_stores_nothing() -> None:
    stage = asked()
    before = stage.execution
    with pytest.raises(Refused) as refused:
        vote(stage, VoteDecision.REJECT, "  ")
    assert refused.value.problems[0].code is ProblemCode.VALIDATION
    assert stage.execution is before


def test_a_second_decision_is_refused_as_already_decided() -> None:
    stage = asked()
    vote(stage, VoteDecision.APPROVE)
    with pytest.raises(Refused) as refused:
        vote(stage, VoteDecision.REJECT, "no", by="otto")
    assert refused.value.problems[0].code is ProblemCode.ALREADY_DECIDED
    assert vote(stage, VoteDecision.APPROVE).events == ()  # the same again is a success


def test_votes_while_paused_are_recorded_and_their_effect_waits() -> None:
    stage = asked()
    stage.ask(Pause())
    vote(stage, VoteDecision.APPROVE)
    assert stage.states["ok"] == "WAITING_FOR_APPROVAL"
    with pytest.raises(Refused) as refused:
        vote(stage, VoteDecision.APPROVE, by="otto")
    assert refused.value.problems[0].code is ProblemCode.ALREADY_DECIDED
    stage.ask(Resume())
    assert stage.states == {"ok": "SUCCESS", "a": "QUEUED"}


def test_only_the_named_may_decide() -> None:
    stage = asked(ASK.replace("comment: on_reject", "roles: [release-managers], users: [otto]"))
    with pytest.raises(Refused) as refused:
        vote(stage, VoteDecision.APPROVE)
    assert refused.value.problems[0].code is ProblemCode.FORBIDDEN
    vote(stage, VoteDecision.APPROVE, by="otto")
    assert stage.states["ok"] == "SUCCESS"


def test_cancel_closes_the_request() -> None:
    stage = asked()
    stage.ask(Cancel())
    approval = stage.task("ok").approval
    assert approval and approval.state.value == "CANCELLED"
    assert stage.state is ExecutionState.KILLED


# -- whatever happens -------------------------------------------------------------------------------------------------

MIXED = """
id: mixed
namespace: acme
on_failure: {action}
tasks:
  - {{id: a, type: log, message: a, retry: {{max_attempts: 2, delay: 1s}}}}
  - {{id: b, type: log, message: b, needs: [a], allow_failure: true}}
  - {{id: ok, type: approval, message: go}}
  - {{id: w, type: wait, duration: 1s, needs: [ok]}}
  - {{id: c, type: log, message: c, needs: [b, w]}}
outputs: {{x: 1}}
"""
MOVE = st.sampled_from(
    ["start", "ok", "fail", "kill", "lose", "evaluate", "wake", "vote", "pause", "resume", "cancel", "retry", "late"]
)


def step(stage: Stage, move: str, pick: int) -> None:
    running = [task for task in stage.execution.tasks.values() if task.lease]
    paths = list(stage.jobs)
    if move == "start" and paths:
        stage.start(paths[pick % len(paths)])
    elif move in ("ok", "fail", "kill", "lose", "late") and running:
        _end(stage, move, running[pick % len(running)])
    elif move == "evaluate":
        stage.evaluate({"seconds": 1.0, "message": "m", "x": 1})
    elif move == "wake":
        stage.ask(WakeUp("w", max(1, stage.task("w").attempt)), ENGINE)
    elif move == "vote" and stage.task("ok").approval:
        vote(stage, VoteDecision.APPROVE if pick % 3 else VoteDecision.REJECT, "c", by=f"u{pick}")
    elif move in ("pause", "resume", "cancel", "retry"):
        action = {"pause": Pause(), "resume": Resume(), "cancel": Cancel(), "retry": RetryFailed()}
        stage.ask(action[move])


def _end(stage: Stage, move: str, task: Any) -> None:
    if move == "lose":
        stage.ask(Lose(task.path, task.lease), ENGINE)
    elif move == "late":
        stage.ask(Finish(task.path, new_id(), S, task.attempt), ENGINE)
    else:
        stage.finish(task.path, {"ok": S, "fail": F, "kill": AttemptState.KILLED}[move])


def without_leases(execution: Execution) -> Execution:
    tasks = {
        path: replace(task, newest=replace(task.newest, lease=None)) if task.newest else task
        for path, task in execution.tasks.items()
    }
    return replace(execution, tasks=tasks)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["FINISH_RUNNING", "FINISH_POSSIBLE", "CANCEL_ALL"]),
    st.lists(st.tuples(MOVE, st.integers(0, 10)), max_size=40),
)
def test_whatever_happens_the_events_fold_to_the_snapshot_and_nothing_is_stuck(
    action: str, moves: list[tuple[str, int]]
) -> None:
    stage = Stage(MIXED.format(action=action))
    for move, pick in moves:
        try:
            step(stage, move, pick)
        except Refused:
            continue
        execution = stage.execution
        assert [event.seq for event in stage.events] == list(range(1, execution.seq + 1))
        assert without_leases(stage.folded()) == without_leases(execution)
        assert_can_go_on(stage)


def assert_can_go_on(stage: Stage) -> None:
    execution = stage.execution
    if execution.ended:
        assert all(task.ended for task in execution.tasks.values())
        assert execution.progress == 1.0
        assert not stage.jobs
        return
    assert execution.progress < 1.0
    alive = (
        stage.jobs
        or any(task.lease for task in execution.tasks.values())
        or any(task.state is TaskRunState.WAITING_FOR_APPROVAL for task in execution.tasks.values())
        or any(task.wake_at for task in execution.tasks.values())
        or any(isinstance(promise.command, Evaluate) for promise in stage.promises)
    )
    assert alive or execution.state is ExecutionState.PAUSED, stage.moves()
