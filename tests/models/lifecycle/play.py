"""A play: workers, the runner, people and the clock act on an execution in an order that is always the same.

The names of the tasks decide how they end; a name may end in `-2`, and then means the third iteration only:

- `bad` fails (an approval is rejected, the child of a subflow ends FAILED), `err` cannot be evaluated, `lost` loses its
  worker, `flaky` fails at its first attempt only; all others succeed
- `slow` ends only when no other can; so do `stuck`, though never once it is to stop, and `linger`, though never in an
  execution that is being killed; `endless` ends only when it is to stop
- `held` is not taken by a worker while anything else can happen, `silent` is never decided by people
- `never` is a `when` that does not hold

In each step the first possible thing happens: side effects run; workers take all jobs that they can; failing tasks end;
the others end, in the document's order; the slow ones end; held jobs are taken; people decide and send events; time
passes to the next timer.
"""

import re
from collections.abc import Callable
from typing import Any

from models.events.events import ENGINE, TaskError
from models.ids import new_id
from models.lifecycle.commands.commands import (
    Cancel,
    CastVote,
    Conclude,
    Evaluate,
    Lose,
    Pause,
    Prepare,
    Resume,
    SetCondition,
    Signal,
    Start,
    StartChild,
)
from models.lifecycle.commands.outcomes import Errored
from models.lifecycle.commands.subflows import Adopt, ChildEnded, FollowParent, StopChild
from models.lifecycle.snapshot import TaskRun
from models.lifecycle.transition import Deferred
from models.spec import ApprovalTask, ForeachTask, WaitTask
from models.states import AttemptState, ExecutionState, TaskRunState, VoteDecision
from tests.models.lifecycle.stage import Stage

ERROR = TaskError("EXPRESSION", "it cannot be evaluated")
SLOW = frozenset({"slow", "stuck", "linger"})
FAILING = frozenset({"bad", "err", "lost", "flaky"})
MAX_STEPS = 500


class Play:
    """`event` happens once the task `at`, or the first one that is to fail, runs."""

    def __init__(self, stage: Stage, event: str, at: str | None = None) -> None:
        self.stage = stage
        self.at = at
        self.due: str | None = event
        self.taken: dict[str, int] = {}

    def perform(self, check: Callable[[Stage], None]) -> None:
        acts = (
            self._run_side_effects,
            self._take_jobs,
            self._apply_event,
            self._end_one,
            self._resume,
            self._take_held_jobs,
            self._let_people_decide,
            self._pass_time,
        )
        for _ in range(MAX_STEPS):
            check(self.stage)
            if self.stage.execution.ended:
                return
            assert any(act() for act in acts), f"stuck: {self.stage.state} {self.stage.states}"
        raise AssertionError(f"no end: {self.stage.state} {self.stage.states}")

    # -- the event ----------------------------------------------------------------------------------------------------

    def _apply_event(self) -> bool:
        if self.due is None or self.due == "fail" or not any(map(self._is_its_time, self._tasks())):
            return False
        event, self.due = self.due, None
        self.stage.submit(Cancel() if event == "kill" else Pause())
        return True

    def _is_its_time(self, task: TaskRun) -> bool:
        runs = task.state in (TaskRunState.RUNNING, TaskRunState.WAITING_FOR_APPROVAL)
        return runs and (task.path == self.at if self.at else self._says(task) in FAILING)

    def _resume(self) -> bool:
        if self.stage.state is not ExecutionState.PAUSED:
            return False
        self.stage.submit(Resume())
        return True

    # -- deferred commands --------------------------------------------------------------------------------------------

    def _run_side_effects(self) -> bool:
        pending = [d for d in self.stage.deferred if isinstance(d.command, Evaluate | StartChild)]
        stopped = [d for d in self.stage.deferred if d.to is not None]
        self.stage.deferred = [d for d in self.stage.deferred if d not in pending + stopped]
        for deferred in pending:
            self._run_side_effect(deferred)
        for deferred in stopped:
            self._stop_child(deferred)
        return bool(pending or stopped)

    def _run_side_effect(self, deferred: Deferred) -> None:
        command = deferred.command
        assert isinstance(command, Evaluate | StartChild)
        if command.path is None:
            self.stage.submit(Conclude({"x": 1}), ENGINE)
            return
        task, number = self.stage.task(command.path), command.attempt
        assert number is not None
        if isinstance(command, StartChild):
            self.stage.submit(Adopt(command.path, number, new_id()), ENGINE)
            return
        error = ERROR if self._says(task) == "err" else None
        if command.condition:
            result = error or self._says(task) != "never"
            self.stage.submit(SetCondition(command.path, number, result), ENGINE)
        else:
            self.stage.submit(Prepare(command.path, number, error or self._values(task)), ENGINE)

    def _values(self, task: TaskRun) -> dict[str, Any]:
        spec = self.stage.execution.spec_of(task)
        if isinstance(spec, ForeachTask):
            return {"items": spec.items}
        return {"seconds": spec.duration} if isinstance(spec, WaitTask) else {}

    def _stop_child(self, deferred: Deferred) -> None:
        """Ends the child. Only its end is simulated, so a pause of its parent has no effect on it."""
        if isinstance(deferred.command, FollowParent):
            return
        assert isinstance(deferred.command, StopChild)
        for task in self._tasks():
            if task.child == deferred.to:
                self._end_child(task, ExecutionState.KILLED)

    # -- workers ------------------------------------------------------------------------------------------------------

    def _take_jobs(self) -> bool:
        """A job that is taken while the execution is paused is dropped."""
        due = [path for path in self._jobs_due() if self._says(path) != "held" or self._is_paused]
        for path in due:
            self._take(path)
        return bool(due)

    def _take_held_jobs(self) -> bool:
        due = self._jobs_due()
        if due:
            self._take(due[0])
        return bool(due)

    def _jobs_due(self) -> list[str]:
        tasks = self.stage.execution.tasks
        waits = {
            path
            for path in self.stage.jobs
            if (tasks[path].retry_at or self.stage.now) > self.stage.now
        }
        return sorted(self.stage.jobs.keys() - waits, key=lambda path: tasks[path].position)

    def _take(self, path: str) -> None:
        job = self.stage.jobs.pop(path)
        transition = self.stage.submit(
            Start(path, job.attempt, new_id(), "worker:w1", new_id()), ENGINE
        )
        assert bool(transition.refused) is self._is_paused

    def _end_one(self) -> bool:
        ending = [task for task in self._tasks() if self._can_end(task)]
        if not ending:
            return False
        self._end(min(ending, key=self._turn))
        return True

    def _can_end(self, task: TaskRun) -> bool:
        says, stops = self._says(task), task.state is TaskRunState.KILLING
        if task.state is TaskRunState.WAITING_FOR_APPROVAL:
            approval = task.approval
            return says == "bad" and approval is not None and not approval.votes
        if task.lease is None and (task.child is None or task.state is not TaskRunState.RUNNING):
            return False
        return not (
            (says == "endless" and not stops)
            or (says == "stuck" and stops)
            or (says == "linger" and self._is_killing and not stops)
            or (says == "slow" and self._is_paused)
        )

    def _turn(self, task: TaskRun) -> tuple[bool, bool, int]:
        says = self._says(task)
        return says not in FAILING, says in SLOW, task.position

    def _end(self, task: TaskRun) -> None:
        says = self._says(task)
        fails = says == "bad" or (says == "flaky" and task.attempt == 1)
        if task.state is TaskRunState.WAITING_FOR_APPROVAL:
            self._vote(task, VoteDecision.REJECT)
        elif task.lease is None:
            self._end_child(task, ExecutionState.FAILED if fails else ExecutionState.SUCCESS)
        elif task.state is TaskRunState.KILLING:
            self.stage.finish(task.path, AttemptState.KILLED)
        elif says == "lost":
            self.stage.submit(Lose(task.path, task.lease), ENGINE)
        elif says == "err":
            self.stage.finish(task.path, Errored(ERROR))
        else:
            self.stage.finish(task.path, AttemptState.FAILED if fails else AttemptState.SUCCESS)

    def _end_child(self, task: TaskRun, state: ExecutionState) -> None:
        assert task.child
        ended = ChildEnded(task.path, task.attempt, task.child, "child", state, {})
        self.stage.submit(ended, ENGINE)

    # -- people and time ----------------------------------------------------------------------------------------------

    def _let_people_decide(self) -> bool:
        for task in self._tasks():
            spec = self.stage.execution.spec_of(task)
            if self._says(task) == "silent":
                continue
            if isinstance(spec, ApprovalTask) and task.state is TaskRunState.WAITING_FOR_APPROVAL:
                self._vote(task, VoteDecision.APPROVE)
                return True
            if isinstance(spec, WaitTask) and spec.event and task.state is TaskRunState.RUNNING:
                self.stage.submit(Signal(spec.event))
                return True
        return False

    def _vote(self, task: TaskRun, decision: VoteDecision) -> None:
        assert task.approval
        self.stage.submit(CastVote(task.approval.id, decision, frozenset()))

    def _pass_time(self) -> bool:
        """Passes the time to the next timer; a waiting job is due then too."""
        timers = sorted(self.stage.deferred, key=lambda deferred: deferred.due)
        tasks = self.stage.execution.tasks
        retries = [at for path in self.stage.jobs if (at := tasks[path].retry_at)]
        if retries and (not timers or min(retries) <= timers[0].due):
            self.stage.now = min(retries)
            return True
        if not timers:
            return False
        self.stage.deferred.remove(timers[0])
        self.stage.now = max(self.stage.now, timers[0].due)
        self.stage.submit(timers[0].command, ENGINE)  # type: ignore[arg-type]
        return True

    # -- who is who ---------------------------------------------------------------------------------------------------

    @property
    def _is_paused(self) -> bool:
        return self.stage.state is ExecutionState.PAUSED

    @property
    def _is_killing(self) -> bool:
        return self.stage.state is ExecutionState.KILLING

    def _tasks(self) -> list[TaskRun]:
        return list(self.stage.execution.tasks.values())

    def _says(self, task: TaskRun | str) -> str:
        """Returns the name of the task; empty in iterations that its name does not mean."""
        path = task if isinstance(task, str) else task.path
        key, _, iteration = path.rpartition(".")[2].partition("-")
        if iteration and f"[{iteration}]" not in re.findall(r"\[\d+\]", path)[-1:]:
            return ""
        return key.rstrip("0123456789")
