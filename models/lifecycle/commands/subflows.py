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
    """Links an attempt of a subflow task to its child, in the transaction that creates or restarts the child; its last
    event is then `child_seq`."""

    path: str
    attempt: int
    child: UUID
    child_seq: int | None = None


@dataclass(frozen=True, slots=True)
class AwaitChild:
    """The child of an earlier attempt has to end before this attempt can start its own."""

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """Reports the end of the child. `stopped`: on request, so it is not retried; `message` is the cause. Ignored if the
    child ended, at its event `child_seq`, before the parent adopted it."""

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
    """Reports that the child is paused, waits for a person, or continues: see `ChildStateChanged`."""

    path: str
    child: UUID
    state: ExecutionState
    held: bool
    child_seq: int


# -- to the child -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StopChild:
    """Ends the child, which then reports its end to the parent; with `force` without a grace period."""

    parent: Parent
    force: bool = False


@dataclass(frozen=True, slots=True)
class FollowParent:
    """Pauses or resumes the child, if the parent is still paused or running when the command runs; the parent's row is
    locked then."""

    parent: Parent
    pause: bool


@dataclass(frozen=True, slots=True)
class ResumeChild:
    """Continues the child for a restarted parent: a failed child is restarted, one that succeeded reports its end
    again."""

    parent: Parent
    shares_slot: bool = False


ToParent = ChildEnded | ReportChildState
ToChild = StopChild | FollowParent
