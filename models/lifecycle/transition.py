"""The answer of `decide`, and its arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.concurrency import Slots
from models.errors import Problem
from models.events.events import CommandOrigin, Event
from models.lifecycle.commands.commands import Deferrable
from models.lifecycle.commands.records import Delete
from models.lifecycle.snapshot import Execution


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that is not the snapshot: the time, new ids, randomness in [0, 1), who asks, and the flow's slots.

    Without `slots` the flow has no concurrency limit. `parent`, for commands that name one, is as it is, locked.
    """

    now: datetime
    new_id: Callable[[], UUID]
    random: Callable[[], float]
    origin: CommandOrigin
    slots: Slots | None = None
    parent: Execution | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A line in the queue: this attempt of this task run may start, after `delay` seconds."""

    task_run_id: UUID
    path: str
    attempt: int
    queue: str
    priority: int
    delay: float = 0.0

    @property
    def key(self) -> str:
        """The key that makes it the same job, however often it is lined up."""
        return job_key(self.task_run_id, self.attempt)


def job_key(task_run_id: UUID, attempt: int) -> str:
    return f"{task_run_id}:{attempt}"


@dataclass(frozen=True, slots=True)
class Deferred:
    """A command that the engine owes an execution (`to`; None: the one that promised it), at `due`.

    `reason` stands in the events that it makes.
    """

    command: Deferrable
    due: datetime
    to: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """`withdrawn` are keys of jobs that nobody shall take any more.

    `refused` beside events is a late result: recorded, and refused all the same. A `removal` takes the execution
    away with its events, so it has none of its own.
    """

    execution: Execution
    events: tuple[Event, ...] = ()
    jobs: tuple[Job, ...] = ()
    withdrawn: tuple[str, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    refused: Problem | None = None
    removal: Delete | None = None
