"""The plan of a rerun, told before it does anything: per task whether it runs, or whose outputs stand for it."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.lifecycle.origins import Reused
from models.lifecycle.outside import outside_of
from models.lifecycle.results import results_of
from models.lifecycle.snapshot import Execution, Plan, TaskRun
from models.similar import did_you_mean
from models.states import GOOD_ENDS, Section, TaskRunState
from models.viewer import Permission, Scope


class TaskPlan(StrEnum):
    RUN = "RUN"
    REUSE = "REUSE"
    CANNOT = "CANNOT"


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """`source` is the execution whose outputs are used again. `is_new`: the source's revision does not have it."""

    key: str
    plan: TaskPlan
    why: str
    source: UUID | None = None
    is_new: bool = False

    @property
    def runs(self) -> bool:
        return self.plan is TaskPlan.RUN


def plan_put_back(execution: Execution, put_back: Iterable[TaskRun]) -> list[PlannedTask]:
    """Of retryFailed and restart: what was put back and what has not run yet runs, the rest stays as it is."""
    again = {task.path for task in put_back}
    planned = []
    for task in execution.tasks.values():
        state = task.state.value
        if task.path in again:
            planned.append(PlannedTask(task.path, TaskPlan.RUN, f"was {state}"))
        elif task.ended:
            planned.append(PlannedTask(task.path, TaskPlan.REUSE, f"stays {state}", execution.id))
        else:
            planned.append(PlannedTask(task.path, TaskPlan.RUN, f"is {state} and goes on"))
    return planned


def plan_replay(source: Execution, plan: Plan, from_task: str | None) -> list[PlannedTask]:
    """From the start, or from a task: that one and all after it run; what comes before is used again.

    Raises Refused when there is no such task. CANNOT marks what the start needs and the source does not have.
    """
    if from_task is None:
        return [_from_the_start(source, key) for key in plan.outer_keys]
    start = _checked_start(plan, from_task)
    after = {start, *plan.graph.downstream(start)}
    needed = plan.graph.upstream(start)
    return [_planned(source, plan, key, start, after, needed) for key in plan.outer_keys]


def _from_the_start(source: Execution, key: str) -> PlannedTask:
    return PlannedTask(key, TaskPlan.RUN, "from the start", is_new=key not in source.plan.tasks)


def _checked_start(plan: Plan, from_task: str) -> str:
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
    source: Execution, plan: Plan, key: str, start: str, after: set[str], needed: frozenset[str]
) -> PlannedTask:
    is_new = key not in source.plan.tasks
    if plan.sections[key] is not Section.TASKS:
        return PlannedTask(key, TaskPlan.RUN, f"a {plan.sections[key].value} task", is_new=is_new)
    if key in after:
        why = "the start" if key == start else f"after {start}"
        return PlannedTask(key, TaskPlan.RUN, why, is_new=is_new)
    task = source.tasks.get(key)
    if task is not None and task.state in GOOD_ENDS:
        return PlannedTask(key, TaskPlan.REUSE, f"{task.state.value} in {source.name}", source.id)
    state = f"was {task.state.value} in {source.name}" if task else "is new"
    if key in needed:
        return PlannedTask(key, TaskPlan.CANNOT, f"{state}, and {start} needs it", is_new=is_new)
    return PlannedTask(key, TaskPlan.RUN, state, is_new=is_new)


def refuse_impossible(planned: Sequence[PlannedTask]) -> None:
    """Raises Refused for what CANNOT be, naming where to start instead."""
    impossible = [task for task in planned if task.plan is TaskPlan.CANNOT]
    if impossible:
        whys = "; ".join(f"{task.key} {task.why}" for task in impossible)
        raise Refused.because(
            ProblemCode.VALIDATION, f"{whys}; start from {impossible[0].key}", "fromTask"
        )


def refuse_unsaved(plan: Plan, permissions: Container[Permission]) -> None:
    """Whoever runs any text may as well save it. Raises Refused where nobody saved this one, as that of a test."""
    if not plan.is_saved and Permission.UPDATE_FLOW not in permissions:
        raise Refused.because(
            ProblemCode.FORBIDDEN,
            f"it ran a text that nobody saved: to run that again needs the permission {Permission.UPDATE_FLOW.value}; "
            "replay it with the LATEST revision",
            "revision",
        )


def refuse_reuse_from_outside(
    source: Execution, plan: Plan, reach: Scope, keys: Iterable[str], path: str
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


def plan_draft(source: Execution, plan: Plan) -> list[PlannedTask]:
    """Of prepareExecution: what succeeded, was skipped or cached is used again, the rest and what is new runs."""
    planned = []
    for key in plan.outer_keys:
        task = source.tasks.get(key)
        if task is None:
            planned.append(PlannedTask(key, TaskPlan.RUN, "is new", is_new=True))
        elif task.state in GOOD_ENDS and plan.sections[key] is Section.TASKS:
            why = f"{task.state.value} in {source.name}"
            planned.append(PlannedTask(key, TaskPlan.REUSE, why, source.id))
        else:
            planned.append(
                PlannedTask(key, TaskPlan.RUN, f"was {task.state.value} in {source.name}")
            )
    return planned


def reused(source: Execution, keys: Iterable[str]) -> Mapping[str, Reused]:
    """The source's task runs of these keys, for a replay: each with its end and where its outputs are."""
    return {
        key: Reused(task.state, task.holder, results_of(source, task))
        for key in keys
        if (task := source.tasks.get(key)) is not None and task.state in GOOD_ENDS
    }


def reused_when_disabled(source: Execution, keys: Iterable[str]) -> Mapping[str, Reused]:
    """The same for tasks that a rerun disables: they are SKIPPED, their outputs are there."""
    return {
        key: Reused(TaskRunState.SKIPPED, task.outputs_from, task.outputs)
        for key, task in reused(source, keys).items()
    }
