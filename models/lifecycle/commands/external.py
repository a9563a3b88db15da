"""The commands that report external runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.events.events import TaskError
from models.lifecycle.snapshot import CompiledFlow
from models.states import ExecutionState, TaskRunState


@dataclass(frozen=True, slots=True)
class RecordExecution:
    """Records an execution that runs, or ran, elsewhere. Not for `decide`: it creates one, as `Create` does."""

    plan: CompiledFlow
    kind: str
    name: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    git: Mapping[str, Any] | None = None
    started: bool = True
    created_at: datetime | None = None
    started_at: datetime | None = None
    heartbeat_ttl: float | None = None
    idempotency_key: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class RecordTaskRun:
    """A report of a task run; None means not reported. `attempt` None is the newest one."""

    path: str
    state: TaskRunState | None = None
    attempt: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: float | None = None
    message: str | None = None
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    error: TaskError | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class RecordProperties:
    """Merged into the existing properties; also for executions that Headway runs."""

    properties: Mapping[str, Any] = field(default_factory=dict)
    git: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RecordEnd:
    state: ExecutionState
    ended_at: datetime | None = None
    outputs: Mapping[str, Any] | None = None
    error: TaskError | None = None
    cached_from: UUID | None = None


@dataclass(frozen=True, slots=True)
class RecordStart:
    """A heartbeat: an execution that had not started has started."""


@dataclass(frozen=True, slots=True)
class ExpireHeartbeat:
    """Ends the execution, as its heartbeat did not arrive in time by the database's clock."""

    ttl: float


ExternalCommand = RecordTaskRun | RecordProperties | RecordEnd | RecordStart | ExpireHeartbeat
