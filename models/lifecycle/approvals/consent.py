"""Tells what would have an execution go past an approval without a decision, and who may have it do so.

A decision stands where the flow consents (`reuse: same_inputs`) and it was made on the same. Else the approval is asked
anew, or a person with the permission OVERRIDE_APPROVAL gives a reason, which is recorded as a fact of its own.
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
    ExecutionState,
    ReuseDecision,
    RunIf,
    Section,
    TaskRunState,
)

_MEND = f"or have it done with the permission {Permission.OVERRIDE_APPROVAL.value}, and a reason"


GOES_ON = frozenset({ExecutionState.SUCCESS, ExecutionState.WARNING})
"""The ends that others take for one that got past its approvals: caches, and who reads them."""


@dataclass(frozen=True, slots=True)
class PassedBy:
    """A task that asks people and would not be heard, and why."""

    key: str
    why: str
    path: str = "state"


_INSTEAD = {
    "disabledTasks": "leave it in, to have it asked",
    "revision": "run the newest revision",
    "state": "have it decided",
    "labels": "replay it with these",
}


def allow(builder: TransitionBuilder, passed_by: list[PassedBy], may_override: bool) -> None:
    """Nothing where none is passed by. Else it is recorded that somebody who may has it so; or it is refused."""
    if not passed_by:
        return
    if not may_override:
        raise Refused([refusal(passed_by)])
    if not (builder.context.origin.reason or "").strip():
        told = "overriding an approval needs a reason; it is kept with the event"
        raise Refused.because(ProblemCode.VALIDATION, f"{_told(passed_by)}: {told}", "reason")
    builder.emit(ApprovalOverridden(tuple(one.key for one in passed_by)))


def refusal(passed_by: list[PassedBy]) -> Problem:
    """For who may not override them."""
    path = passed_by[0].path
    told = f"{_told(passed_by)}: {_INSTEAD[path]}, {_MEND}"
    return Problem(ProblemCode.FORBIDDEN, told, (path,))


def _told(passed_by: list[PassedBy]) -> str:
    return "; ".join(f"`{one.key}` {one.why}" for one in passed_by)


# -- whether the decisions of an earlier execution stand ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """The digest of what was decided on; or why no decision stands."""

    decided_on: str | None
    undecided: str | None = None


def standing(
    source: Execution, key: str, subflows: Mapping[str, str | None] | None = None
) -> Standing:
    """Of a task of `source` that asks people, or whose flow does (`subflows`)."""
    if source.plan.unreadable:
        return Standing(None, f"was decided on a revision that cannot be read, in {source.name}")
    task = source.tasks[key]
    spec = source.plan.spec_of(key)
    if why := (subflows or {}).get(key):
        return Standing(None, why)
    if source.section_of(task) is not Section.TASKS:
        return Standing(None, f"stands under `{source.section_of(task).value}`, which runs anew")
    if why := asks_always(spec):
        return Standing(None, why)
    if task.approval is None and task.outputs_from is not None:
        if task.decided_on is None:
            return Standing(None, f"was not decided in {source.name}")
        return Standing(task.decided_on)
    return _standing_of(source, task)


def asks_always(spec: TaskSpec) -> str | None:
    """Why no decision of it ever stands, or of what it has in it."""
    if isinstance(spec, ApprovalTask) and spec.reuse is ReuseDecision.NEVER and not spec.disabled:
        return "is asked each time (`reuse: never`)"
    if isinstance(spec, ForeachTask):
        return next((why for each in spec.tasks if (why := asks_always(each))), None)
    return None


def _standing_of(source: Execution, task: TaskRun) -> Standing:
    now = decided_on(source, task)
    for asked in _asked_within(source, task):
        if asked.condition == "FAILS" or source.spec_of(asked).when is False:
            continue  # the flow itself did not want it asked
        approval = asked.approval
        if approval is None or approval.state is not ApprovalState.APPROVED:
            state = approval.state.value if approval else asked.state.value
            return Standing(None, f"was not approved in {source.name}: it is {state}")
        if asked.decided_on is None:
            return Standing(
                None, "was decided before decisions were bound to what they are made on"
            )
        if asked.decided_on != decided_on(source, asked):
            return Standing(None, f"was decided on others than those that {source.name} has now")
    return Standing(now)


def _asked_within(source: Execution, task: TaskRun) -> Iterator[TaskRun]:
    """The approvals that a task run is or has in its iterations, but for those that the flow disables."""
    if task.key not in source.plan.asking:
        return
    if isinstance(source.spec_of(task), ApprovalTask):
        yield task
    for child in source.children_of(task):
        yield from _asked_within(source, child)


def may_stand(
    standing: Standing, now: str, reused: Mapping[str, UUID], plan: CompiledFlow, key: str
) -> str | None:
    """Why the decisions do not stand for a new execution that begins with `now` and has these outputs before it."""
    if standing.decided_on is None:
        return standing.undecided or "was not decided"
    before = plan.graph.upstream(key)
    if again := sorted(before - reused.keys()):
        return f"was decided on what {', '.join(again)} gave, and that runs again"
    if digest_of(now, {name: reused[name] for name in before}) != standing.decided_on:
        return "was decided on other inputs, another revision or other outputs"
    return None


# -- a new execution ---------------------------------------------------------------------------------------------------


def passed_by_creation(command: Create) -> list[PassedBy]:
    """Tells the approvals that the new execution would not ask though its flow does."""
    if command.links.cached_from:
        return []  # nothing runs
    found = {
        one.key: one
        for one in _loosened(
            command.plan, command.plan.asking | command.subflows.keys(), command.latest
        )
    }
    if command.options.disabled_tasks or command.reused:
        found |= {one.key: one for one in _left_out(command)}
    return list(found.values())


def _left_out(command: Create) -> Iterator[PassedBy]:
    plan, spec = command.plan, command.plan.spec
    now = context(plan, command.inputs, {**spec.labels, **command.labels}, command.trigger)
    holders = {key: reused.outputs_from for key, reused in command.reused.items()}
    for key in plan.tasks:
        if key not in plan.asking and key not in command.subflows:
            continue
        if plan.outermost(key) != key and plan.outermost(key) in command.reused:
            continue  # what is told of the foreach around it holds for it
        if key in command.options.disabled_tasks or key in command.reused:
            why = _not_standing(command, key, now, holders)
        else:
            why = _not_asked_in_time(command, key, now)
        if why:
            yield PassedBy(key, why, "disabledTasks")


def _not_standing(command: Create, key: str, now: str, holders: Mapping[str, UUID]) -> str | None:
    reused = command.reused.get(key)
    if reused is None:
        return "asks people, and would be disabled"
    skipped = (
        command.plan.graph.downstream(key) & set(command.options.disabled_tasks)
    ) - holders.keys()
    if skipped:
        return f"was decided on with {', '.join(sorted(skipped))} after it, which would be disabled"
    stands = Standing(reused.decided_on, reused.undecided)
    return may_stand(stands, now, holders, command.plan, key)


def _not_asked_in_time(command: Create, key: str, now: str) -> str | None:
    """Of one that is to be asked: whether anything would keep it from being, or not wait for it."""
    graph = command.plan.graph
    early = graph.downstream(key) & (command.reused.keys() - set(command.options.disabled_tasks))
    if early:
        return f"would not be waited for, as {', '.join(sorted(early))} is used again"
    if not is_conditional(command.plan, key):
        return None
    told = {
        before
        for before in decides_if_asked(command.plan, key)
        if before in command.options.disabled_tasks or before in command.reused
        if before not in command.reused or command.reused[before].context != now
        if not command.plan.tasks[before].disabled
    }
    if told:
        return f"is asked by what {', '.join(sorted(told))} give, which would not run"
    return None


def decides_if_asked(plan: CompiledFlow, key: str) -> Set[str]:
    """The tasks whose ends and results come before it: those of the flow, all of them, for one under `errors` or
    `finally`."""
    if plan.sections[key] is Section.TASKS:
        return plan.graph.upstream(key)
    main = {each for each in plan.outer_keys if plan.sections[each] is Section.TASKS}
    return plan.graph.upstream(key) | main


def is_conditional(plan: CompiledFlow, key: str) -> bool:
    """Tells whether it depends on what comes before if an approval is asked at all."""
    spec = plan.tasks[key]
    if isinstance(spec, ForeachTask) or spec.run_if is not RunIf.SUCCESS:
        return True
    return spec.when not in (None, True)


def _loosened(
    plan: CompiledFlow, asking: Set[str], latest: CompiledFlow | None
) -> Iterator[PassedBy]:
    """Names the tasks that ask in the newest revision, and not, or of others, in an older one."""
    if latest is None:
        return
    for key in latest.asking:
        held = latest.graph.downstream(key) & plan.tasks.keys()
        if (
            key not in asking
            or _asks_of(plan.tasks[key]) != _asks_of(latest.tasks[key])
            or not held <= plan.graph.downstream(key)
        ):
            told = f"asks in revision {latest.revision} as it does not in revision {plan.revision}"
            yield PassedBy(key, told, "revision")


def _asks_of(spec: TaskSpec) -> tuple[object, ...]:
    policy = (ApprovalPolicy.of(spec), spec.reuse) if isinstance(spec, ApprovalTask) else ()
    return spec.type, policy, spec.when, spec.run_if


# -- an execution that is there ----------------------------------------------------------------------------------------


def passed_by_change(execution: Execution, command: ChangeTaskRunState) -> list[PassedBy]:
    """Tells the approvals that a change would have go on undecided, or with other than was decided on."""
    task = execution.tasks[command.path]
    found = list(passed_by_going_on_from(execution, task, command.subflows))
    asking = execution.plan.asking | command.subflows
    if task.key in asking and command.outputs and task.ended and not found:
        found.append(PassedBy(task.path, "would be told to have been decided otherwise"))
    others = bool(command.outputs) or command.state is TaskRunState.FAILED
    found += _decided_on_others(execution, task, asking, others)
    return list({one.key: one for one in found}.values())


def passed_by_going_on_from(
    execution: Execution, task: TaskRun, subflows: Set[str] = frozenset()
) -> Iterator[PassedBy]:
    """Tells the undecided approvals: the task run itself, and those that it comes after."""
    asking = execution.plan.asking | subflows
    if task.key in asking and task.ended and not _is_decided(execution, task):
        yield PassedBy(task.path, f"was not approved: it is {task.state.value}")
    for around in _around(execution, task):
        for key in sorted(execution.plan.graph.upstream(around.key) & asking):
            before = execution.tasks[around.level + key]
            if before.state not in SUCCESSFUL_ENDS:
                yield PassedBy(before.path, f"was not approved: it is {before.state.value}")


def _is_decided(execution: Execution, task: TaskRun) -> bool:
    if task.state in SUCCESSFUL_ENDS:
        return True
    approval = task.approval
    approved = approval is not None and approval.state is ApprovalState.APPROVED
    return approved and task.decided_on == decided_on(execution, task)


def _decided_on_others(
    execution: Execution, task: TaskRun, asking: Set[str], others: bool
) -> Iterator[PassedBy]:
    for around in _around(execution, task):
        for key in sorted(execution.plan.graph.downstream(around.key) & asking):
            after = execution.tasks[around.level + key]
            if others and after.state in _ASKED:
                yield PassedBy(after.path, f"was decided on what {task.path} gave")
            elif is_conditional(execution.plan, key) and after.state in _NOT_ASKED_YET:
                yield PassedBy(after.path, f"is asked by what {task.path} gives")


_ASKED = SUCCESSFUL_ENDS | {TaskRunState.RUNNING, TaskRunState.WAITING_FOR_APPROVAL}
_NOT_ASKED_YET = frozenset({TaskRunState.CREATED, TaskRunState.CANCELLED})


def _around(execution: Execution, task: TaskRun) -> Iterator[TaskRun]:
    """The task run, and each foreach around it."""
    around: TaskRun | None = task
    while around is not None:
        yield around
        around = execution.tasks[around.parent] if around.parent is not None else None


def undecided(execution: Execution) -> list[PassedBy]:
    """The approvals that an execution has in no good end: it did not get past them."""
    return [
        PassedBy(task.path, f"was not approved: it is {task.state.value}")
        for task in execution.tasks.values()
        if task.state is TaskRunState.REJECTED
        or (task.key in execution.plan.asking and task.state not in SUCCESSFUL_ENDS)
    ]


def asked_with_other_labels(execution: Execution, labels: Mapping[str, str]) -> list[PassedBy]:
    """Tells the approvals that were asked before labels change that the flow's expressions read."""
    if context_of(copy_with(execution, labels=labels)) == context_of(execution):
        return []
    return [
        PassedBy(task.path, "was asked with other labels, which the flow reads", "labels")
        for task in execution.tasks.values()
        if task.decided_on is not None
    ]


def undecided_within(child: Execution) -> str | None:
    """Why the decisions made in an execution that a subflow started do not stand for another of the same."""
    if child.cached_from or child.plan.unreadable:
        return f"was not decided in {child.name}"
    for task in child.tasks.values():
        asks = task.parent is None and task.key in child.plan.asking
        if asks and (why := standing(child, task.key).undecided):
            return f"asks people: `{task.key}` {why}"
    return None
