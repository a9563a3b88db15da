"""The ways an attempt can end, one class each: a success has no error, and what failed always has one."""

from dataclasses import dataclass
from typing import ClassVar

from models.lifecycle.provenance import Reused
from models.states import AttemptState
from models.task_error import TaskError


@dataclass(frozen=True, slots=True)
class Succeeded:
    """With a `cache_key`, later attempts with the same key may reuse the outputs."""

    state: ClassVar[AttemptState] = AttemptState.SUCCESS
    error: ClassVar[TaskError | None] = None
    cache_key: str | None = None


@dataclass(frozen=True, slots=True)
class FromCache:
    """Nothing was run: the outputs are those of an earlier success with the same cache key."""

    state: ClassVar[AttemptState] = AttemptState.SUCCESS
    error: ClassVar[TaskError | None] = None
    reused: Reused


@dataclass(frozen=True, slots=True)
class Failed:
    state: ClassVar[AttemptState] = AttemptState.FAILED
    error: TaskError


@dataclass(frozen=True, slots=True)
class Errored:
    """Headway could not run the task, for example because of an expression: the attempt is not retried."""

    state: ClassVar[AttemptState] = AttemptState.FAILED
    error: TaskError


@dataclass(frozen=True, slots=True)
class TimedOut:
    state: ClassVar[AttemptState] = AttemptState.TIMED_OUT
    error: TaskError


@dataclass(frozen=True, slots=True)
class Killed:
    """`error` is set where another execution caused it: a child that was stopped, iterations that were killed."""

    state: ClassVar[AttemptState] = AttemptState.KILLED
    error: TaskError | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker no longer holds the lease, and did not report an end."""

    state: ClassVar[AttemptState] = AttemptState.LOST
    error: TaskError | None = None


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The worker drains, or its disk is full: the attempt is lost, and does not count towards `max_lost`."""

    state: ClassVar[AttemptState] = AttemptState.LOST
    reason: str
    error: TaskError | None = None


AttemptOutcome = Succeeded | FromCache | Failed | Errored | TimedOut | Killed | Lost | HandedBack
