"""Plans a rerun before it is done: for each task whether it runs, or from where its outputs are reused."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from models.access.viewer import Permission, Scope
from models.errors import ProblemCode, Refused
from models.lifecycle.approvals.consent import (
    EarlierDecision,
    decides_if_requested,
    earlier_decision,
    is_conditional,
    why_not_reusable,
)
from models.lifecycle.approvals.decided_on import context_of
from models.lifecycle.provenance import Reused
from models.lifecycle.results import results_of
from models.lifecycle.snapshot import CompiledFlow, Execution, TaskRun
from models.lifecycle.visibility.outside import outside_of
from models.similar import did_you_mean
from models.states import SUCCESSFUL_ENDS, Section, TaskRunState


class TaskPlan(StrEnum):
    RUN = "RUN"
    REUSE = "REUSE"
    CANNOT = "CANNOT"


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """`source` is the execution whose outputs are reused. `is_new`: the source's revision does not have the task.
    `must_ask` is why the approval that it is, or contains, cannot be disabled or reused."""

    key: str
    plan: TaskPlan
    why: str
    source: UUID | None = None
    is_new: bool = False
    must_ask: str | None = None

    @property
    def runs(self) -> bool:
        return self.plan is TaskPlan.RUN


def plan_reset(execution: Execution, reset: Iterable[TaskRun]) -> list[PlannedTask]:
    """Plans retryFailed or restart: the tasks to reset and those that have not run yet run, the others stay."""
    paths = {task.path for task in reset}
    planned = []
    for task in execution.tasks.values():
        state = task.state.value
        if task.path in paths and task.state in SUCCESSFUL_ENDS:
            why = f"was {state}; runs again because an approval has to be decided again"
            planned.append(PlannedTask(task.path, TaskPlan.RUN, why))
        elif task.path in paths:
            planned.append(PlannedTask(task.path, TaskPlan.RUN, f"was {state}"))
        elif task.ended:
            why = f"is {state}; does not run again"
            planned.append(PlannedTask(task.path, TaskPlan.REUSE, why, execution.id))
        else:
            planned.append(PlannedTask(task.path, TaskPlan.RUN, f"is {state} and continues"))
    return planned


@dataclass(frozen=True, slots=True)
class NewExecution:
    """A new execution to plan: the digest of its revision and inputs (`approvals.decided_on`), and the subflow tasks
    whose flows need approvals, as in `Create`."""

    context: str
    subflows: Mapping[str, str | None] = field(default_factory=dict)

    def asking(self, plan: CompiledFlow) -> set[str]:
        """Returns the outer tasks that need an approval."""
        return {key for key in plan.outer_keys if key in plan.asking or key in self.subflows}


def plan_replay(
    source: Execution,
    plan: CompiledFlow,
    from_task: str | None,
    target: NewExecution,
    override: bool = False,
) -> list[PlannedTask]:
    """Plans a replay from the start, or from a task: it and all after it run; what comes before is reused. An approval
    whose decision cannot be reused is requested again, and all after it runs, except with `override`.

    Raises Refused if there is no such task. CANNOT marks what the start needs and the source does not have.
    """
    if from_task is None:
        return [_from_the_start(source, key) for key in plan.outer_keys]
    start = _checked_start(plan, from_task)
    after = {start, *plan.graph.downstream(start)}
    needed = plan.graph.upstream(start)
    to_decide = {} if override else _requested_again(source, plan, target, after, follow=True)
    return [_planned(source, plan, key, start, after, needed, to_decide) for key in plan.outer_keys]


def _requested_again(
    source: Execution, plan: CompiledFlow, target: NewExecution, runs: set[str], follow: bool
) -> dict[str, str]:
    """Returns, by key, why a decision of the source cannot be reused. Adds these approvals to `runs`, with all after
    them (`follow`), and also the tasks that decide whether an approval is requested at all."""
    to_decide: dict[str, str] = {}
    runs |= {key for key in plan.outer_keys if plan.sections[key] is not Section.TASKS}
    size = -1
    while size != len(runs):
        size = len(runs)
        for key in plan.graph.order:
            if key not in target.asking(plan):
                continue
            if key not in runs and (why := _why_not(source, plan, target, key, runs)):
                to_decide[key] = why
                runs |= {key, *(plan.graph.downstream(key) if follow else ())}
            if key in runs and is_conditional(plan, key) and target.context != context_of(source):
                off = {each for each in plan.tasks if plan.tasks[each].disabled}
                before = decides_if_requested(plan, key) - off
                runs |= before
                if follow:
                    runs |= set().union(*(plan.graph.downstream(each) for each in before))
    return to_decide


def _why_not(
    source: Execution, plan: CompiledFlow, target: NewExecution, key: str, runs: set[str]
) -> str | None:
    """Returns why the decision cannot be reused; None if it can, or if the source has nothing to reuse."""
    task = source.tasks.get(key)
    if task is None or task.state not in SUCCESSFUL_ENDS:
        return None
    output_sources = {
        each.key: each.output_source
        for each in source.tasks.values()
        if each.parent is None and each.key not in runs and each.state in SUCCESSFUL_ENDS
    }
    decision = earlier_decision(source, key, target.subflows)
    return why_not_reusable(decision, target.context, output_sources, plan, key)


def _from_the_start(source: Execution, key: str) -> PlannedTask:
    return PlannedTask(key, TaskPlan.RUN, "from the start", is_new=key not in source.plan.tasks)


def _checked_start(plan: CompiledFlow, from_task: str) -> str:
    if from_task not in plan.tasks:
        hint = did_you_mean(from_task, plan.tasks)
        raise Refused.because(
            ProblemCode.VALIDATION, f"the flow has no task `{from_task}`{hint}", "fromTask"
        )
    start = plan.outermost(from_task)
    if plan.sections[start] is not Section.TASKS:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"`{from_task}` is in `{plan.sections[start].value}`; choose one of the flow's tasks",
            "fromTask",
        )
    return start


def _planned(
    source: Execution,
    plan: CompiledFlow,
    key: str,
    start: str,
    after: set[str],
    needed: frozenset[str],
    to_decide: Mapping[str, str],
) -> PlannedTask:
    is_new = key not in source.plan.tasks
    if key in to_decide:
        return _runs_for_decision(key, to_decide[key], is_new)
    if plan.sections[key] is not Section.TASKS:
        return PlannedTask(key, TaskPlan.RUN, f"a {plan.sections[key].value} task", is_new=is_new)
    if key in after:
        why = "the replay starts here" if key == start else f"after {start}"
        if key != start and key not in plan.graph.downstream(start):
            why = f"{_nearest_approval(plan, key, to_decide)} has to be decided again"
        return PlannedTask(key, TaskPlan.RUN, why, is_new=is_new)
    task = source.tasks.get(key)
    if task is not None and task.state in SUCCESSFUL_ENDS:
        return PlannedTask(key, TaskPlan.REUSE, f"{task.state.value} in {source.name}", source.id)
    state = f"was {task.state.value} in {source.name}" if task else "is new"
    if key in needed:
        return PlannedTask(key, TaskPlan.CANNOT, f"{state}, and {start} needs it", is_new=is_new)
    return PlannedTask(key, TaskPlan.RUN, state, is_new=is_new)


def _runs_for_decision(key: str, why: str, is_new: bool) -> PlannedTask:
    return PlannedTask(
        key, TaskPlan.RUN, f"needs a new decision: it {why}", is_new=is_new, must_ask=why
    )


def _nearest_approval(plan: CompiledFlow, key: str, to_decide: Mapping[str, str]) -> str:
    """Returns the approval before it, or else after it, for which it runs again."""
    before = [each for each in to_decide if each in plan.graph.upstream(key)]
    after = [each for each in plan.graph.downstream(key) if each in plan.asking]
    return next(iter([*before, *sorted(after)]), "an approval")


def refuse_impossible(planned: Sequence[PlannedTask]) -> None:
    """Raises Refused for tasks that CANNOT be reused, and names where to start instead."""
    impossible = [task for task in planned if task.plan is TaskPlan.CANNOT]
    if impossible:
        whys = "; ".join(f"{task.key} {task.why}" for task in impossible)
        raise Refused.because(
            ProblemCode.VALIDATION, f"{whys}; start from {impossible[0].key}", "fromTask"
        )


def refuse_unsaved(plan: CompiledFlow, permissions: Container[Permission]) -> None:
    """Raises Refused for a text that was run without being saved, if the viewer may not save flows."""
    if not plan.is_saved and Permission.UPDATE_FLOW not in permissions:
        raise Refused.because(
            ProblemCode.FORBIDDEN,
            f"it ran an unsaved text: running that again requires the permission {Permission.UPDATE_FLOW.value}; "
            "replay it with the LATEST revision instead",
            "revision",
        )


def refuse_reuse_from_outside(
    source: Execution, plan: CompiledFlow, reach: Scope, keys: Iterable[str], path: str
) -> None:
    """Raises Refused if a revision other than the source's would reuse outputs of flows outside of `reach`: only the
    source's own revision was allowed to use them."""
    if plan.revision_id == source.plan.revision_id:
        return
    outside = outside_of(source.plan, reach, source.scope)
    kept = [key for key in keys if key in source.tasks and outside.holds(key)]
    if kept:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{kept[0]} has outputs of a flow that does not exist for this execution, and another revision "
            "may not use them; use the source's own revision, or run the task again",
            path,
        )


def plan_draft(source: Execution, plan: CompiledFlow, target: NewExecution) -> list[PlannedTask]:
    """Plans prepareExecution: tasks that succeeded, were skipped or cached are reused; the others and new ones run, and
    so do approvals whose decision cannot be reused."""
    runs = {key for key in plan.outer_keys if not _is_good(source, plan, key)}
    late = set(runs)
    to_decide = _requested_again(source, plan, target, runs, follow=False)
    return [
        _drafted(source, plan, key, to_decide, target)
        if key in late or key not in runs or key in to_decide
        else PlannedTask(
            key, TaskPlan.RUN, f"{_nearest_approval(plan, key, to_decide)} has to be decided again"
        )
        for key in plan.outer_keys
    ]


def _is_good(source: Execution, plan: CompiledFlow, key: str) -> bool:
    task = source.tasks.get(key)
    return (
        task is not None and task.state in SUCCESSFUL_ENDS and plan.sections[key] is Section.TASKS
    )


def _drafted(
    source: Execution,
    plan: CompiledFlow,
    key: str,
    to_decide: Mapping[str, str],
    target: NewExecution,
) -> PlannedTask:
    task = source.tasks.get(key)
    if key in to_decide:
        return _runs_for_decision(key, to_decide[key], is_new=task is None)
    must_ask = "needs an approval" if key in target.asking(plan) else None
    if task is None:
        return PlannedTask(key, TaskPlan.RUN, "is new", is_new=True, must_ask=must_ask)
    if _is_good(source, plan, key):
        return PlannedTask(key, TaskPlan.REUSE, f"{task.state.value} in {source.name}", source.id)
    why = f"was {task.state.value} in {source.name}"
    return PlannedTask(key, TaskPlan.RUN, why, must_ask=must_ask)


def reused(
    source: Execution, keys: Iterable[str], plan: CompiledFlow, target: NewExecution
) -> Mapping[str, Reused]:
    """Returns the source's task runs of these keys, for a replay: each with its end, the id of its outputs, and what
    was decided on."""
    asking = target.asking(plan)
    before = None if source.plan.unreadable else context_of(source)
    found = {}
    for key in keys:
        task = source.tasks.get(key)
        if task is None or task.state not in SUCCESSFUL_ENDS:
            continue
        decision = (
            earlier_decision(source, key, target.subflows)
            if key in asking
            else EarlierDecision(None)
        )
        found[key] = Reused(
            task.state,
            task.output_source,
            results_of(source, task),
            before,
            decision.decided_on,
            decision.undecided,
        )
    return found


def reused_when_disabled(
    source: Execution, keys: Iterable[str], plan: CompiledFlow, target: NewExecution
) -> Mapping[str, Reused]:
    """Returns the same for tasks that a rerun disables: they are SKIPPED, but have their outputs."""
    return {
        key: replace(found, state=TaskRunState.SKIPPED)
        for key, found in reused(source, keys, plan, target).items()
    }
