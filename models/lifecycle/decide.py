"""`decide`: the one way from a command to what it changes."""

from collections.abc import Callable, Mapping
from typing import Any

from models.errors import Problem, ProblemCode, Refused
from models.events import Event, ExecutionCreated
from models.labels import CORRELATION, check_labels
from models.lifecycle import actions, attempts, votes
from models.lifecycle.commands import (
    Cancel,
    CastVote,
    Command,
    Conclude,
    Create,
    Finish,
    KillDeadline,
    Lose,
    Pause,
    Prepare,
    Report,
    Resume,
    RetryFailed,
    SetLabels,
    Start,
    WakeUp,
)
from models.lifecycle.evolve import create
from models.lifecycle.settle import move, settle
from models.lifecycle.snapshot import Execution
from models.lifecycle.steps import Steps
from models.lifecycle.transition import Context, Transition
from models.states import ExecutionState, TaskRunState

_DECIDE: Mapping[type[Any], Callable[[Steps, Any], None]] = {
    Cancel: actions.cancel,
    Pause: actions.pause,
    Resume: actions.resume,
    RetryFailed: actions.retry_failed,
    SetLabels: actions.set_labels,
    CastVote: lambda steps, command: votes.cast(steps, command, settle),
    Start: attempts.start,
    Report: attempts.report,
    Finish: attempts.finish,
    Lose: attempts.lose,
    Prepare: attempts.prepare,
    Conclude: attempts.conclude,
    WakeUp: attempts.wake_up,
    KillDeadline: attempts.fence,
}


def decide(execution: Execution, command: Command, context: Context) -> Transition:
    """What the command makes of the execution. Raises Refused, and then nothing changes."""
    expected = context.ask.expected_seq
    if expected is not None and expected != execution.state_seq:
        raise Refused(
            [
                Problem(
                    ProblemCode.CONFLICT,
                    f"its state changed since seq {expected}: it is {execution.state.value}, "
                    f"seq {execution.state_seq}; look again",
                )
            ]
        )
    steps = Steps(execution, context)
    _DECIDE[type(command)](steps, command)
    return steps.close()


def begin(command: Create, context: Context) -> Transition:
    """A new execution, handled at once as far as it goes by itself."""
    plan = command.plan
    spec = plan.spec
    labels = {**spec.labels, **command.labels}
    check_labels(command.labels, settable=(CORRELATION,))
    _refuse_unknown_tasks(command)
    id = context.new_id()
    event = Event(
        execution_id=id,
        seq=1,
        at=context.now,
        ask=context.ask,
        fact=ExecutionCreated(
            flow_id=plan.flow_id,
            revision_id=plan.revision_id,
            revision=plan.revision,
            namespace=spec.namespace,
            flow_key=spec.id,
            kind=command.kind or spec.kind,
            name=f"{spec.id}-{id.hex[-6:]}",
            inputs=command.inputs,
            labels=labels,
            on_failure=command.on_failure or spec.on_failure,
            priority=command.priority,
            disabled_tasks=command.disabled_tasks,
            trigger=command.trigger,
            task_runs={task.id: context.new_id() for task in spec.tasks},
        ),
    )
    steps = Steps(create(plan, event), context)
    steps.events.append(event)
    move(steps, ExecutionState.RUNNING)
    for task in list(steps.execution.tasks.values()):
        if plan.tasks[task.key].disabled or task.key in command.disabled_tasks:
            steps.move_task(task, TaskRunState.SKIPPED)
    settle(steps)
    return steps.close()


def _refuse_unknown_tasks(command: Create) -> None:
    unknown = [key for key in command.disabled_tasks if key not in command.plan.tasks]
    if unknown:
        known = ", ".join(command.plan.tasks)
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"the flow has no task {', '.join(unknown)} to disable; it has: {known}",
            "disabledTasks",
        )
