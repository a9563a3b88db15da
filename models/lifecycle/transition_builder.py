"""The draft of one decision: emitted facts change the snapshot and create jobs; commands can be deferred."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.errors import Problem
from models.events.events import AttemptEnded, Event, Fact, TaskRunMoved
from models.lifecycle.apply.evolve import evolve
from models.lifecycle.apply.task_runs import changed, dict_of
from models.lifecycle.commands.commands import Deferrable, WakeUp
from models.lifecycle.commands.records import Delete
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import Execution, TaskRun, is_engine_task
from models.lifecycle.transition import Context, Deferred, Job, Transition, job_key
from models.states import (
    EXECUTION_MOVES,
    EXECUTION_RETURNS,
    TASK_RUN_MOVES,
    TASK_RUN_RETURNS,
    WAITING_FOR_WORKER,
    AttemptState,
    TaskRunState,
)


class TransitionBuilder:
    """`started` counts the task runs that this decision started; `is_behind`: it may start no more, but more can."""

    def __init__(self, execution: Execution, context: Context) -> None:
        self.execution = execution
        self.context = context
        self.events: list[Event] = []
        self.jobs: dict[str, Job] = {}
        self.withdrawn: list[str] = []
        self.deferred: list[Deferred] = []
        self.refused: Problem | None = None
        self.removal: Delete | None = None
        self.started = 0
        self.is_behind = False

    @property
    def now(self) -> datetime:
        return self.context.now

    def emit(self, fact: Fact) -> None:
        if isinstance(fact, AttemptEnded) and self._is_unsuccessful_work(fact):
            fact = copy_with(fact, sets_aside=True)
        event = Event(
            execution_id=self.execution.id,
            seq=self.execution.seq + 1,
            at=self.now,
            origin=self.context.origin,
            fact=fact,
            caused_by=self.events[0].seq if self.events else None,
        )
        self.execution = evolve(self.execution, event)
        self.events.append(event)
        if isinstance(fact, TaskRunMoved | AttemptEnded):
            self._update_job(fact)

    def _is_unsuccessful_work(self, fact: AttemptEnded) -> bool:
        """Checks for a worker's attempt that did not succeed: later tasks must not see its outputs. Outputs that the
        engine itself sets at an end, such as those of a decision, are kept."""
        newest = self.execution.tasks[fact.path].newest
        return fact.state is not AttemptState.SUCCESS and bool(newest and newest.worker)

    def move_task(self, task: TaskRun, to: TaskRunState) -> None:
        self.emit(TaskRunMoved(task.path, task.state, to))

    def requeue(self, task: TaskRun) -> None:
        """Replaces the job of a waiting task run by one with the execution's current priority."""
        self.withdrawn.append(job_key(task.id, task.attempt + 1))
        self.enqueue(task)

    def set_reused_outputs(self, path: str, outputs: Mapping[str, Any]) -> None:
        """Loads the outputs that another task run holds for this one; the events only name that task run."""
        task = copy_with(self.execution.tasks[path], carried=outputs)
        self.execution = copy_with(self.execution, tasks=changed(self.execution.tasks, task))

    def lease(self, path: str, lease: UUID) -> None:
        """Sets the lease of the attempt just started. It is not an event, as leases are no part of the history."""
        task = self.execution.tasks[path]
        assert task.newest
        leased = copy_with(task, newest=copy_with(task.newest, lease=lease))
        self.execution = copy_with(self.execution, tasks=changed(self.execution.tasks, leased))

    def enqueue(self, task: TaskRun) -> None:
        """Gives a QUEUED or RETRYING task run its job, due after its backoff; an engine task gets a timer."""
        delay = max(0.0, (task.retry_at - self.now).total_seconds()) if task.retry_at else 0.0
        execution = self.execution
        spec = execution.spec_of(task)
        if is_engine_task(spec):
            self.defer(WakeUp(task.path, task.attempt), delay)
            return
        queue = spec.queue
        self.jobs[task.path] = Job(
            task.id, task.path, task.attempt + 1, queue, execution.options.priority, delay
        )

    def defer(self, command: Deferrable, after: float = 0.0) -> None:
        """Runs `command` `after` seconds from now, in its own transaction."""
        self.deferred.append(Deferred(command, self.now + timedelta(seconds=after)))

    def defer_to(self, other: UUID, command: Deferrable, reason: str | None = None) -> None:
        """Runs `command` on another execution as soon as this decision is committed."""
        self.deferred.append(Deferred(command, self.now, other, reason))

    def close(self) -> Transition:
        tasks = dict_of(self.execution.tasks)
        if tasks is not self.execution.tasks:
            self.execution = copy_with(self.execution, tasks=tasks)
        return Transition(
            self.execution,
            tuple(self.events),
            tuple(self.jobs.values()),
            tuple(self.withdrawn),
            tuple(self.deferred),
            self.refused,
            self.removal,
        )

    def _update_job(self, fact: TaskRunMoved | AttemptEnded) -> None:
        task = self.execution.tasks[fact.path]
        if fact.to_state in WAITING_FOR_WORKER:
            self.enqueue(task)
        elif fact.from_state in WAITING_FOR_WORKER and self.jobs.pop(fact.path, None) is None:
            self.withdrawn.append(job_key(task.id, task.attempt + 1))


def check_moves(events: tuple[Event, ...]) -> None:
    """Raises AssertionError for a move that is not in the tables of `models.states`. For tests and the invariants."""
    for event in events:
        before, after = (
            getattr(event.fact, "from_state", None),
            getattr(event.fact, "to_state", None),
        )
        if before is None or after is None:
            continue
        if isinstance(before, TaskRunState):
            known = after in TASK_RUN_MOVES[before] | TASK_RUN_RETURNS[before]
        else:
            known = after in EXECUTION_MOVES[before] | EXECUTION_RETURNS[before]
        assert known, f"{before} -> {after} is not an allowed move ({event.fact})"
