"""The commands between an execution and those that its subflow tasks started."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.events.events import Parent
from models.states import ExecutionState

# -- to the parent ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Adopt:
    """The attempt of a subflow task has its child: decided in the transaction that creates or restarts that one, which
    is at its event `child_seq` then."""

    path: str
    attempt: int
    child: UUID
    child_seq: int | None = None


@dataclass(frozen=True, slots=True)
class AwaitChild:
    """An earlier attempt's child has to end before this attempt has one of its own."""

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """`stopped`: on somebody's request, so that it is no failure to be retried; `message` says why it ended so. Of an
    end before the event that the parent adopted the child at nothing is to be known any more (`child_seq`)."""

    path: str
    attempt: int
    child: UUID
    name: str
    state: ExecutionState
    outputs: Mapping[str, Any]
    message: str | None = None
    stopped: bool = False
    child_seq: int | None = None


@dataclass(frozen=True, slots=True)
class ReportChildState:
    """The child is paused, waits for a person, or goes on: see `ChildStateChanged`."""

    path: str
    child: UUID
    state: ExecutionState
    held: bool
    child_seq: int


# -- to the child -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StopChild:
    """End, and tell the parent, which waits for that; with `force` without any grace."""

    parent: Parent
    force: bool = False


@dataclass(frozen=True, slots=True)
class FollowParent:
    """Be paused, or go on, if the parent still is or does when this is carried out: its row is locked for that."""

    parent: Parent
    pause: bool


@dataclass(frozen=True, slots=True)
class ResumeChild:
    """Go on for a parent that was put back to run: an ended child is restarted, one that ended well is told again."""

    parent: Parent
    shares_slot: bool = False


ToParent = ChildEnded | ReportChildState
ToChild = StopChild | FollowParent
