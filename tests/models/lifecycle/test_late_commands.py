"""Commands that arrive late or after a change have no effect: timers, wakes, results, decisions."""

import pytest

from models.errors import Refused
from models.events.events import ENGINE
from models.ids import new_id
from models.lifecycle.commands.commands import (
    ApprovalDue,
    Cancel,
    Command,
    Conclude,
    FinallyDeadline,
    KillDeadline,
    Pause,
    Prepare,
    Restart,
    Resume,
    RetryFailed,
    TimeOut,
    TimeOutExecution,
    WakeUp,
)
from models.lifecycle.commands.subflows import Adopt, ChildEnded
from models.states import ApprovalState, AttemptState, ExecutionState, VoteDecision
from tests.models.lifecycle.stage import Stage
from tests.models.lifecycle.test_approvals import vote

F, S = AttemptState.FAILED, AttemptState.SUCCESS
HEAD = "id: x\nnamespace: y\ntasks:\n"


def nothing(stage: Stage, command: Command) -> None:
    assert stage.submit(command, ENGINE).events == ()


def waiting_stage(keys: str = "") -> Stage:
    stage = Stage(f"{HEAD}  - {{id: ok, type: approval, message: m{keys}}}\n")
    stage.evaluate({"message": "m"})
    return stage


def test_a_request_that_was_decided_while_paused_does_not_expire() -> None:
    stage = waiting_stage(", timeout: 1h")
    due = stage.only_deferred(ApprovalDue)
    stage.submit(Pause())
    vote(stage, VoteDecision.APPROVE)
    stage.now = due.due
    nothing(stage, due.command)  # type: ignore[arg-type]
    stage.submit(Resume())
    assert stage.states["ok"] == "SUCCESS"


def test_the_timer_of_a_request_is_nothing_to_the_next_one() -> None:
    stage = waiting_stage(", timeout: 1h, on_timeout: FAIL")
    due = stage.only_deferred(ApprovalDue)
    stage.run_deferred(due)
    assert stage.states["ok"] == "FAILED"
    stage.submit(Restart())
    stage.evaluate({"message": "m"})
    nothing(stage, due.command)  # type: ignore[arg-type]
    assert stage.states["ok"] == "WAITING_FOR_APPROVAL"


def test_an_expired_request_has_no_decider() -> None:
    stage = waiting_stage(", timeout: 1h, on_timeout: APPROVE, required: 2")
    vote(stage, VoteDecision.APPROVE, "fine")
    stage.run_deferred(stage.only_deferred(ApprovalDue))
    outputs = stage.task("ok").outputs
    assert (outputs["decision"], outputs["approvers"]) == ("EXPIRED", [])
    assert (outputs["comment"], outputs["form"]) == (None, {})


def test_requests_cancelled_by_timeout_end_once() -> None:
    """Holds also when two requests time out together."""
    stage = Stage(
        HEAD
        + "".join(
            f"  - {{id: {id}, type: approval, message: m, timeout: 1h, on_timeout: CANCEL}}\n"
            for id in ("ok", "too")
        )
    )
    stage.evaluate({"message": "m"})
    stage.submit(Pause())
    for due in [one for one in stage.deferred_commands if isinstance(one.command, ApprovalDue)]:
        stage.run_deferred(due)
    stage.submit(Resume())
    assert stage.moves()[-2:] == ["KILLING", "KILLED"]


def test_skip_downstream_keeps_always_tasks_and_started_ones() -> None:
    stage = Stage(
        f"{HEAD}  - {{id: ok, type: approval, message: m, on_reject: SKIP_DOWNSTREAM}}\n"
        "  - {id: after, type: log, message: a, needs: [ok]}\n"
        "  - {id: always, type: log, message: a, needs: [after], run_if: always}\n"
        "  - {id: other, type: log, message: a}\n"
    )
    stage.evaluate({"message": "m"})
    vote(stage, VoteDecision.REJECT)
    assert stage.states == {
        "ok": "SKIPPED",
        "after": "SKIPPED",
        "always": "QUEUED",
        "other": "QUEUED",
    }


RETRIED = "  - {id: w, type: %s, timeout: 1h, retry: {max_attempts: 3, delay: 1s}}\n"


def engine_task(kind: str) -> Stage:
    """Returns an engine task in its second attempt; the deferred commands of the first are still there."""
    stage = Stage(HEAD + RETRIED % kind)
    stage.evaluate({"seconds": 7200.0})
    stage.run_deferred(stage.only_deferred(TimeOut))
    assert stage.states["w"] == "RETRYING"
    stage.run_deferred(
        min((p for p in stage.deferred_commands if p.due > stage.now), key=lambda p: p.due)
    )
    assert (stage.states["w"], stage.task("w").attempt) == ("RUNNING", 2)
    return stage


def test_deferred_commands_of_an_earlier_attempt_do_not_affect_the_next_one() -> None:
    stage = engine_task("wait, duration: 2h")
    stage.pass_time(3_000)
    for command in (WakeUp("w", 1), TimeOut("w", 1), Prepare("w", 1, {"seconds": 1.0})):
        stage.pass_time(600)
        nothing(stage, command)
    stage.submit(TimeOut("w", 2), ENGINE)
    assert stage.states["w"] == "RETRYING"


def test_a_child_of_an_earlier_attempt_is_not_adopted_and_its_end_means_nothing() -> None:
    stage = Stage(HEAD + RETRIED % "subflow, flow: z")
    stage.evaluate({"inputs": {}})
    stage.run_deferred(stage.only_deferred(TimeOut))
    stage.run_deferred(next(p for p in stage.deferred_commands if isinstance(p.command, WakeUp)))
    assert (stage.states["w"], stage.task("w").attempt) == ("RUNNING", 2)
    orphan = new_id()
    with pytest.raises(Refused):
        stage.submit(Adopt("w", 1, orphan), ENGINE)
    nothing(stage, ChildEnded("w", 1, orphan, "z-1", ExecutionState.SUCCESS, {}))


def test_engine_tasks_requeued_by_a_person_have_their_retries_again() -> None:
    stage = Stage(
        HEAD
        + "  - {id: w, type: wait, event: e, timeout: 1h, retry: {max_attempts: 2, delay: 1s}}\n"
        + "  - {id: b, type: log, message: b}\n"
    )
    stage.start("b")
    for _ in range(2):
        stage.submit(Prepare("w", stage.task("w").attempt, {}), ENGINE)
        stage.run_deferred(
            [p for p in stage.deferred_commands if isinstance(p.command, TimeOut)][-1]
        )
        if stage.states["w"] == "RETRYING":
            stage.run_deferred(
                [p for p in stage.deferred_commands if isinstance(p.command, WakeUp)][-1]
            )
    assert (stage.states["w"], stage.task("w").attempt) == ("FAILED", 2)
    stage.submit(RetryFailed())
    stage.submit(Prepare("w", 3, {}), ENGINE)
    stage.run_deferred([p for p in stage.deferred_commands if isinstance(p.command, TimeOut)][-1])
    assert stage.states["w"] == "RETRYING"


def test_a_deadline_fences_only_the_attempt_that_it_was_set_for() -> None:
    stage = Stage(f"{HEAD}  - {{id: a, type: shell, run: sleep 9}}\n")
    stage.start("a")
    stage.submit(Cancel())
    nothing(stage, KillDeadline((("a", 2),)))
    assert stage.states["a"] == "KILLING"


@pytest.mark.parametrize("state", ["KILLING", "PAUSED", "SUCCESS"])
def test_the_timeout_of_an_execution_is_nothing_to_one_that_is_killed_paused_or_over(
    state: str,
) -> None:
    stage = Stage("id: x\nnamespace: y\ntimeout: 1h\ntasks: [{id: a, type: shell, run: sleep 9}]\n")
    stage.start("a")
    if state == "KILLING":
        stage.submit(Cancel())
    elif state == "PAUSED":
        stage.submit(Pause())
    else:
        stage.finish("a", S)
    stage.pass_time(3600)
    nothing(stage, TimeOutExecution())
    assert (stage.state, stage.execution.failure) == (state, None)


def test_outputs_that_come_while_something_runs_again_end_nothing() -> None:
    stage = Stage(
        "id: x\nnamespace: y\noutputs: {n: '{{ execution.id }}'}\ntasks: [{id: a, type: shell, run: sleep 9}]\n"
    )
    nothing(stage, Conclude({"n": "early"}))
    assert (stage.state, stage.execution.outputs) == ("RUNNING", {})


@pytest.mark.parametrize("end", [S, F, AttemptState.TIMED_OUT, AttemptState.LOST])
def test_only_a_success_is_stored_under_its_cache_key(end: AttemptState) -> None:
    stage = Stage(
        f"{HEAD}  - {{id: a, type: log, message: a, retry: {{max_attempts: 2, delay: 1s}}}}\n"
    )
    stage.run("a", end, cache_key="k")
    assert stage.task("a").cache_key == ("k" if end is S else None)


def test_a_request_past_its_time_that_escalates_takes_votes_until_its_second_time_is_over() -> None:
    keys = ", users: [maria], timeout: 1h, on_timeout: ESCALATE, escalate: {roles: [admin]}"
    stage = waiting_stage(keys)
    stage.pass_time(3600)  # before its timer runs
    vote(stage, VoteDecision.APPROVE)
    assert stage.states["ok"] == "SUCCESS"
    approval = stage.task("ok").approval
    assert approval and approval.state is ApprovalState.APPROVED


def test_a_request_of_finally_cancelled_by_timeout_kills_nothing_again() -> None:
    stage = Stage(
        f"{HEAD}  - {{id: a, type: log, message: a}}\n"
        "finally: [{id: ok, type: approval, message: m, timeout: 10s, on_timeout: CANCEL}]\n"
    )
    stage.start("a")
    stage.submit(Cancel())
    stage.finish("a", AttemptState.KILLED)
    stage.evaluate({"message": "m"})
    stage.run_deferred(stage.only_deferred(ApprovalDue))
    assert (stage.state, stage.moves()) == ("KILLING", ["RUNNING", "KILLING"])
    stage.run_deferred(stage.only_deferred(FinallyDeadline))
    assert stage.moves() == ["RUNNING", "KILLING", "KILLED"]
