"""How an execution stands: why it fails, who paused or stops it, what its children do."""

from dataclasses import dataclass
from datetime import datetime

from models.states import ExecutionState


@dataclass(frozen=True, slots=True)
class ChildStanding:
    """The child as a subflow's task run was last told of it, by that one's event `seq`. While `held`, `since` is the
    reading of the execution's clock from which the time of the task run does not count."""

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
    """`cascade`: the executions that its subflows started are paused with it."""

    by: str
    at: datetime
    cascade: bool = True


@dataclass(frozen=True, slots=True)
class Killing:
    """`force` when no grace is left. `cascade`: the executions that its subflows started end before it does."""

    by: str
    at: datetime
    force: bool = False
    cascade: bool = True
