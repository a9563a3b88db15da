"""Approval requests: their votes, timers and outcome, and the end of their task runs."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from models.approval import ApprovalPolicy
from models.errors import Problem, ProblemCode, Refused
from models.events.approval_events import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalReminded,
    ApprovalRequested,
    ApprovalVoted,
)
from models.events.events import TaskError
from models.inputs.inputs import InputSpec, validate_inputs
from models.lifecycle.approvals.decided_on import decided_on
from models.lifecycle.approvals.voters import groups_of
from models.lifecycle.commands.commands import ApprovalDue, CastVote
from models.lifecycle.commands.outcomes import Failed, Succeeded
from models.lifecycle.ending import end_attempt
from models.lifecycle.snapshot import Approval, Execution, TaskRun
from models.lifecycle.stopping import kill
from models.lifecycle.summaries import decision, expiry
from models.lifecycle.transition_builder import TransitionBuilder
from models.spec import ApprovalTask
from models.states import (
    ApprovalState,
    ExecutionState,
    OnReject,
    OnTimeout,
    RunIf,
    TaskRunState,
    VoteDecision,
)

_TIMEOUT, _ESCALATE, _REMIND = "TIMEOUT", "ESCALATE", "REMIND"


def request(builder: TransitionBuilder, task: TaskRun, spec: ApprovalTask, message: str) -> None:
    """Requests a decision, and starts the timers of the request. They continue while the execution is paused."""
    policy = ApprovalPolicy.of(spec)
    expires = builder.now + timedelta(seconds=policy.timeout) if policy.timeout else None
    id = builder.context.new_id()
    builder.emit(
        ApprovalRequested(
            task.path,
            task.attempt,
            id,
            message,
            policy,
            task.state,
            expires,
            decided_on=decided_on(builder.execution, task),
        )
    )
    for what, seconds in (
        (_TIMEOUT, policy.timeout),
        (_ESCALATE, policy.escalate_after),
        (_REMIND, policy.remind_every),
    ):
        if seconds is not None:
            builder.defer(ApprovalDue(task.path, id, what), seconds)


# -- a vote -----------------------------------------------------------------------------------------------------------


def cast(
    builder: TransitionBuilder, command: CastVote, advance: Callable[[TransitionBuilder], None]
) -> None:
    """Stores a vote; `advance` applies its consequences, which a pause holds back."""
    task = _task_of(builder.execution, command)
    approval = task.approval
    assert approval
    actor = builder.context.origin.actor
    persons = command.same_person | {actor}
    if _is_repeated(approval, actor, command):
        return
    _refuse_decided(builder, approval)
    groups = groups_of(builder.execution, approval, persons, command, actor)
    _refuse_comment(approval, command)
    builder.emit(
        ApprovalVoted(
            task.path,
            approval.id,
            builder.context.new_id(),
            command.decision,
            command.comment,
            command.override,
            groups,
            _checked_form(approval, command),
            command.key,
        )
    )
    advance(builder)


def outcome(approval: Approval) -> ApprovalState:
    """Returns the decision by the votes: one rejection rejects; enough approvals of every group approve."""
    if any(vote.decision is VoteDecision.REJECT for vote in approval.votes):
        return ApprovalState.REJECTED
    if any(vote.override for vote in approval.votes):
        return ApprovalState.APPROVED
    filled = seats_filled(approval)
    if all(filled[group.name] >= group.required for group in approval.policy.groups):
        return ApprovalState.APPROVED
    return ApprovalState.PENDING


def seats_filled(approval: Approval) -> Mapping[str, int]:
    """Returns, by group, how many of its required approvals are given."""
    return approval.policy.seats_filled(
        [vote.groups for vote in approval.votes if vote.decision is VoteDecision.APPROVE]
    )


def _task_of(execution: Execution, command: CastVote) -> TaskRun:
    for task in execution.tasks.values():
        if task.approval and task.approval.id == command.approval_id:
            return task
    raise Refused.because(
        ProblemCode.ALREADY_DECIDED,
        "this approval request has been superseded; decide the newer one",
        state=ApprovalState.CANCELLED,
    )


def _is_repeated(approval: Approval, actor: str, command: CastVote) -> bool:
    """Checks for the same vote with the same key, which succeeds again without a change."""
    return command.key is not None and any(
        vote.actor == actor and vote.key == command.key and vote.decision is command.decision
        for vote in approval.votes
    )


def _refuse_decided(builder: TransitionBuilder, approval: Approval) -> None:
    decided = approval.state
    if decided is ApprovalState.PENDING:
        decided = outcome(approval)
    if decided is ApprovalState.PENDING and _has_timed_out(builder, approval):
        decided = ApprovalState.EXPIRED
    if decided is not ApprovalState.PENDING:
        raise Refused.because(
            ProblemCode.ALREADY_DECIDED, f"this request is already {decided.value}", state=decided
        )


def _has_timed_out(builder: TransitionBuilder, approval: Approval) -> bool:
    """Checks whether its timeout has passed, even if its timer has not fired yet. An escalation extends the time."""
    escalates = approval.policy.on_timeout is OnTimeout.ESCALATE and not approval.escalated
    return bool(approval.expires_at and builder.now >= approval.expires_at and not escalates)


def _refuse_comment(approval: Approval, command: CastVote) -> None:
    if approval.policy.needs_comment(command.decision) and not (command.comment or "").strip():
        raise Refused.because(ProblemCode.VALIDATION, "this decision needs a comment", "comment")


def _checked_form(approval: Approval, command: CastVote) -> Mapping[str, Any] | None:
    """Validates the form, which a rejection may omit."""
    fields = [InputSpec.model_validate(dict(field)) for field in approval.policy.form]
    given = command.form or {}
    if command.decision is VoteDecision.REJECT and not given:
        return None
    try:
        return validate_inputs(fields, given) if fields or given else None
    except Refused as refused:
        raise Refused(
            [
                Problem(problem.code, problem.message, ("form", *problem.path[1:]))
                for problem in refused.problems
            ]
        ) from None


# -- timers -----------------------------------------------------------------------------------------------------------


def due(
    builder: TransitionBuilder, command: ApprovalDue, advance: Callable[[TransitionBuilder], None]
) -> None:
    task = builder.execution.tasks.get(command.path)
    approval = task.approval if task else None
    if approval is None or approval.id != command.approval_id:
        return
    if (
        approval.state is not ApprovalState.PENDING
        or outcome(approval) is not ApprovalState.PENDING
    ):
        return
    policy = approval.policy
    if command.what == _REMIND:
        builder.emit(ApprovalReminded(command.path, approval.id))
        builder.defer(command, policy.remind_every or 0.0)
    elif command.what == _ESCALATE or _escalates_now(approval):
        _escalate(builder, command, approval)
    else:
        builder.emit(ApprovalClosed(command.path, approval.id, ApprovalState.EXPIRED))
        advance(builder)


def _escalates_now(approval: Approval) -> bool:
    """Checks whether the timeout escalates, which it does once; when it passes again the request is rejected."""
    return approval.policy.on_timeout is OnTimeout.ESCALATE and not approval.escalated


def _escalate(builder: TransitionBuilder, command: ApprovalDue, approval: Approval) -> None:
    policy = approval.policy
    expires = approval.expires_at
    if command.what == _TIMEOUT and policy.timeout:
        expires = builder.now + timedelta(seconds=policy.timeout)
        builder.defer(command, policy.timeout)
    builder.emit(ApprovalEscalated(command.path, approval.id, policy.escalate_roles, expires))


# -- effects ----------------------------------------------------------------------------------------------------------


def close_decided(builder: TransitionBuilder) -> None:
    """Ends the task runs whose request has been decided or has expired."""
    if not builder.execution.plan.has_approvals:
        return
    for path in list(builder.execution.tasks):
        task = builder.execution.tasks[path]
        approval = task.approval
        if task.state is not TaskRunState.WAITING_FOR_APPROVAL or approval is None:
            continue
        decided = approval.state
        if decided is ApprovalState.PENDING:
            decided = outcome(approval)
            if decided is ApprovalState.PENDING:
                continue
            builder.emit(ApprovalClosed(path, approval.id, decided))
        _take_effect(builder, builder.execution.tasks[path], decided)


def _take_effect(builder: TransitionBuilder, task: TaskRun, decided: ApprovalState) -> None:
    approval = task.approval
    assert approval
    policy = approval.policy
    if decided is ApprovalState.APPROVED:
        _end(builder, task, decided, TaskRunState.SUCCESS)
    elif decided is ApprovalState.REJECTED:
        _reject(builder, task, decided, _rejection(approval))
    elif policy.on_timeout is OnTimeout.APPROVE:
        _end(builder, task, decided, TaskRunState.SUCCESS)
    elif policy.on_timeout is OnTimeout.SKIP:
        _end(builder, task, decided, TaskRunState.SKIPPED)
    elif policy.on_timeout is OnTimeout.FAIL:
        _fail(builder, task, decided, _expiry(approval))
    elif policy.on_timeout is OnTimeout.CANCEL:
        if builder.execution.state is not ExecutionState.KILLING:
            kill(builder)
    else:
        _reject(builder, task, decided, _expiry(approval))


def _reject(
    builder: TransitionBuilder, task: TaskRun, decided: ApprovalState, error: TaskError
) -> None:
    rule = task.approval.policy.on_reject if task.approval else OnReject.REJECT
    if rule is OnReject.FAIL:
        _fail(builder, task, decided, error)
    elif rule is OnReject.SKIP_DOWNSTREAM:
        _end(builder, task, decided, TaskRunState.SKIPPED)
        _skip_downstream(builder, task)
    else:
        _end(builder, task, decided, TaskRunState.REJECTED, error)


def _fail(
    builder: TransitionBuilder, task: TaskRun, decided: ApprovalState, error: TaskError
) -> None:
    allowed = builder.execution.spec_of(task).allow_failure
    state = TaskRunState.WARNING if allowed else TaskRunState.FAILED
    _end(builder, task, decided, state, error)


def _skip_downstream(builder: TransitionBuilder, task: TaskRun) -> None:
    """Skips the task runs that need it, also indirectly, except those with `run_if: always`."""
    execution = builder.execution
    for key in execution.plan.graph.order:
        after = execution.tasks.get(task.level + key)
        if (
            after is not None
            and key in execution.plan.graph.downstream(task.key)
            and after.state is TaskRunState.CREATED
            and execution.spec_of(after).run_if is not RunIf.ALWAYS
        ):
            builder.move_task(after, TaskRunState.SKIPPED)


def _end(
    builder: TransitionBuilder,
    task: TaskRun,
    decided: ApprovalState,
    to_state: TaskRunState,
    error: TaskError | None = None,
) -> None:
    approval = task.approval
    assert approval
    last = approval.votes[-1] if approval.votes and decided is not ApprovalState.EXPIRED else None
    outputs = {
        "decision": decided.value,
        "approvers": [
            vote.actor
            for vote in approval.votes
            if vote.decision is VoteDecision.APPROVE and decided is ApprovalState.APPROVED
        ],
        "comment": last.comment if last else None,
        "decidedAt": builder.now.isoformat(),
        "form": dict(last.form) if last and last.form else {},
    }
    outcome = Failed(error) if error else Succeeded()
    end_attempt(builder, task, outcome, to_state, outputs, message=decision(approval, decided))


def _rejection(approval: Approval) -> TaskError:
    return TaskError("REJECTED", decision(approval, ApprovalState.REJECTED))


def _expiry(approval: Approval) -> TaskError:
    return TaskError("EXPIRED", expiry(approval))
