"""The end of what Headway cannot go on with: a revision that cannot be read, a promise that cannot be kept."""

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
"""The code of a failure by a revision that cannot be read."""
_ABANDONED = "its execution could not continue"


def give_up(builder: TransitionBuilder, command: GiveUp) -> None:
    """ERROR, at once and whatever it was doing: nothing here asks the flow's document for anything."""
    execution = builder.execution
    if execution.ended or execution.ran_elsewhere:
        return
    builder.emit(FailureRecorded(TaskError(command.code, command.message)))
    for task in list(execution.tasks.values()):
        if not task.ended:
            _drop(builder, task)
    move(builder, ExecutionState.ERROR)


def refuse_unread(execution: Execution, command: Command) -> None:
    """Raises Refused for what people send to it meanwhile: only what it may be cancelled or noted by is taken."""
    if execution.plan.unreadable and isinstance(command, CastVote | Signal):
        raise Refused([invalid_state(execution, execution.plan.unreadable)])


def give_up_unread(builder: TransitionBuilder) -> None:
    told = builder.execution.plan.unreadable
    assert told
    give_up(
        builder, GiveUp(UNREADABLE, f"{told}; mend what keeps it from being read, then restart")
    )


def _drop(builder: TransitionBuilder, task: TaskRun) -> None:
    """A task run that had started is KILLED, and its attempt's lease is void; what it waited for is called off."""
    if task.approval and task.approval.state is ApprovalState.PENDING:
        builder.emit(ApprovalClosed(task.path, task.approval.id, ApprovalState.CANCELLED))
    if task.child:
        stop_child(builder, task)
    if task.newest and task.newest.state is AttemptState.RUNNING:
        outcome = Lost() if task.lease else Killed()
        end_attempt(builder, task, outcome, TaskRunState.KILLED, reason=_ABANDONED)
    else:
        builder.move_task(task, TaskRunState.KILLED if task.attempt else TaskRunState.CANCELLED)
