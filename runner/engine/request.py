"""The request of a command to the engine, and its outcome."""

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
"""Commands that concern one task run, however many the execution has."""


@dataclass(frozen=True, slots=True, eq=False)
class CommandRequest:
    """`execution_id` is None for a Beginning. `deferred_id` is the row of a deferred command, `bulk_item` the row of a
    bulk action."""

    execution_id: UUID | None
    command: Command | Beginning
    origin: CommandOrigin
    deferred_id: UUID | None = None
    bulk_item: bulk.BulkItemRef | None = None

    @property
    def parent(self) -> Parent | None:
        """The parent execution on which the decision depends: its row is locked too."""
        command = self.command
        if isinstance(command, Create):
            return command.links.parent
        return (
            command.parent if isinstance(command, FollowParent | ResumeChild | StopChild) else None
        )

    @property
    def locked_ids(self) -> set[UUID]:
        """The executions whose rows are locked."""
        found = {self.execution_id, self.parent.execution_id if self.parent else None}
        return {id for id in found if id}

    @property
    def job_id(self) -> int | None:
        """The job that a Start acknowledges."""
        return self.command.job_id if isinstance(self.command, Start) else None

    def concerns_many(self, execution: Execution) -> bool:
        """True if the execution has, or will have, so many task runs that deciding may block the event loop."""
        command = self.command
        if isinstance(command, _OF_ONE):
            return False
        settings = command.result if isinstance(command, Prepare) else {}
        items = None if isinstance(settings, TaskError) else settings.get("items")
        new = len(items) if isinstance(items, list) else 0
        return len(execution.tasks) + new > _MANY


Outcome = Transition | HeadwayError | None
"""The outcome of a command. None means that another process has locked the execution: retry."""


class BatchRejected(HeadwayError):
    """Some commands of an atomic group were refused, so nothing is written."""

    def __init__(self, refused: Mapping[CommandRequest, HeadwayError]) -> None:
        super().__init__(f"{len(refused)} were refused")
        self.refused = refused


def problem_of(error: HeadwayError) -> Problem:
    """Returns the first problem of a refusal; other errors become UNAVAILABLE."""
    if isinstance(error, Refused):
        return error.problems[0]
    return Problem(ProblemCode.UNAVAILABLE, str(error))


def is_refused(outcome: Outcome) -> bool:
    return isinstance(outcome, HeadwayError) or bool(outcome and outcome.refused)


def acts(outcomes: Mapping[CommandRequest, Outcome]) -> Iterator[audit.Act]:
    for request, outcome in outcomes.items():
        if isinstance(outcome, Transition):
            bulk_id = request.bulk_item.bulk_id if request.bulk_item else None
            yield audit.Act(request.origin, request.command, outcome, bulk_id)


def results(outcomes: Mapping[CommandRequest, Outcome]) -> Iterator[bulk.Result]:
    """Yields the results for rows of bulk actions."""
    for request, outcome in outcomes.items():
        if request.bulk_item is None or outcome is None:
            continue
        if isinstance(outcome, HeadwayError):
            yield bulk.Result(request.bulk_item, problem_of(outcome))
        else:
            begun = isinstance(request.command, Beginning)
            yield bulk.Result(request.bulk_item, made=outcome.execution.id if begun else None)


def kills(event: Event) -> bool:
    fact = event.fact
    if isinstance(fact, TaskRunMoved):
        return fact.to_state is TaskRunState.KILLING
    return isinstance(fact, KillForced)


def changed_parents(
    executions: Mapping[UUID, Execution], events: Mapping[UUID, Sequence[Event]]
) -> set[UUID]:
    """Returns executions with a child that is new or whose state or labels changed."""
    moved = (id for id, new in events.items() if any(map(_moves, new)))
    parents = (executions[id].parent for id in moved if id in executions)
    return {parent.execution_id for parent in parents if parent}


def _moves(event: Event) -> bool:
    return isinstance(event.fact, ExecutionCreated | ExecutionMoved | LabelsSet)


def flow_with_slots(request: CommandRequest, executions: Mapping[UUID, Execution]) -> UUID | None:
    """Returns the flow if the command may need a slot of its concurrency limit. A Create has the limit itself."""
    command = request.command
    if isinstance(command, Create):
        return command.plan.flow_id if command.limited else None
    id = request.execution_id
    if id is not None and id in executions and isinstance(command, _NEED_SLOTS):
        return executions[id].plan.flow_id
    return None
