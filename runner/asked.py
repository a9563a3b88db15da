"""A command on its way through the engine, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from models.errors import HeadwayError
from models.events import Ask
from models.lifecycle.commands import Beginning, Command, Create, Prepare, Report, Start
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Transition
from runner.store import bulk

_MANY = 500
_OF_ONE = (Start, Report)
"""What concerns one task run, however many there are beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A Create has no execution yet; `owed` names the promise that this keeps, `place` the row of a bulk that this
    carries out."""

    execution_id: UUID | None
    command: Command | Beginning
    ask: Ask
    owed: UUID | None = None
    place: bulk.Place | None = None

    @property
    def own_id(self) -> UUID | None:
        """The id that what is to be created must have."""
        return self.command.id if isinstance(self.command, Create) else None

    def concerns_many(self, execution: Execution) -> bool:
        """Whether there are task runs enough, or will be, that judging it may take longer than others should wait."""
        command = self.command
        if isinstance(command, _OF_ONE):
            return False
        items = (
            command.values.get("items") if isinstance(command, Prepare) and command.values else None
        )
        coming = len(items) if isinstance(items, list) else 0
        return len(execution.tasks) + coming > _MANY


Verdict = Transition | HeadwayError | None
"""What became of a command; None: its execution was locked by another process, ask again."""


class NotAll(HeadwayError):
    """Of commands that are carried out together or not at all, these were refused: nothing is to be written."""

    def __init__(self, refused: Mapping[Asked, HeadwayError]) -> None:
        super().__init__(f"{len(refused)} were refused")
        self.refused = refused
