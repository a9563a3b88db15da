"""A command on its way through the engine, and what becomes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from models.errors import HeadwayError, Problem, ProblemCode, Refused
from models.events.events import (
    CommandOrigin,
    Event,
    ExecutionCreated,
    ExecutionMoved,
    KillForced,
    LabelsSet,
    Parent,
    TaskRunMoved,
)
from models.lifecycle.commands.commands import (
    Admit,
    Begin,
    Beginning,
    ChangeTaskRunState,
    Command,
    Create,
    Prepare,
    Report,
    Restart,
    Start,
)
from models.lifecycle.commands.subflows import FollowParent, ResumeChild, StopChild
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Transition
from models.states import TaskRunState
from models.task_error import TaskError
from runner.store import audit, bulk

_MANY = 500
_NEED_SLOTS = (Admit, Begin, Restart, ResumeChild, ChangeTaskRunState)
_OF_ONE = (Start, Report)
"""The commands that concern one task run, however many there are beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class CommandRequest:
    """A Create has no execution yet; `owed` names the promise that this keeps, `place` the row of a bulk that this
    carries out."""

    execution_id: UUID | None
    command: Command | Beginning
    origin: CommandOrigin
    owed: UUID | None = None
    place: bulk.BulkItemRef | None = None

    @property
    def parent(self) -> Parent | None:
        """Whose row is locked with that of the execution, for what is decided depends on it."""
        command = self.command
        if isinstance(command, Create):
            return command.links.parent
        return (
            command.parent if isinstance(command, FollowParent | ResumeChild | StopChild) else None
        )

    @property
    def concerned(self) -> set[UUID]:
        """The executions whose rows are locked."""
        found = {self.execution_id, self.parent.execution_id if self.parent else None}
        return {id for id in found if id}

    @property
    def job_id(self) -> int | None:
        """The job that a start takes."""
        return self.command.job_id if isinstance(self.command, Start) else None

    def concerns_many(self, execution: Execution) -> bool:
        """Whether there are task runs enough, or will be, that judging it may take longer than others should wait."""
        command = self.command
        if isinstance(command, _OF_ONE):
            return False
        settings = command.result if isinstance(command, Prepare) else {}
        items = None if isinstance(settings, TaskError) else settings.get("items")
        coming = len(items) if isinstance(items, list) else 0
        return len(execution.tasks) + coming > _MANY


Outcome = Transition | HeadwayError | None
"""The outcome of a command; None: its execution was locked by another process, ask again."""


class BatchRejected(HeadwayError):
    """Of commands that are carried out together or not at all, these were refused: nothing is to be written."""

    def __init__(self, refused: Mapping[CommandRequest, HeadwayError]) -> None:
        super().__init__(f"{len(refused)} were refused")
        self.refused = refused


def problem_of(error: HeadwayError) -> Problem:
    """The first one of a refusal; of a fault, what can be said of it."""
    if isinstance(error, Refused):
        return error.problems[0]
    return Problem(ProblemCode.UNAVAILABLE, str(error))


def is_refused(verdict: Outcome) -> bool:
    return isinstance(verdict, HeadwayError) or bool(verdict and verdict.refused)


def acts(verdicts: Mapping[CommandRequest, Outcome]) -> Iterator[audit.Act]:
    for request, verdict in verdicts.items():
        if isinstance(verdict, Transition):
            of = request.place.bulk_id if request.place else None
            yield audit.Act(request.origin, request.command, verdict, of)


def results(verdicts: Mapping[CommandRequest, Outcome]) -> Iterator[bulk.Result]:
    """Of the rows of bulks."""
    for request, verdict in verdicts.items():
        if request.place is None or verdict is None:
            continue
        if isinstance(verdict, HeadwayError):
            yield bulk.Result(request.place, problem_of(verdict))
        else:
            begun = isinstance(request.command, Beginning)
            yield bulk.Result(request.place, made=verdict.execution.id if begun else None)


def kills(event: Event) -> bool:
    fact = event.fact
    if isinstance(fact, TaskRunMoved):
        return fact.to_state is TaskRunState.KILLING
    return isinstance(fact, KillForced)


def parents_told(
    executions: Mapping[UUID, Execution], events: Mapping[UUID, Sequence[Event]]
) -> set[UUID]:
    """Executions with a child that is new, or has another state or other labels."""
    moved = (id for id, told in events.items() if any(map(_moves, told)))
    parents = (executions[id].parent for id in moved if id in executions)
    return {parent.execution_id for parent in parents if parent}


def _moves(event: Event) -> bool:
    return isinstance(event.fact, ExecutionCreated | ExecutionMoved | LabelsSet)


def flow_with_slots(request: CommandRequest, executions: Mapping[UUID, Execution]) -> UUID | None:
    """The flow of whose concurrency limit the command may need a slot; a creation knows whether there is a limit."""
    command = request.command
    if isinstance(command, Create):
        return command.plan.flow_id if command.limited else None
    id = request.execution_id
    if id is not None and id in executions and isinstance(command, _NEED_SLOTS):
        return executions[id].plan.flow_id
    return None
