"""A simulation of one execution: it takes commands, and nothing but `models.lifecycle` runs."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from models.events.events import ENGINE, CommandOrigin, Event
from models.ids import new_id
from models.lifecycle import decide
from models.lifecycle.apply.evolve import create, evolve
from models.lifecycle.commands.commands import (
    Command,
    Conclude,
    Continue,
    Create,
    Evaluate,
    Finish,
    Prepare,
    SetCondition,
    Start,
)
from models.lifecycle.commands.outcomes import AttemptOutcome
from models.lifecycle.copies import copy_with
from models.lifecycle.decide import begin
from models.lifecycle.snapshot import CompiledFlow, Execution, TaskRun
from models.lifecycle.transition import Context, Deferred, Job, Transition
from models.lifecycle.transition_builder import check_moves
from models.spec import parse_flow
from models.states import AttemptState, Channel, ExecutionState, TaskRunState
from tests.models.lifecycle.outcomes import outcome_of

MARIA = CommandOrigin("user:maria", Channel.API, "because")
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


class Stage:
    """Keeps the snapshot, the events, the waiting jobs and the deferred commands; time passes only by `pass_time`."""

    def __init__(self, source: str, **options: Any) -> None:
        self.now = START
        self.events: list[Event] = []
        self.jobs: dict[str, Job] = {}
        self.deferred: list[Deferred] = []
        spec = parse_flow(source)
        plan = CompiledFlow.of(new_id(), new_id(), 1, spec)
        self.execution = self._apply(begin(Create(plan, **options), self._context(MARIA), new_id()))

    @property
    def state(self) -> ExecutionState:
        return self.execution.state

    @property
    def states(self) -> dict[str, str]:
        return {path: task.state.value for path, task in self.execution.tasks.items()}

    def task(self, path: str) -> TaskRun:
        return self.execution.tasks[path]

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def submit(self, command: Command, origin: CommandOrigin = MARIA) -> Transition:
        transition = decide(self.execution, command, self._context(origin))
        if len(transition.execution.tasks) < 200:
            self._assert_nothing_is_left(transition)
        self.execution = self._apply(transition)
        return transition

    def _assert_nothing_is_left(self, transition: Transition) -> None:
        """Checks that advancing all task runs finds nothing more to do than advancing the affected ones."""
        if (
            isinstance(transition.execution.unsettled, frozenset)
            and not transition.execution.unsettled
        ):
            everything = copy_with(transition.execution, unsettled=None)
            assert decide(everything, Continue(), self._context(ENGINE)).events == ()

    def start(self, *paths: str) -> UUID:
        """A worker takes the jobs of these task runs. Returns the last lease."""
        lease = new_id()
        for path in paths:
            job = self.jobs[path]
            lease = new_id()
            self.submit(Start(path, job.attempt, new_id(), "worker:w1", lease), ENGINE)
        return lease

    def finish(
        self, path: str, end: AttemptState | AttemptOutcome, error: Any = None, **result: Any
    ) -> Transition:
        task = self.task(path)
        assert task.lease, f"{path} has no lease: it is {task.state}"
        return self.submit(
            Finish(path, task.lease, task.attempt, outcome_of(end, error), **result), ENGINE
        )

    def run(
        self, path: str, end: AttemptState | AttemptOutcome, error: Any = None, **result: Any
    ) -> Transition:
        self.start(path)
        return self.finish(path, end, error, **result)

    def deferred_command(self, kind: type[Any]) -> Deferred:
        """Returns the only deferred command of that kind."""
        (found,) = [each for each in self.deferred if isinstance(each.command, kind)]
        return found

    def run_deferred(self, deferred: Deferred) -> None:
        """Runs a deferred command at the time when it is due."""
        self.now = deferred.due
        assert isinstance(deferred.command, Command)
        self.submit(deferred.command, ENGINE)

    def evaluate(self, values: Mapping[str, Any] | None = None, error: Any = None) -> None:
        """Runs the deferred evaluations, all with the same result."""
        pending = [d for d in self.deferred if isinstance(d.command, Evaluate)]
        self.deferred = [d for d in self.deferred if d not in pending]
        for deferred in pending:
            what = deferred.command
            assert isinstance(what, Evaluate)
            given = error or values or {}
            if what.path is None:
                self.submit(Conclude(given), ENGINE)
            elif what.condition:
                self.submit(
                    SetCondition(what.path, what.attempt or 0, error or given["when"]), ENGINE
                )
            else:
                assert what.attempt
                self.submit(Prepare(what.path, what.attempt, given), ENGINE)

    def folded(self) -> Execution:
        first, *rest = self.events
        execution = create(self.execution.plan, first)
        for event in rest:
            execution = evolve(execution, event)
        return execution

    def moves(self, path: str | None = None) -> list[str]:
        """Returns the states that the execution, or one task run, went through."""
        return [
            fact.to_state.value
            for fact in map(_fact, self.events)
            if getattr(fact, "to_state", None) and getattr(fact, "path", None) == path
        ]

    def _context(self, origin: CommandOrigin) -> Context:
        return Context(self.now, new_id, lambda: 0.0, origin)

    def _apply(self, transition: Transition) -> Execution:
        check_moves(transition.events)
        self.events += transition.events
        for key in transition.withdrawn:
            self.jobs = {path: job for path, job in self.jobs.items() if job.key != key}
        self.jobs |= {job.path: job for job in transition.jobs}
        for path, task in transition.execution.tasks.items():
            if task.state not in (TaskRunState.QUEUED, TaskRunState.RETRYING):
                self.jobs.pop(path, None)
        self.deferred += transition.deferred
        return transition.execution


def _fact(event: Event) -> Any:
    return event.fact
