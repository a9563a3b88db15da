"""The plan of a rerun, told before it does anything: per task whether it runs, or whose outputs stand for it."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from models.access.viewer import Permission, Scope
from models.errors import ProblemCode, Refused
from models.lifecycle.approvals.consent import (
    Standing,
    decides_if_asked,
    is_conditional,
    may_stand,
    standing,
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
    """`source` is the execution whose outputs are used again. `is_new`: the source's revision does not have it.
    `must_ask` is why the approval that it is, or has in it, cannot be left out or used again."""

    key: str
    plan: TaskPlan
    why: str
    source: UUID | None = None
    is_new: bool = False
    must_ask: str | None = None

    @property
    def runs(self) -> bool:
        return self.plan is TaskPlan.RUN


def plan_put_back(execution: Execution, put_back: Iterable[TaskRun]) -> list[PlannedTask]:
    """Of retryFailed and restart: what was put back and what has not run yet runs, the rest stays as it is."""
    again = {task.path for task in put_back}
    planned = []
    for task in execution.tasks.values():
        state = task.state.value
        if task.path in again and task.state in SUCCESSFUL_ENDS:
            why = f"was {state}; an approval whose decision does not hold is asked again"
            planned.append(PlannedTask(task.path, TaskPlan.RUN, why))
        elif task.path in again:
            planned.append(PlannedTask(task.path, TaskPlan.RUN, f"was {state}"))
        elif task.ended:
            planned.append(PlannedTask(task.path, TaskPlan.REUSE, f"stays {state}", execution.id))
        else:
            planned.append(PlannedTask(task.path, TaskPlan.RUN, f"is {state} and goes on"))
    return planned


@dataclass(frozen=True, slots=True)
class Begins:
    """The beginning of a new execution: the digest of its revision and inputs (`approvals.decided_on`), and the subflow
    tasks whose flows need approvals, as in `Create`."""

    context: str
    subflows: Mapping[str, str | None] = field(default_factory=dict)

    def asking(self, plan: CompiledFlow) -> set[str]:
        """The outer tasks that ask people."""
        return {key for key in plan.outer_keys if key in plan.asking or key in self.subflows}


def plan_replay(
    source: Execution,
    plan: CompiledFlow,
    from_task: str | None,
    begins: Begins,
    override: bool = False,
) -> list[PlannedTask]:
    """From the start, or from a task: that one and all after it run; what comes before is used again. An approval whose
    decision does not stand is asked again, and all after it runs; not where somebody is to `override` it.

    Raises Refused when there is no such task. CANNOT marks what the start needs and the source does not have.
    """
    if from_task is None:
        return [_from_the_start(source, key) for key in plan.outer_keys]
    start = _checked_start(plan, from_task)
    after = {start, *plan.graph.downstream(start)}
    needed = plan.graph.upstream(start)
    asked = {} if override else _asked_again(source, plan, begins, after, follow=True)
    return [_planned(source, plan, key, start, after, needed, asked) for key in plan.outer_keys]


def _asked_again(
    source: Execution, plan: CompiledFlow, begins: Begins, runs: set[str], follow: bool
) -> dict[str, str]:
    """By key, why an approval of the source does not stand; it is added to what `runs`, with all after it (`follow`),
    and so is what decides in the source's way if one is asked at all."""
    asked: dict[str, str] = {}
    runs |= {key for key in plan.outer_keys if plan.sections[key] is not Section.TASKS}
    size = -1
    while size != len(runs):
        size = len(runs)
        for key in plan.graph.order:
            if key not in begins.asking(plan):
                continue
            if key not in runs and (why := _why_not(source, plan, begins, key, runs)):
                asked[key] = why
                runs |= {key, *(plan.graph.downstream(key) if follow else ())}
            if key in runs and is_conditional(plan, key) and begins.context != context_of(source):
                off = {each for each in plan.tasks if plan.tasks[each].disabled}
                before = decides_if_asked(plan, key) - off
                runs |= before
                if follow:
                    runs |= set().union(*(plan.graph.downstream(each) for each in before))
    return asked


def _why_not(
    source: Execution, plan: CompiledFlow, begins: Begins, key: str, runs: set[str]
) -> str | None:
    """None where it stands, or where the source has nothing that could be used again."""
    task = source.tasks.get(key)
    if task is None or task.state not in SUCCESSFUL_ENDS:
        return None
    holders = {
        each.key: each.holder
        for each in source.tasks.values()
        if each.parent is None and each.key not in runs and each.state in SUCCESSFUL_ENDS
    }
    return may_stand(standing(source, key, begins.subflows), begins.context, holders, plan, key)


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
            f"`{from_task}` stands under `{plan.sections[start].value}`; name one of the flow's tasks",
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
    asked: Mapping[str, str],
) -> PlannedTask:
    is_new = key not in source.plan.tasks
    if key in asked:
        return _asks(key, asked[key], is_new)
    if plan.sections[key] is not Section.TASKS:
        return PlannedTask(key, TaskPlan.RUN, f"a {plan.sections[key].value} task", is_new=is_new)
    if key in after:
        why = "the start" if key == start else f"after {start}"
        if key != start and key not in plan.graph.downstream(start):
            why = f"{_asking_beside(plan, key, asked)} is asked again"
        return PlannedTask(key, TaskPlan.RUN, why, is_new=is_new)
    task = source.tasks.get(key)
    if task is not None and task.state in SUCCESSFUL_ENDS:
        return PlannedTask(key, TaskPlan.REUSE, f"{task.state.value} in {source.name}", source.id)
    state = f"was {task.state.value} in {source.name}" if task else "is new"
    if key in needed:
        return PlannedTask(key, TaskPlan.CANNOT, f"{state}, and {start} needs it", is_new=is_new)
    return PlannedTask(key, TaskPlan.RUN, state, is_new=is_new)


def _asks(key: str, why: str, is_new: bool) -> PlannedTask:
    return PlannedTask(key, TaskPlan.RUN, f"asks again: it {why}", is_new=is_new, must_ask=why)


def _asking_beside(plan: CompiledFlow, key: str, asked: Mapping[str, str]) -> str:
    """The approval before it, or else after it, for which it runs again."""
    before = [each for each in asked if each in plan.graph.upstream(key)]
    after = [each for each in plan.graph.downstream(key) if each in plan.asking]
    return next(iter([*before, *sorted(after)]), "an approval")


def refuse_impossible(planned: Sequence[PlannedTask]) -> None:
    """Raises Refused for what CANNOT be, naming where to start instead."""
    impossible = [task for task in planned if task.plan is TaskPlan.CANNOT]
    if impossible:
        whys = "; ".join(f"{task.key} {task.why}" for task in impossible)
        raise Refused.because(
            ProblemCode.VALIDATION, f"{whys}; start from {impossible[0].key}", "fromTask"
        )


def refuse_unsaved(plan: CompiledFlow, permissions: Container[Permission]) -> None:
    """Whoever runs any text may as well save it. Raises Refused where nobody saved this one, as that of a test."""
    if not plan.is_saved and Permission.UPDATE_FLOW not in permissions:
        raise Refused.because(
            ProblemCode.FORBIDDEN,
            f"it ran a text that nobody saved: to run that again needs the permission {Permission.UPDATE_FLOW.value}; "
            "replay it with the LATEST revision",
            "revision",
        )


def refuse_reuse_from_outside(
    source: Execution, plan: CompiledFlow, reach: Scope, keys: Iterable[str], path: str
) -> None:
    """Raises Refused where another revision than the source's would get what flows outside of `reach` gave the source:
    its own words say what becomes of that, those of another would say it anew."""
    if plan.revision_id == source.plan.revision_id:
        return
    outside = outside_of(source.plan, reach, source.scope)
    kept = [key for key in keys if key in source.tasks and outside.holds(key)]
    if kept:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{kept[0]} holds outputs of a flow that does not exist for this execution, and another revision "
            "may not use them; take the source's own revision, or run the task again",
            path,
        )


def plan_draft(source: Execution, plan: CompiledFlow, begins: Begins) -> list[PlannedTask]:
    """Of prepareExecution: what succeeded, was skipped or cached is used again, the rest and what is new runs, and so
    does an approval whose decision does not stand."""
    runs = {key for key in plan.outer_keys if not _is_good(source, plan, key)}
    late = set(runs)
    asked = _asked_again(source, plan, begins, runs, follow=False)
    return [
        _drafted(source, plan, key, asked, begins)
        if key in late or key not in runs or key in asked
        else PlannedTask(key, TaskPlan.RUN, f"{_asking_beside(plan, key, asked)} is asked again")
        for key in plan.outer_keys
    ]


def _is_good(source: Execution, plan: CompiledFlow, key: str) -> bool:
    task = source.tasks.get(key)
    return (
        task is not None and task.state in SUCCESSFUL_ENDS and plan.sections[key] is Section.TASKS
    )


def _drafted(
    source: Execution, plan: CompiledFlow, key: str, asked: Mapping[str, str], begins: Begins
) -> PlannedTask:
    task = source.tasks.get(key)
    if key in asked:
        return _asks(key, asked[key], is_new=task is None)
    must_ask = "asks people" if key in begins.asking(plan) else None
    if task is None:
        return PlannedTask(key, TaskPlan.RUN, "is new", is_new=True, must_ask=must_ask)
    if _is_good(source, plan, key):
        return PlannedTask(key, TaskPlan.REUSE, f"{task.state.value} in {source.name}", source.id)
    why = f"was {task.state.value} in {source.name}"
    return PlannedTask(key, TaskPlan.RUN, why, must_ask=must_ask)


def reused(
    source: Execution, keys: Iterable[str], plan: CompiledFlow, begins: Begins
) -> Mapping[str, Reused]:
    """The source's task runs of these keys, for a replay: each with its end, where its outputs are, and what was
    decided there."""
    asking = begins.asking(plan)
    before = None if source.plan.unreadable else context_of(source)
    found = {}
    for key in keys:
        task = source.tasks.get(key)
        if task is None or task.state not in SUCCESSFUL_ENDS:
            continue
        stands = standing(source, key, begins.subflows) if key in asking else Standing(None)
        found[key] = Reused(
            task.state,
            task.holder,
            results_of(source, task),
            before,
            stands.decided_on,
            stands.undecided,
        )
    return found


def reused_when_disabled(
    source: Execution, keys: Iterable[str], plan: CompiledFlow, begins: Begins
) -> Mapping[str, Reused]:
    """The same for tasks that a rerun disables: they are SKIPPED, their outputs are there."""
    return {
        key: replace(found, state=TaskRunState.SKIPPED)
        for key, found in reused(source, keys, plan, begins).items()
    }
