"""The inputs of the mutations that record external runs, and the filter of artifacts; `to_...` converts inputs to
domain objects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from models import logs
from models.access.viewer import Scope
from models.errors import ProblemCode, Refused
from models.events.events import TaskError
from models.ids import untyped
from models.lifecycle.commands.external import RecordEnd, RecordProperties, RecordTaskRun
from models.payloads import check_payload
from models.states import ExecutionState, TaskRunState
from runner.external.logs import ReportedLine
from runner.external.runs import (
    ReportedArtifact,
    ReportedExecution,
    ReportedMetric,
    checked_end,
    checked_key,
    checked_state,
)
from runner.store.where import Arguments, compile_scope
from schema.enums import ArtifactDirection, LogLevel, LogStream, MetricKind
from schema.labels import LabelInput, labels_from
from schema.lists.operators import StringFilter, text_conditions
from schema.scalars import JSON, BigInt


@strawberry.input
class GitInput:
    commit: str | None = None
    branch: str | None = None
    repository: str | None = None
    author: str | None = None
    message: str | None = None

    def to_git(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value is not None}


@strawberry.input
class TaskErrorInput:
    message: str
    code: str = "FAILED"

    def to_error(self) -> TaskError:
        return TaskError(self.code, self.message)


@strawberry.input
class RecordExecutionInput:
    namespace: str
    pipeline: str
    kind: str | None = None
    name: str | None = None
    inputs: JSON | None = None
    properties: JSON | None = None
    labels: list[LabelInput] | None = None
    git: GitInput | None = None
    started: bool = True
    created_at: datetime | None = None
    started_at: datetime | None = None
    heartbeat_ttl: float | None = None
    idempotency_key: str | None = None
    reason: str | None = None

    def to_report(self) -> ReportedExecution:
        return ReportedExecution(
            namespace=self.namespace,
            pipeline=self.pipeline,
            kind=self.kind,
            name=self.name,
            inputs=named_values(self.inputs, "inputs"),
            properties=named_values(self.properties, "properties"),
            labels=labels_from(self.labels),
            git=self.git.to_git() if self.git else None,
            started=self.started,
            created_at=self.created_at,
            started_at=self.started_at,
            heartbeat_ttl=self.heartbeat_ttl,
            idempotency_key=self.idempotency_key,
        )


@strawberry.input
class RecordTaskRunInput:
    execution_id: strawberry.ID
    key: str
    state: TaskRunState | None = None
    attempt: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: float | None = None
    message: str | None = None
    inputs: JSON | None = None
    outputs: JSON | None = None
    error: TaskErrorInput | None = None
    exit_code: int | None = None
    reason: str | None = None

    def to_command(self) -> RecordTaskRun:
        return RecordTaskRun(
            path=checked_key(self.key, "key"),
            state=checked_state(self.state),
            attempt=in_bounds(self.attempt, 1, 10_000, "attempt"),
            started_at=self.started_at,
            ended_at=self.ended_at,
            progress=in_bounds(self.progress, 0, 1, "progress"),
            message=self.message,
            inputs=named_values(self.inputs, "inputs"),
            outputs=named_values(self.outputs, "outputs"),
            error=self.error.to_error() if self.error else None,
            exit_code=self.exit_code,
        )


@strawberry.input
class MetricInput:
    name: str
    value: float
    kind: MetricKind = MetricKind.GAUGE
    step: int | None = None
    tags: JSON | None = None
    at: datetime | None = None
    task_key: str | None = None
    attempt: int | None = None
    idempotency_key: str | None = None

    def to_report(self) -> ReportedMetric:
        return ReportedMetric(
            name=self.name,
            value=self.value,
            kind=self.kind.value,
            step=self.step,
            tags=named_values(self.tags, "tags"),
            at=self.at,
            path=self.task_key and checked_key(self.task_key, "taskKey"),
            attempt=in_bounds(self.attempt, 1, 10_000, "attempt"),
            key=self.idempotency_key,
        )


@strawberry.input
class RecordMetricsInput:
    execution_id: strawberry.ID
    metrics: list[MetricInput]
    idempotency_key: str | None = None


@strawberry.input
class LogLineInput:
    text: str
    level: LogLevel | None = None
    stream: LogStream = LogStream.STDOUT
    at: datetime | None = None
    task_key: str | None = None
    attempt: int | None = None

    def to_report(self) -> ReportedLine:
        level = self.level or (LogLevel.WARN if self.stream is LogStream.STDERR else LogLevel.INFO)
        return ReportedLine(
            text=self.text,
            level=logs.LogLevel(level.value),
            stream=logs.LogStream(self.stream.value),
            at=self.at,
            path=self.task_key and checked_key(self.task_key, "taskKey"),
            attempt=in_bounds(self.attempt, 1, 10_000, "attempt"),
        )


@strawberry.input
class RecordLogsInput:
    execution_id: strawberry.ID
    lines: list[LogLineInput]
    idempotency_key: str | None = None


@strawberry.input
class ArtifactInput:
    uri: str
    direction: ArtifactDirection
    name: str | None = None
    namespace: str | None = None
    type: str = "File"
    version: str | None = None
    digest: str | None = None
    size: BigInt | None = None
    properties: JSON | None = None
    task_key: str | None = None
    attempt: int | None = None

    def to_report(self) -> ReportedArtifact:
        return ReportedArtifact(
            uri=self.uri,
            direction=self.direction.value,
            name=self.name,
            namespace=self.namespace,
            type=self.type,
            version=self.version,
            digest=self.digest,
            size=in_bounds(self.size, 0, 2**62, "size"),
            properties=named_values(self.properties, "properties"),
            path=self.task_key and checked_key(self.task_key, "taskKey"),
            attempt=in_bounds(self.attempt, 1, 10_000, "attempt"),
        )


@strawberry.input
class RecordArtifactsInput:
    execution_id: strawberry.ID
    artifacts: list[ArtifactInput]


@strawberry.input
class RecordPropertiesInput:
    execution_id: strawberry.ID
    properties: JSON | None = None
    git: GitInput | None = None
    reason: str | None = None

    def to_command(self) -> RecordProperties:
        return RecordProperties(
            named_values(self.properties, "properties"), self.git.to_git() if self.git else None
        )


@strawberry.input
class FinishExecutionInput:
    execution_id: strawberry.ID
    state: ExecutionState
    ended_at: datetime | None = None
    outputs: JSON | None = None
    error: TaskErrorInput | None = None
    cached_from: strawberry.ID | None = None
    reason: str | None = None

    def to_command(self) -> RecordEnd:
        if self.cached_from is not None and self.state is not ExecutionState.CACHED:
            raise Refused.because(
                ProblemCode.VALIDATION,
                f"cachedFrom is only valid with state CACHED; got {self.state.value}",
                "cachedFrom",
            )
        return RecordEnd(
            state=checked_end(self.state),
            ended_at=self.ended_at,
            outputs=named_values(self.outputs, "outputs"),
            error=self.error.to_error() if self.error else None,
        )


@strawberry.input
class HeartbeatInput:
    execution_id: strawberry.ID


@strawberry.input
class ArtifactFilter:
    namespace: StringFilter | None = None
    name: StringFilter | None = None
    type: StringFilter | None = None
    version: StringFilter | None = None
    uri: StringFilter | None = None
    digest: str | None = None
    execution_id: strawberry.ID | None = None
    direction: ArtifactDirection | None = None

    def to_condition(self, arguments: Arguments, scope: Scope) -> str:
        parts = ["true"]
        for column in ("namespace", "name", "type", "version", "uri"):
            parts += text_conditions(column, getattr(self, column), arguments)
        if self.digest is not None:
            parts.append(f"digest = {arguments.add(self.digest)}")
        if self.execution_id is not None or self.direction is not None:
            parts.append(self._used(arguments, scope))
        return " and ".join(parts)

    def _used(self, arguments: Arguments, scope: Scope) -> str:
        parts = ["u.artifact_id = artifacts.id", compile_scope(scope, arguments, "x.namespace")]
        if self.execution_id is not None:
            key: UUID = untyped("exec", self.execution_id)
            parts.append(f"u.execution_id = {arguments.add(key)}")
        if self.direction is not None:
            parts.append(f"u.direction = {arguments.add(self.direction.value)}")
        uses = "artifact_uses u join executions x on x.id = u.execution_id"
        return f"exists (select from {uses} where {' and '.join(parts)})"


def named_values(value: JSON | None, name: str) -> Mapping[str, Any]:
    given: object = {} if value is None else value
    if not isinstance(given, dict):
        raise Refused.because(
            ProblemCode.VALIDATION,
            f'{name} must be an object of names and values, such as {{"a": 1}}',
            name,
        )
    check_payload(given, name)
    return given


def in_bounds(value: Any, least: float, most: float, name: str) -> Any:
    if value is not None and not least <= value <= most:
        raise Refused.because(
            ProblemCode.VALIDATION, f"{name} must be between {least} and {most}; got {value}", name
        )
    return value
