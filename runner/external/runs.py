"""Checks reports of external runs, and stores metrics and artifacts."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from models.errors import Problem, ProblemCode, Refused
from models.ids import new_id
from models.inputs.values import KEY_PATTERN, NAMESPACE_PATTERN
from models.lifecycle.commands.external import RecordExecution
from models.lifecycle.external.merge import REPORTABLE
from models.lifecycle.external.moments import checked_time, presumed_time
from models.lifecycle.snapshot import CompiledFlow
from models.states import EXECUTION_ENDS, ExecutionState, TaskRunState
from runner.store import idempotency
from runner.store.artifacts.artifacts import UsedArtifact, record_uses
from runner.store.artifacts.measures import MetricRow, store_once
from runner.store.postgres.connection import Connection, Pool, database_now
from runner.store.rows import ExecutionRow

_AT_ONCE: Final = 5_000
_TTL: Final = (1.0, 7 * 86_400.0)
_KIND: Final = "external"
_LONGEST_NAME: Final = 255
_STEPS: Final = 2**63


@dataclass(frozen=True, slots=True)
class ReportedExecution:
    namespace: str
    pipeline: str
    kind: str | None
    name: str | None
    inputs: Mapping[str, Any]
    properties: Mapping[str, Any]
    labels: Mapping[str, str]
    git: Mapping[str, str] | None
    started: bool
    created_at: datetime | None
    started_at: datetime | None
    heartbeat_ttl: float | None
    idempotency_key: str | None

    def to_command(self) -> RecordExecution:
        """Raises Refused."""
        ttl = self.heartbeat_ttl
        if ttl is not None and not _TTL[0] <= ttl <= _TTL[1]:
            raise _wrong(
                f"heartbeatTtl must be between {_TTL[0]:g} and {_TTL[1]:g} seconds", "heartbeatTtl"
            )
        if self.started_at and not self.started:
            raise _wrong("startedAt requires `started: true`; leave one of the two out", "started")
        name = self.name and _checked_text(self.name, "name")
        return RecordExecution(
            plan=CompiledFlow.external(
                _checked_namespace(self.namespace), checked_key(self.pipeline, "pipeline")
            ),
            kind=checked_key(self.kind, "kind") if self.kind else _KIND,
            name=name or None,
            inputs=self.inputs,
            labels=self.labels,
            properties=self.properties,
            git=self.git,
            started=self.started,
            created_at=self.created_at,
            started_at=self.started_at,
            heartbeat_ttl=ttl,
            idempotency_key=self.idempotency_key,
            digest=self._digest() if self.idempotency_key else None,
        )

    def _digest(self) -> str:
        """Without `created_at` the digest is the same as in releases before that field existed."""
        fields = asdict(self)
        if self.created_at is None:
            del fields["created_at"]
        return digest_of(fields)


@dataclass(frozen=True, slots=True)
class ReportedMetric:
    """A metric of a task run, or of the execution if it has no path."""

    name: str
    value: float
    kind: str
    step: int | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    path: str | None = None
    attempt: int | None = None
    key: str | None = None

    @property
    def identity(self) -> str:
        """Identifies the metric within its execution, unless the call had an idempotency key."""
        if self.key is not None:
            return f"metric {self.key}"
        fields = asdict(self)
        del fields["key"]
        return digest_of(fields)


@dataclass(frozen=True, slots=True)
class ReportedArtifact:
    uri: str
    direction: str
    name: str | None
    namespace: str | None
    type: str
    version: str | None
    digest: str | None
    size: int | None
    properties: Mapping[str, Any]
    path: str | None
    attempt: int | None


async def record_metrics(
    pool: Pool, actor: str, row: ExecutionRow, metrics: Sequence[ReportedMetric], key: str | None
) -> None:
    """Stores each metric once. A metric is identified by its own key, else by the call's key and its position in the
    call, else by all its values. `row` is that of the execution. Raises Refused."""
    refuse_too_many(metrics, "metrics")
    digest = digest_of([asdict(metric) for metric in metrics])
    async with pool.acquire() as connection, connection.transaction():
        now: datetime = await database_now(connection)
        if key:
            await is_first_call(connection, actor, f"recordMetrics {row['id']}", key, digest)
        of_call = f"{actor} {key}" if key else None
        rows = [
            _metric_row(row, metric, of_call and f"{of_call} {place}", now)
            for place, metric in enumerate(metrics)
        ]
        await store_once(connection, rows)


async def is_first_call(
    connection: Connection, actor: str, what: str, key: str, digest: str
) -> bool:
    """False if a call with this key was executed before. Raises Refused if that call had another input."""
    mine = idempotency.Key(actor, what, key, digest, new_id())
    stored = (await idempotency.take(connection, [mine]))[mine.name]
    if stored.digest != digest:
        raise _used_for_other(key)
    return stored.answer == mine.answer


async def record_artifacts(
    pool: Pool, execution_id: UUID, namespace: str, artifacts: Sequence[ReportedArtifact]
) -> None:
    """Stores all or none. Raises Refused for a version that exists with another digest."""
    refuse_too_many(artifacts, "artifacts")
    now = datetime.now(UTC)
    uses = [_use(execution_id, namespace, artifact, now) for artifact in artifacts]
    async with pool.acquire() as connection, connection.transaction():
        await record_uses(connection, uses)


def checked_key(key: str, name: str) -> str:
    if not re.fullmatch(KEY_PATTERN, key):
        raise _wrong(
            f"{name} {key[:80]!r}: 1 to 100 of a-z 0-9 _ -, beginning with a letter or digit", name
        )
    return key


def checked_state(state: TaskRunState | None) -> TaskRunState | None:
    if state is not None and state not in REPORTABLE:
        raise _wrong(
            f"{state.value} is not a state of external task runs; use one of {_listed(REPORTABLE)}",
            "state",
        )
    return state


def checked_end(state: ExecutionState) -> ExecutionState:
    if state not in EXECUTION_ENDS:
        raise _wrong(
            f"{state.value} is not a terminal state; use one of {_listed(EXECUTION_ENDS)}", "state"
        )
    return state


def _checked_namespace(namespace: str) -> str:
    if len(namespace) > 200 or not re.fullmatch(NAMESPACE_PATTERN, namespace):
        raise _wrong(
            f"namespace {namespace[:80]!r}: parts of a-z 0-9 _ - joined by dots", "namespace"
        )
    return namespace


def _checked_text(text: str, name: str, longest: int = _LONGEST_NAME) -> str:
    if not text or len(text) > longest or not text.isprintable():
        raise _wrong(f"{name}: 1 to {longest} characters without control characters", name)
    return text


def _metric_row(
    row: ExecutionRow, metric: ReportedMetric, of_call: str | None, now: datetime
) -> MetricRow:
    execution_id = row["id"]
    name = _checked_text(metric.name, "name")
    if metric.step is not None and not -_STEPS <= metric.step < _STEPS:
        raise _wrong("step must be a 64-bit integer", "step")
    if not isfinite(metric.value):
        sentence = (
            f"value of {name} is {metric.value}: a metric must be a finite number; leave it out"
        )
        raise _wrong(sentence, "value")
    return MetricRow(
        execution_id=execution_id,
        id=uuid5(execution_id, metric.identity if metric.key or not of_call else of_call),
        task_run_id=None,
        path=metric.path,
        attempt=metric.attempt,
        name=name,
        value=metric.value,
        kind=metric.kind,
        step=metric.step,
        tags=metric.tags,
        at=checked_time(metric.at, now, "at") or presumed_time(row, now),
    )


def _use(
    execution_id: UUID, namespace: str, artifact: ReportedArtifact, now: datetime
) -> UsedArtifact:
    uri = _checked_text(artifact.uri, "uri", 4096)
    name = artifact.name or uri.rstrip("/").rpartition("/")[2]
    return UsedArtifact(
        execution_id=execution_id,
        task_run_id=None,
        path=artifact.path,
        attempt=artifact.attempt,
        namespace=_checked_namespace(artifact.namespace) if artifact.namespace else namespace,
        name=_checked_text(name, "name"),
        type=_checked_text(artifact.type, "type"),
        version=_checked_text(artifact.version, "version") if artifact.version else None,
        uri=uri,
        digest=_checked_text(artifact.digest, "digest") if artifact.digest else None,
        size=artifact.size,
        direction=artifact.direction,
        properties=artifact.properties,
        at=now,
        strict=True,
    )


def refuse_too_many(items: Sequence[object], name: str) -> None:
    if len(items) > _AT_ONCE:
        raise _wrong(f"at most {_AT_ONCE} {name} in one call; got {len(items)}", name)


def _used_for_other(key: str) -> Refused:
    return Refused(
        [
            Problem(
                ProblemCode.IDEMPOTENCY_CONFLICT,
                f"the key {key!r} was used with another input; use a new key",
                ("idempotencyKey",),
            )
        ]
    )


def digest_of(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _listed(states: frozenset[Any]) -> str:
    return ", ".join(sorted(states))


def _wrong(sentence: str, name: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, name)
