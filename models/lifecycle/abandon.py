"""Ends executions that Headway cannot continue: their revision cannot be read, or a deferred command cannot be run."""

from models.errors import Refused
from models.events.approval_events import ApprovalClosed
from models.events.events import FailureRecorded, TaskError
from models.lifecycle.actions import invalid_state
from models.lifecycle.advance.advance import move
from models.lifecycle.commands.commands import CastVote, Command, GiveUp, Signal
from models.lifecycle.commands.outcomes import Killed, Lost
from models.lifecycle.ending import end_attempt
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.stopping import stop_child
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import ApprovalState, AttemptState, ExecutionState, TaskRunState

UNREADABLE = "REVISION"
"""The error code of a revision that cannot be read."""
_ABANDONED = "its execution could not continue"


def give_up(builder: TransitionBuilder, command: GiveUp) -> None:
    """Ends the execution in ERROR at once, from any state. Nothing here needs the flow's document."""
    execution = builder.execution
    if execution.ended or execution.ran_elsewhere:
        return
    builder.emit(FailureRecorded(TaskError(command.code, command.message)))
    for task in list(execution.tasks.values()):
        if not task.ended:
            _drop(builder, task)
    move(builder, ExecutionState.ERROR)


def refuse_unreadable(execution: Execution, command: Command) -> None:
    """Raises Refused for a vote or an event sent to an execution whose revision cannot be read."""
    if execution.plan.unreadable and isinstance(command, CastVote | Signal):
        raise Refused([invalid_state(execution, execution.plan.unreadable)])


def end_unreadable(builder: TransitionBuilder) -> None:
    reason = builder.execution.plan.unreadable
    assert reason
    give_up(builder, GiveUp(UNREADABLE, f"{reason}; fix the cause, then restart the execution"))


def _drop(builder: TransitionBuilder, task: TaskRun) -> None:
    """Ends a task run as KILLED if it had started, else as CANCELLED. Its lease becomes void; its approval request and
    its child are cancelled."""
    if task.approval and task.approval.state is ApprovalState.PENDING:
        builder.emit(ApprovalClosed(task.path, task.approval.id, ApprovalState.CANCELLED))
    if task.child:
        stop_child(builder, task)
    if task.newest and task.newest.state is AttemptState.RUNNING:
        outcome = Lost() if task.lease else Killed()
        killed = TaskRunState.KILLED
        end_attempt(builder, task, outcome, killed, message=task.message, reason=_ABANDONED)
    else:
        builder.move_task(task, TaskRunState.KILLED if task.attempt else TaskRunState.CANCELLED)
