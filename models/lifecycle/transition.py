"""The arguments and the result of `decide`."""

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
    """Everything besides the snapshot: time, new ids, random numbers in [0, 1), who sent the command, the flow's slots.

    Without `slots` the flow has no concurrency limit. `parent` is the current state of the parent that the command
    names, with its row locked.
    """

    now: datetime
    new_id: Callable[[], UUID]
    random: Callable[[], float]
    origin: CommandOrigin
    slots: Slots | None = None
    parent: Execution | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the queue: this attempt of this task run may start after `delay` seconds."""

    task_run_id: UUID
    path: str
    attempt: int
    queue: str
    priority: int
    delay: float = 0.0

    @property
    def key(self) -> str:
        """The same for all jobs of one attempt, so that it is queued only once."""
        return job_key(self.task_run_id, self.attempt)


def job_key(task_run_id: UUID, attempt: int) -> str:
    return f"{task_run_id}:{attempt}"


@dataclass(frozen=True, slots=True)
class Deferred:
    """A deferred command for the execution `to` (None: the one that deferred it), due at `due`.

    `reason` is stored in the events that it causes.
    """

    command: Deferrable
    due: datetime
    to: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """`withdrawn` are the keys of jobs to remove from the queue.

    `refused` together with events is a late result: recorded, but refused. A `removal` deletes the execution with its
    events, so it has no events of its own.
    """

    execution: Execution
    events: tuple[Event, ...] = ()
    jobs: tuple[Job, ...] = ()
    withdrawn: tuple[str, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    refused: Problem | None = None
    removal: Delete | None = None
