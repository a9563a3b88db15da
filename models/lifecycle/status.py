"""Parts of a snapshot: why an execution fails, who paused or stops it, and the state of a child."""

from dataclasses import dataclass
from datetime import datetime

from models.states import ExecutionState


@dataclass(frozen=True, slots=True)
class ChildStanding:
    """The last reported state of a subflow's child, as of the child's event `seq`. While `held`, no time counts for the
    task run from `since` on, a reading of the execution's clock."""

    state: ExecutionState
    held: bool
    seq: int
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the execution fails: its first failing task run, or, without a path, the execution itself. `below` as in
    `TaskError`."""

    path: str | None
    attempt: int | None
    code: str
    message: str
    exit_code: int | None = None
    below: str | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """`cascade`: the children are paused with it."""

    by: str
    at: datetime
    cascade: bool = True


@dataclass(frozen=True, slots=True)
class Killing:
    """`force`: without a grace period. `cascade`: the children end before it does."""

    by: str
    at: datetime
    force: bool = False
    cascade: bool = True
