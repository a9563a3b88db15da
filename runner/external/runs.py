"""Takes what is told of executions that ran elsewhere: checked, and what is no state of theirs, stored."""

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

_AT_ONCE: Final = 5_000
_TTL: Final = (1.0, 7 * 86_400.0)
_KIND: Final = "external"
_LONGEST_NAME: Final = 255
_STEPS: Final = 2**63


@dataclass(frozen=True, slots=True)
class ToldExecution:
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
            raise _wrong(f"heartbeatTtl is {_TTL[0]:g} to {_TTL[1]:g} seconds", "heartbeatTtl")
        if self.started_at and not self.started:
            raise _wrong(
                "what has not started has no startedAt; leave one of the two out", "started"
            )
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
        """That of a key which was used before there was a `created_at` stays what it was."""
        told = asdict(self)
        if self.created_at is None:
            del told["created_at"]
        return digest_of(told)


@dataclass(frozen=True, slots=True)
class ToldMetric:
    """Of the execution as a whole it has no path."""

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
        """The key that it is known by within its execution, unless the call had one."""
        if self.key is not None:
            return f"metric {self.key}"
        told = asdict(self)
        del told["key"]
        return digest_of(told)


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
    pool: Pool, actor: str, row: Mapping[str, Any], metrics: Sequence[ToldMetric], key: str | None
) -> None:
    """Each one once: by its own key, else by the call's and its place in it, else by all that is told of it. `row` is
    of their execution. Raises Refused."""
    refuse_too_many(metrics, "metrics")
    digest = digest_of([asdict(metric) for metric in metrics])
    async with pool.acquire() as connection, connection.transaction():
        now: datetime = await database_now(connection)
        if key:
            await is_told_first(connection, actor, f"recordMetrics {row['id']}", key, digest)
        of_call = f"{actor} {key}" if key else None
        rows = [
            _metric_row(row, metric, of_call and f"{of_call} {place}", now)
            for place, metric in enumerate(metrics)
        ]
        await store_once(connection, rows)


async def is_told_first(
    connection: Connection, actor: str, what: str, key: str, digest: str
) -> bool:
    """Whether the call with this key has not been carried out yet. Raises Refused where it was another one."""
    mine = idempotency.Key(actor, what, key, digest, new_id())
    standing = (await idempotency.take(connection, [mine]))[mine.name]
    if standing.digest != digest:
        raise _used_for_other(key)
    return standing.answer == mine.answer


async def record_artifacts(
    pool: Pool, execution_id: UUID, namespace: str, artifacts: Sequence[ReportedArtifact]
) -> None:
    """All or none. Raises Refused for a version that is known with another digest."""
    refuse_too_many(artifacts, "artifacts")
    now = datetime.now(UTC)
    uses = [_use(execution_id, namespace, told, now) for told in artifacts]
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
            f"{state.value} is a state of what runs here; one of {_listed(REPORTABLE)} can be told",
            "state",
        )
    return state


def checked_end(state: ExecutionState) -> ExecutionState:
    if state not in EXECUTION_ENDS:
        raise _wrong(f"{state.value} is no end; it is one of {_listed(EXECUTION_ENDS)}", "state")
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
    row: Mapping[str, Any], told: ToldMetric, of_call: str | None, now: datetime
) -> MetricRow:
    execution_id: UUID = row["id"]
    name = _checked_text(told.name, "name")
    if told.step is not None and not -_STEPS <= told.step < _STEPS:
        raise _wrong("step is a number of 64 bits", "step")
    if not isfinite(told.value):
        told_so = f"value of {name} is {told.value}: a metric is a finite number; leave it out"
        raise _wrong(told_so, "value")
    return MetricRow(
        execution_id=execution_id,
        id=uuid5(execution_id, told.identity if told.key or not of_call else of_call),
        task_run_id=None,
        path=told.path,
        attempt=told.attempt,
        name=name,
        value=told.value,
        kind=told.kind,
        step=told.step,
        tags=told.tags,
        at=checked_time(told.at, now, "at") or presumed_time(row, now),
    )


def _use(execution_id: UUID, namespace: str, told: ReportedArtifact, now: datetime) -> UsedArtifact:
    uri = _checked_text(told.uri, "uri", 4096)
    name = told.name or uri.rstrip("/").rpartition("/")[2]
    return UsedArtifact(
        execution_id=execution_id,
        task_run_id=None,
        path=told.path,
        attempt=told.attempt,
        namespace=_checked_namespace(told.namespace) if told.namespace else namespace,
        name=_checked_text(name, "name"),
        type=_checked_text(told.type, "type"),
        version=_checked_text(told.version, "version") if told.version else None,
        uri=uri,
        digest=_checked_text(told.digest, "digest") if told.digest else None,
        size=told.size,
        direction=told.direction,
        properties=told.properties,
        at=now,
        strict=True,
    )


def refuse_too_many(told: Sequence[object], name: str) -> None:
    if len(told) > _AT_ONCE:
        raise _wrong(f"at most {_AT_ONCE} {name} in one call; got {len(told)}", name)


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


def digest_of(told: object) -> str:
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _listed(states: frozenset[Any]) -> str:
    return ", ".join(sorted(states))


def _wrong(sentence: str, name: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, name)
