"""The iterations of a foreach: added when its items are known, started as `max_parallel` allows, and waited for."""

from uuid import UUID

from models.events.events import ProgressReported, TaskError, TaskRunsAdded
from models.lifecycle.commands.outcomes import Errored, Failed, Killed, Succeeded
from models.lifecycle.ending import end_attempt, error_end
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.transition_builder import TransitionBuilder
from models.spec import ForeachTask
from models.states import STOPPED_ENDS, SUCCESSFUL_ENDS, TaskRunState

MAX_ITEMS = 10_000
MAX_TASK_RUNS = 20_000


def expand(builder: TransitionBuilder, task: TaskRun, items: object) -> None:
    """Adds the task runs of all iterations; without items the foreach succeeds at once."""
    spec = _spec(builder.execution, task)
    if not isinstance(items, list):
        error = TaskError("EXPRESSION", "`items` is not a list")
        end_attempt(builder, task, Errored(error), error_end(spec))
        return
    if excess := _too_many(builder.execution, len(items), len(spec.tasks)):
        end_attempt(builder, task, Errored(TaskError("TOO_MANY_ITEMS", excess)), error_end(spec))
        return
    builder.emit(ProgressReported(task.path, task.attempt, inputs={"items": items}))
    if not items:
        end_attempt(builder, task, Succeeded(), TaskRunState.SUCCESS)
        return
    added: dict[str, UUID] = {
        f"{task.path}[{index}].{child.id}": builder.context.new_id()
        for index in range(len(items))
        for child in spec.tasks
    }
    builder.emit(TaskRunsAdded(task.path, added))


def _too_many(execution: Execution, items: int, tasks: int) -> str | None:
    """Returns an error message if the execution would have too many iterations."""
    if items > MAX_ITEMS:
        return (
            f"{items} items; a foreach takes at most {MAX_ITEMS}: give it fewer, or lists of them"
        )
    existing = sum(map(len, execution.families.values()))
    if existing + items * tasks <= MAX_TASK_RUNS:
        return None
    return (
        f"{items} items make {items * tasks} task runs, besides {existing} in other iterations; an execution has "
        f"at most {MAX_TASK_RUNS} in its foreach tasks: give it fewer items, or let subflows handle some of them"
    )


class Iterations:
    """Counts the iterations that have begun while the caller starts more."""

    def __init__(self) -> None:
        self._active: dict[str, set[int | None]] = {}

    def may_start(self, execution: Execution, task: TaskRun) -> bool:
        """Checks whether the iteration of the task run has begun or may begin, and counts it as begun."""
        around = task.parent
        if around is None:
            return True
        foreach = execution.tasks[around]
        if foreach.state is not TaskRunState.RUNNING:
            return False
        most = _spec(execution, foreach).max_parallel
        if most is None:
            return True
        active = self._of(execution, foreach, most)
        if task.index not in active and len(active) >= most:
            return False
        active.add(task.index)
        return True

    def idle_tasks(self, execution: Execution, foreach: TaskRun) -> list[str]:
        """Returns the task runs of active iterations in which nothing runs: reset together with more iterations than
        may be active, they waited for their turn."""
        spec = _spec(execution, foreach)
        if spec.max_parallel is None or foreach.state is not TaskRunState.RUNNING:
            return []
        found: list[str] = []
        for index in sorted(self._of(execution, foreach, spec.max_parallel), key=lambda i: i or 0):
            paths = [f"{foreach.path}[{index}].{child.id}" for child in spec.tasks]
            tasks = [execution.tasks[path] for path in paths]
            if all(task.ended or task.state is TaskRunState.CREATED for task in tasks):
                found += paths
        return found

    def has_room(self, execution: Execution, foreach: TaskRun) -> bool:
        """Checks whether another iteration may begin. Without `max_parallel` all have begun already."""
        most = _spec(execution, foreach).max_parallel
        if most is None or foreach.state is not TaskRunState.RUNNING:
            return False
        return len(self._of(execution, foreach, most)) < most

    def _of(self, execution: Execution, foreach: TaskRun, most: int) -> set[int | None]:
        active = self._active.get(foreach.path)
        if active is None:
            active = self._active[foreach.path] = _active(execution, foreach, most)
        return active

    def close(self, builder: TransitionBuilder, task: TaskRun) -> None:
        """Ends a foreach once all its iterations have ended."""
        execution = builder.execution
        tasks = execution.tasks
        if any(not tasks[path].ended for path in execution.families.get(task.path, ())):
            return
        children = execution.children_of(task)
        if not children:
            return
        bad = [child for child in children if child.state not in SUCCESSFUL_ENDS]
        if bad and all(_was_dropped(child) for child in bad):
            end_attempt(builder, task, Killed(), TaskRunState.CANCELLED)
            return
        if not bad:
            end_attempt(builder, task, Succeeded(), TaskRunState.SUCCESS)
            return
        failed = len({child.index for child in bad})
        message = f"{failed} of {len(task.inputs['items'])} iterations did not succeed"
        error = TaskError("ITERATIONS", message)
        if execution.spec_of(task).allow_failure:
            end_attempt(builder, task, Failed(error), TaskRunState.WARNING)
        elif all(
            child.state in STOPPED_ENDS for child in bad
        ):  # children were cancelled: nothing has failed
            end_attempt(builder, task, Killed(error), TaskRunState.KILLED)
        else:
            end_attempt(builder, task, Failed(error), TaskRunState.FAILED)


def _was_dropped(task: TaskRun) -> bool:
    """Checks whether the task run was cancelled before it began; with an error, its child was cancelled instead."""
    return task.state is TaskRunState.CANCELLED and task.error is None


def _active(execution: Execution, foreach: TaskRun, most: int) -> set[int | None]:
    """Returns the iterations that have begun and not ended; if more than `most` were reset, the running ones."""
    children = execution.children_of(foreach)
    begun = [child for child in children if _shows_start(child)]
    begun = [child for child in begun if not execution.is_disabled(child)]
    known = {child.index for child in begun}
    at_work = {child.index for child in begun if not child.ended}
    waiting = (child.index for child in children if child.state is TaskRunState.CREATED)
    active = at_work | {index for index in waiting if index in known}
    return active if len(active) <= most else at_work


def _has_begun(execution: Execution, task: TaskRun) -> bool:
    """A disabled task does not count: it is skipped before its iteration begins."""
    return _shows_start(task) and not execution.is_disabled(task)


def _shows_start(task: TaskRun) -> bool:
    """Checks whether the task run shows that its iteration has begun. The condition of a reset one does not count."""
    if task.state is not TaskRunState.CREATED:
        return True
    return task.condition is not None and task.attempt == 0


def iteration_has_begun(execution: Execution, task: TaskRun) -> bool:
    """Checks the iteration of the task run; a task outside of a foreach has begun with the execution."""
    if task.parent is None:
        return True
    siblings = _spec(execution, execution.tasks[task.parent]).tasks
    return any(_has_begun(execution, execution.tasks[task.level + each.id]) for each in siblings)


def _spec(execution: Execution, task: TaskRun) -> ForeachTask:
    spec = execution.spec_of(task)
    assert isinstance(spec, ForeachTask)
    return spec
