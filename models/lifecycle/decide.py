"""`decide` and `begin`: turn a command into the transition that it causes."""

from collections.abc import Callable, Mapping
from typing import Any, get_args
from uuid import UUID

from models.errors import Problem, ProblemCode, Refused
from models.events.events import Carried, Event, ExecutionCreated, LabelsSet, OutputsSet
from models.labels import CORRELATION, changed_labels, check_labels
from models.lifecycle import abandon, admission, attempts, notes_and_archive, pausing, stopping
from models.lifecycle.actions import Action, require
from models.lifecycle.advance.advance import advance, move
from models.lifecycle.apply.evolve import create
from models.lifecycle.approvals import approvals, consent
from models.lifecycle.commands.commands import (
    Admit,
    ApprovalDue,
    Begin,
    Beginning,
    Cancel,
    CancelForNewer,
    CastVote,
    ChangeState,
    ChangeTaskRunState,
    Command,
    Conclude,
    Continue,
    Create,
    FinallyDeadline,
    Finish,
    ForceRun,
    GiveUp,
    KillDeadline,
    Lose,
    Pause,
    PersonCommand,
    Prepare,
    Report,
    Restart,
    Resume,
    RetryFailed,
    SetCondition,
    SetLabels,
    SetSystemLabels,
    Signal,
    Start,
    TimeOut,
    TimeOutExecution,
    WakeUp,
)
from models.lifecycle.commands.external import (
    ExpireHeartbeat,
    ExternalCommand,
    RecordEnd,
    RecordExecution,
    RecordProperties,
    RecordStart,
    RecordTaskRun,
)
from models.lifecycle.commands.records import AddNote, Archive, Delete, Unarchive
from models.lifecycle.commands.subflows import (
    Adopt,
    AwaitChild,
    ChildEnded,
    FollowParent,
    ReportChildState,
    ResumeChild,
    StopChild,
)
from models.lifecycle.engine_tasks import engine_tasks, subflows, timeouts
from models.lifecycle.external import record
from models.lifecycle.reruns import reruns
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Context, Transition
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import ExecutionState, TaskRunState


def _cancel(builder: TransitionBuilder, command: Cancel) -> None:
    require(builder.execution, Action.CANCEL)
    if builder.execution.ran_elsewhere:
        record.cancel(builder)
        return
    if builder.execution.state is ExecutionState.KILLING:
        stopping.force_kill(builder)
    else:
        stopping.kill(builder, command.force, command.cascade)
    advance(builder)


def _end_finally(builder: TransitionBuilder, command: FinallyDeadline) -> None:
    stopping.end_finally(builder, command)
    advance(builder)


def _force_run(builder: TransitionBuilder, command: ForceRun) -> None:
    require(builder.execution, Action.FORCE_RUN)
    admission.force_run(builder, command)


def _set_labels(builder: TransitionBuilder, command: SetLabels) -> None:
    require(builder.execution, Action.SET_LABELS)
    labels = changed_labels(builder.execution.labels, command.labels, command.mode)
    if labels != builder.execution.labels:
        bypassed = consent.bypassed_by_labels(builder.execution, labels)
        consent.allow(builder, bypassed, command.may_override)
        builder.emit(LabelsSet(labels))


def _set_system_labels(builder: TransitionBuilder, command: SetSystemLabels) -> None:
    labels = {**builder.execution.labels, **command.labels}
    if labels != builder.execution.labels:
        builder.emit(LabelsSet(labels))


_DECIDE: Mapping[type[Any], Callable[[TransitionBuilder, Any], None]] = {
    Cancel: _cancel,
    Pause: pausing.pause,
    Resume: pausing.resume,
    RetryFailed: reruns.retry_failed,
    Restart: reruns.restart,
    ForceRun: _force_run,
    ChangeState: reruns.change_state,
    ChangeTaskRunState: reruns.change_task_run_state,
    SetLabels: _set_labels,
    CastVote: lambda builder, command: approvals.cast(builder, command, advance),
    Signal: engine_tasks.receive,
    AddNote: notes_and_archive.add_note,
    Archive: notes_and_archive.archive,
    Unarchive: notes_and_archive.unarchive,
    Delete: notes_and_archive.delete,
    Start: attempts.start,
    Report: attempts.report,
    Finish: attempts.finish,
    Lose: attempts.lose,
    Prepare: engine_tasks.prepare,
    SetCondition: engine_tasks.record_condition,
    Adopt: subflows.adopt,
    AwaitChild: subflows.await_child,
    ChildEnded: subflows.child_ended,
    ReportChildState: subflows.record_child_state,
    StopChild: subflows.stop_child,
    FollowParent: subflows.follow_parent,
    ResumeChild: subflows.resume_child,
    Begin: admission.begin_at_its_time,
    Admit: admission.admit_from_line,
    CancelForNewer: admission.cancel_for_newer,
    SetSystemLabels: _set_system_labels,
    Conclude: engine_tasks.conclude,
    Continue: lambda builder, _: advance(builder),
    WakeUp: engine_tasks.wake_up,
    TimeOut: timeouts.time_out,
    TimeOutExecution: timeouts.time_out_execution,
    ApprovalDue: lambda builder, command: approvals.due(builder, command, advance),
    KillDeadline: attempts.fence,
    FinallyDeadline: _end_finally,
    GiveUp: abandon.give_up,
    RecordTaskRun: record.record_task_run,
    RecordProperties: record.record_properties,
    RecordEnd: record.record_end,
    RecordStart: record.record_start,
    ExpireHeartbeat: record.expire_heartbeat,
}


_NEEDS_NO_DOCUMENT = frozenset(
    {
        *get_args(PersonCommand),
        *get_args(ExternalCommand),
        Create,
        SetSystemLabels,
        Continue,
        GiveUp,
    }
) - {Cancel}
"""Commands that can be decided without the flow's document. For all others, if it cannot be read, the execution ends
first, and the command is applied to an ended execution."""


def decide(execution: Execution, command: Command, context: Context) -> Transition:
    """Returns the transition that the command causes. Raises Refused; then nothing changes."""
    expected = context.origin.expected_seq
    if expected is not None and expected != execution.state_seq:
        raise Refused(
            [
                Problem(
                    ProblemCode.CONFLICT,
                    f"the execution changed since seq {expected} (now {execution.state.value}, "
                    f"seq {execution.state_seq}); reload and retry",
                )
            ]
        )
    builder = TransitionBuilder(execution, context)
    if execution.plan.unreadable and not execution.ended:
        abandon.refuse_unreadable(execution, command)
        if type(command) not in _NEEDS_NO_DOCUMENT:
            abandon.end_unreadable(builder)
        if isinstance(command, Cancel):
            return builder.close()
    _DECIDE[type(command)](builder, command)
    subflows.follow_up(builder, execution)
    return builder.close()


def begin(command: Beginning, context: Context, id: UUID) -> Transition:
    """Creates an execution and advances it as far as possible."""
    if isinstance(command, RecordExecution):
        return record.record_execution(command, context, id)
    check_labels(command.labels, settable=(CORRELATION,))
    _refuse_unknown_tasks(command)
    event = Event(id, 1, context.now, context.origin, _created(id, command, context))
    builder = TransitionBuilder(create(command.plan, event), context)
    builder.events.append(event)
    consent.allow(builder, consent.bypassed_by_creation(command), command.may_override)
    for key, reused in command.reused.items():
        builder.set_reused_outputs(key, reused.outputs)
    if command.links.cached_from:
        _end_cached(builder, command)
    elif (at := command.options.scheduled_at) and at > context.now:
        builder.defer(Begin(), (at - context.now).total_seconds())
    else:
        admission.admit_or_queue(builder)
    if source := command.links.replay_of:
        builder.defer_to(
            source,
            SetSystemLabels({"system.replayed": "true"}),
            f"replayed as {builder.execution.name}",
        )
    return builder.close()


def _created(id: UUID, command: Create, context: Context) -> ExecutionCreated:
    plan, spec, links = command.plan, command.plan.spec, command.links
    return ExecutionCreated(
        flow_id=plan.flow_id,
        revision_id=plan.revision_id,
        revision=plan.revision,
        namespace=spec.namespace,
        flow_key=spec.id,
        kind=command.kind or spec.kind,
        name=spec.name_of(id),
        inputs=command.inputs,
        labels={**spec.labels, **command.labels, **command.system_labels},
        on_failure=command.on_failure or spec.on_failure,
        trigger=command.trigger,
        task_runs={key: context.new_id() for key in plan.outer_keys},
        rerun_of=links.rerun_of,
        replay_of=links.replay_of,
        original_id=links.original_id,
        cached_from=links.cached_from,
        carried={
            key: Carried(reused.state, reused.outputs_from, reused.decided_on)
            for key, reused in command.reused.items()
        },
        parent=links.parent,
        shares_slot=command.shares_slot,
        cache_key=command.cache_key,
        starters=command.starters,
        scope=command.scope.namespaces,
        given_labels=command.labels,
        **command.options.as_dict(),
    )


def _end_cached(builder: TransitionBuilder, command: Create) -> None:
    """Ends the new execution as CACHED, with the outputs of an earlier success; no task runs."""
    for task in list(builder.execution.tasks.values()):
        if not task.ended:
            builder.move_task(task, TaskRunState.SKIPPED)
    if command.outputs:
        builder.emit(OutputsSet(None, command.outputs))
    move(builder, ExecutionState.CACHED)


def _refuse_unknown_tasks(command: Create) -> None:
    unknown = [key for key in command.options.disabled_tasks if key not in command.plan.tasks]
    if unknown:
        known = ", ".join(command.plan.tasks)
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"the flow has no task {', '.join(unknown)} to disable; it has: {known}",
            "disabledTasks",
        )
