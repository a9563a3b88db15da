"""Finds the approvals that an execution would bypass without a decision, and decides who may do that.

A decision is reused if the flow allows it (`reuse: same_inputs`) and it was made on the same digest. Otherwise the
approval is requested again, or a person with the permission OVERRIDE_APPROVAL gives a reason, recorded as an event.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from uuid import UUID

from models.access.viewer import Permission
from models.approval import ApprovalPolicy
from models.errors import Problem, ProblemCode, Refused
from models.events.approval_events import ApprovalOverridden
from models.lifecycle.approvals.decided_on import context, context_of, decided_on, digest_of
from models.lifecycle.commands.commands import ChangeTaskRunState, Create
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import CompiledFlow, Execution, TaskRun
from models.lifecycle.transition_builder import TransitionBuilder
from models.spec import ApprovalTask, ForeachTask, TaskSpec
from models.states import (
    SUCCESSFUL_ENDS,
    ApprovalState,
    Condition,
    ExecutionState,
    ReuseDecision,
    RunIf,
    Section,
    TaskRunState,
)

_OVERRIDE = f"or override it with the permission {Permission.OVERRIDE_APPROVAL.value} and a reason"


SUCCEEDED = frozenset({ExecutionState.SUCCESS, ExecutionState.WARNING})
"""The end states that imply that all approvals were given, for example to the cache."""


@dataclass(frozen=True, slots=True)
class BypassedApproval:
    """A task that needs an approval and would be bypassed, and why. `path` is the argument that causes it."""

    key: str
    why: str
    path: str = "state"


_INSTEAD = {
    "disabledTasks": "let it run, so that it is decided",
    "revision": "run the newest revision",
    "state": "have it decided",
    "labels": "replay the execution with these labels",
}


def allow(builder: TransitionBuilder, bypassed: list[BypassedApproval], may_override: bool) -> None:
    """Does nothing if no approval is bypassed. Otherwise records the override, or raises Refused."""
    if not bypassed:
        return
    if not may_override:
        raise Refused([refusal(bypassed)])
    if not (builder.context.origin.reason or "").strip():
        message = "overriding an approval needs a reason; it is stored with the event"
        raise Refused.because(ProblemCode.VALIDATION, f"{_sentence(bypassed)}: {message}", "reason")
    builder.emit(ApprovalOverridden(tuple(one.key for one in bypassed)))


def refusal(bypassed: list[BypassedApproval]) -> Problem:
    """Returns the problem for a person who may not override them."""
    path = bypassed[0].path
    message = f"{_sentence(bypassed)}: {_INSTEAD[path]}, {_OVERRIDE}"
    return Problem(ProblemCode.FORBIDDEN, message, (path,))


def _sentence(bypassed: list[BypassedApproval]) -> str:
    return "; ".join(f"`{one.key}` {one.why}" for one in bypassed)


# -- decisions of an earlier execution ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """The digest of what was decided on, or the reason why no decision can be reused."""

    decided_on: str | None
    undecided: str | None = None


def earlier_decision(
    source: Execution, key: str, subflows: Mapping[str, str | None] | None = None
) -> EarlierDecision:
    """Returns the decision of a task of `source` that needs an approval, or whose flow does (`subflows`)."""
    if source.plan.unreadable:
        return EarlierDecision(
            None, f"was decided on a revision that cannot be read, in {source.name}"
        )
    task = source.tasks[key]
    spec = source.plan.spec_of(key)
    if why := (subflows or {}).get(key):
        return EarlierDecision(None, why)
    if source.section_of(task) is not Section.TASKS:
        return EarlierDecision(None, f"is in `{source.section_of(task).value}`, which runs again")
    if why := never_reused(spec):
        return EarlierDecision(None, why)
    if task.approval is None and task.outputs_from is not None:
        if task.decided_on is None:
            return EarlierDecision(None, f"was not decided in {source.name}")
        return EarlierDecision(task.decided_on)
    return _decision_of(source, task)


def never_reused(spec: TaskSpec) -> str | None:
    """Returns why decisions of the task, or of a task within it, are never reused; None if they can be."""
    if isinstance(spec, ApprovalTask) and spec.reuse is ReuseDecision.NEVER and not spec.disabled:
        return "has to be decided each time (`reuse: never`)"
    if isinstance(spec, ForeachTask):
        return next((why for each in spec.tasks if (why := never_reused(each))), None)
    return None


def _decision_of(source: Execution, task: TaskRun) -> EarlierDecision:
    now = decided_on(source, task)
    for approval_run in _approvals_within(source, task):
        if approval_run.condition is Condition.FAILS or source.spec_of(approval_run).when is False:
            continue  # by the flow itself no approval was needed
        approval = approval_run.approval
        if approval is None or approval.state is not ApprovalState.APPROVED:
            state = approval.state.value if approval else approval_run.state.value
            return EarlierDecision(None, f"was not approved in {source.name}: it is {state}")
        if approval_run.decided_on is None:
            return EarlierDecision(
                None, "was decided by a version that did not store what a decision was made on"
            )
        if approval_run.decided_on != decided_on(source, approval_run):
            return EarlierDecision(
                None, f"was decided on inputs or outputs that {source.name} no longer has"
            )
    return EarlierDecision(now)


def _approvals_within(source: Execution, task: TaskRun) -> Iterator[TaskRun]:
    """Yields the approvals that the task run is or has in its iterations, except those that the flow disables."""
    if task.key not in source.plan.asking:
        return
    if isinstance(source.spec_of(task), ApprovalTask):
        yield task
    for child in source.children_of(task):
        yield from _approvals_within(source, child)


def why_not_reusable(
    decision: EarlierDecision, now: str, reused: Mapping[str, UUID], plan: CompiledFlow, key: str
) -> str | None:
    """Returns why a decision cannot be reused in a new execution with the digest `now` and these reused outputs."""
    if decision.decided_on is None:
        return decision.undecided or "was not decided"
    before = plan.graph.upstream(key)
    if again := sorted(before - reused.keys()):
        return f"was decided on outputs of {', '.join(again)}, which would run again"
    if digest_of(now, {name: reused[name] for name in before}) != decision.decided_on:
        return "was decided on other inputs, another revision or other outputs"
    return None


# -- a new execution ---------------------------------------------------------------------------------------------------


def bypassed_by_creation(command: Create) -> list[BypassedApproval]:
    """Returns the approvals that the flow requires and the new execution would not request."""
    if command.links.cached_from:
        return []  # nothing runs
    found = {
        one.key: one
        for one in _changed_approvals(
            command.plan, command.plan.asking | command.subflows.keys(), command.latest
        )
    }
    if command.options.disabled_tasks or command.reused:
        found |= {one.key: one for one in _bypassed_tasks(command)}
    return list(found.values())


def _bypassed_tasks(command: Create) -> Iterator[BypassedApproval]:
    plan, spec = command.plan, command.plan.spec
    now = context(plan, command.inputs, {**spec.labels, **command.labels}, command.trigger)
    output_sources = {key: reused.outputs_from for key, reused in command.reused.items()}
    for key in plan.tasks:
        if key not in plan.asking and key not in command.subflows:
            continue
        if plan.outermost(key) != key and plan.outermost(key) in command.reused:
            continue  # the result for the foreach around it applies
        if key in command.options.disabled_tasks or key in command.reused:
            why = _not_reusable(command, key, now, output_sources)
        else:
            why = _not_requested_in_time(command, key, now)
        if why:
            yield BypassedApproval(key, why, "disabledTasks")


def _not_reusable(
    command: Create, key: str, now: str, output_sources: Mapping[str, UUID]
) -> str | None:
    reused = command.reused.get(key)
    if reused is None:
        return "needs an approval, and would be disabled"
    skipped = (
        command.plan.graph.downstream(key) & set(command.options.disabled_tasks)
    ) - output_sources.keys()
    if skipped:
        return f"was decided with {', '.join(sorted(skipped))} after it, which would be disabled"
    decision = EarlierDecision(reused.decided_on, reused.undecided)
    return why_not_reusable(decision, now, output_sources, command.plan, key)


def _not_requested_in_time(command: Create, key: str, now: str) -> str | None:
    """Returns why an approval that would be requested might not be, or would not be waited for."""
    graph = command.plan.graph
    early = graph.downstream(key) & (command.reused.keys() - set(command.options.disabled_tasks))
    if early:
        return f"would not be waited for, as {', '.join(sorted(early))} after it would be reused"
    if not is_conditional(command.plan, key):
        return None
    not_running = {
        before
        for before in decides_if_requested(command.plan, key)
        if before in command.options.disabled_tasks or before in command.reused
        if before not in command.reused or command.reused[before].context != now
        if not command.plan.tasks[before].disabled
    }
    if not_running:
        return f"is requested depending on {', '.join(sorted(not_running))}, which would not run"
    return None


def decides_if_requested(plan: CompiledFlow, key: str) -> Set[str]:
    """Returns the tasks on whose results it depends whether the approval is requested: its needs and, in `errors` or
    `finally`, all of the flow's tasks."""
    if plan.sections[key] is Section.TASKS:
        return plan.graph.upstream(key)
    main = {each for each in plan.outer_keys if plan.sections[each] is Section.TASKS}
    return plan.graph.upstream(key) | main


def is_conditional(plan: CompiledFlow, key: str) -> bool:
    """Checks whether it depends on earlier tasks if an approval is requested at all."""
    spec = plan.tasks[key]
    if isinstance(spec, ForeachTask) or spec.run_if is not RunIf.SUCCESS:
        return True
    return spec.when not in (None, True)


def _changed_approvals(
    plan: CompiledFlow, asking: Set[str], latest: CompiledFlow | None
) -> Iterator[BypassedApproval]:
    """Yields the approvals of the newest revision that are missing or different in an older one."""
    if latest is None:
        return
    for key in latest.asking:
        held = latest.graph.downstream(key) & plan.tasks.keys()
        if (
            key not in asking
            or _approval_rules(plan.tasks[key]) != _approval_rules(latest.tasks[key])
            or not held <= plan.graph.downstream(key)
        ):
            why = f"requires an approval in revision {latest.revision} that revision {plan.revision} does not"
            yield BypassedApproval(key, why, "revision")


def _approval_rules(spec: TaskSpec) -> tuple[object, ...]:
    policy = (ApprovalPolicy.of(spec), spec.reuse) if isinstance(spec, ApprovalTask) else ()
    return spec.type, policy, spec.when, spec.run_if


# -- an existing execution ---------------------------------------------------------------------------------------------


def bypassed_by_change(execution: Execution, command: ChangeTaskRunState) -> list[BypassedApproval]:
    """Returns the approvals that a change would bypass, or whose decision was made on other outputs."""
    task = execution.tasks[command.path]
    found = list(bypassed_by_continuing(execution, task, command.subflows))
    asking = execution.plan.asking | command.subflows
    if task.key in asking and command.outputs and task.ended and not found:
        found.append(BypassedApproval(task.path, "would get the outputs of another decision"))
    others = bool(command.outputs) or command.state is TaskRunState.FAILED
    found += _decided_on_others(execution, task, asking, others)
    return list({one.key: one for one in found}.values())


def bypassed_by_continuing(
    execution: Execution, task: TaskRun, subflows: Set[str] = frozenset()
) -> Iterator[BypassedApproval]:
    """Yields the undecided approvals: the task run itself, and those upstream of it."""
    asking = execution.plan.asking | subflows
    if task.key in asking and task.ended and not _is_decided(execution, task):
        yield BypassedApproval(task.path, f"was not approved: it is {task.state.value}")
    for around in _around(execution, task):
        for key in sorted(execution.plan.graph.upstream(around.key) & asking):
            before = execution.tasks[around.level + key]
            if before.state not in SUCCESSFUL_ENDS:
                yield BypassedApproval(before.path, f"was not approved: it is {before.state.value}")


def _is_decided(execution: Execution, task: TaskRun) -> bool:
    if task.state in SUCCESSFUL_ENDS:
        return True
    approval = task.approval
    approved = approval is not None and approval.state is ApprovalState.APPROVED
    return approved and task.decided_on == decided_on(execution, task)


def _decided_on_others(
    execution: Execution, task: TaskRun, asking: Set[str], others: bool
) -> Iterator[BypassedApproval]:
    for around in _around(execution, task):
        for key in sorted(execution.plan.graph.downstream(around.key) & asking):
            after = execution.tasks[around.level + key]
            if others and after.state in _REQUESTED:
                yield BypassedApproval(after.path, f"was decided on outputs of {task.path}")
            elif is_conditional(execution.plan, key) and after.state in _NOT_REQUESTED_YET:
                yield BypassedApproval(after.path, f"is requested depending on {task.path}")


_REQUESTED = SUCCESSFUL_ENDS | {TaskRunState.RUNNING, TaskRunState.WAITING_FOR_APPROVAL}
_NOT_REQUESTED_YET = frozenset({TaskRunState.CREATED, TaskRunState.CANCELLED})


def _around(execution: Execution, task: TaskRun) -> Iterator[TaskRun]:
    """Yields the task run, and each foreach around it."""
    around: TaskRun | None = task
    while around is not None:
        yield around
        around = execution.tasks[around.parent] if around.parent is not None else None


def undecided(execution: Execution) -> list[BypassedApproval]:
    """Returns the approvals of an execution that were not given."""
    return [
        BypassedApproval(task.path, f"was not approved: it is {task.state.value}")
        for task in execution.tasks.values()
        if task.state is TaskRunState.REJECTED
        or (task.key in execution.plan.asking and task.state not in SUCCESSFUL_ENDS)
    ]


def bypassed_by_labels(execution: Execution, labels: Mapping[str, str]) -> list[BypassedApproval]:
    """Returns the approvals that were requested before a change of labels that the flow's expressions read."""
    if context_of(copy_with(execution, labels=labels)) == context_of(execution):
        return []
    return [
        BypassedApproval(
            task.path, "was requested with other labels, which the flow reads", "labels"
        )
        for task in execution.tasks.values()
        if task.decided_on is not None
    ]


def undecided_within(child: Execution) -> str | None:
    """Returns why the decisions made in a subflow's execution cannot be reused for another execution of that flow."""
    if child.cached_from or child.plan.unreadable:
        return f"was not decided in {child.name}"
    for task in child.tasks.values():
        needs_approval = task.parent is None and task.key in child.plan.asking
        if needs_approval and (why := earlier_decision(child, task.key).undecided):
            return f"needs an approval: `{task.key}` {why}"
    return None
