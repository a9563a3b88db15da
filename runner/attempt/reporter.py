"""Collects what the task of an attempt reports, until the engine and the tables have stored it."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from uuid import UUID

from models.errors import Refused
from models.events.events import TaskError
from models.ids import new_id, typed
from models.labels import check_labels
from models.lifecycle.commands.commands import Report
from models.lifecycle.snapshot import Execution, TaskRun
from models.logs import LogLevel
from models.payloads import NotTaken, Payload
from runner.attempt.log_writer import AttemptLog
from runner.attempt.masking import Mask
from runner.attempt.message_reader import MessageReader, Turn
from runner.attempt.task_messages import (
    Artifact,
    ArtifactUse,
    Git,
    InvalidMessage,
    InvalidOutput,
    Label,
    Message,
    Metric,
    Output,
    OutputError,
    Progress,
    Property,
)
from runner.files.artifact_store import (
    ArtifactRefused,
    ArtifactStore,
    StoredFile,
    StoreFull,
    checked_name,
)
from runner.files.task_files import is_mostly_holes, open_inside
from runner.service.log_refs import LogRef
from runner.service.loop import is_outage
from runner.service.outage import UNREACHABLE
from runner.store.artifacts import measures
from runner.store.artifacts.artifacts import UsedArtifact
from runner.store.artifacts.measures import MetricRow
from runner.store.fencing import AttemptsEnded
from runner.store.postgres.connection import Pool

logger = logging.getLogger("headway.worker")

_MANY_METRICS, _MANY_ARTIFACTS = 1_000, 200
_MOST_METRICS = 1_000_000
_MOST_COMPLAINTS = 1_000
"""Errors about invalid messages that are logged; after them one line says that further ones are not."""
_RETRY_SECONDS = 1.0
_MASKED = 16 * 1024
"""Bytes at the start of an invalid line that are masked before the line is shown."""
_SHOWN = 200
"""Bytes of an invalid line that are shown in the log."""


@dataclass(slots=True)
class PendingUpdate:
    """The reported values that the engine does not have yet."""

    progress: float | None = None
    message: str | None = None
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    git: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.inputs is not None or bool(self.outputs) or self.needs_report

    @property
    def needs_report(self) -> bool:
        """True if anything here cannot be sent with `Finish`, which carries only inputs and outputs."""
        return bool(
            self.progress is not None
            or self.message is not None
            or self.properties
            or self.labels
            or self.git
        )

    def before(self, later: "PendingUpdate") -> "PendingUpdate":
        """Merges this update, which could not be sent, with a later one; the later values win."""
        merged = PendingUpdate()
        for each in fields(self):
            old, new = getattr(self, each.name), getattr(later, each.name)
            if isinstance(old, dict) and isinstance(new, dict):
                value: Any = {**old, **new}
            else:
                value = old if new is None else new
            setattr(merged, each.name, value)
        return merged


class ProgressReporter:
    def __init__(
        self,
        execution: Execution,
        task: TaskRun,
        attempt_id: UUID,
        *,
        log: AttemptLog,
        pool: Pool,
        artifacts: ArtifactStore,
        reader: MessageReader,
        folder: Path,
        mask: Mask | None = None,
    ) -> None:
        self._execution = execution
        self._ref = LogRef(execution.id, task.path)
        self._task = task
        self._attempt_id = attempt_id
        self._log = log
        self._pool = pool
        self._store = artifacts
        self._reader = reader
        self._turn = Turn()
        self._folder = folder
        self._mask = Mask() if mask is None else mask
        self._metrics: list[MetricRow] = []
        self._artifacts: list[UsedArtifact] = []
        self._kept: dict[str, Any] = {}
        self._names_kept = True
        self._metrics_taken = 0
        self._complaints = 0
        self._outputs = Payload("output")
        self._properties = Payload("property")
        self._storing = asyncio.Lock()
        self.pending = PendingUpdate()
        self.owner: int | None = None
        """If the attempt runs as a user of its own: only files of that user may become artifacts."""
        self.error: TaskError | None = None
        """Fails the attempt, however its processes end."""

    async def turn(self) -> None:
        """Waits until it is this attempt's turn to have its messages parsed."""
        await self._reader.turn(self._turn)

    async def take(self, line: bytes | InvalidMessage) -> None:
        """Processes one line of messages from the task. Invalid ones are logged in the attempt's log."""
        await self.turn()
        for message in (
            [line] if isinstance(line, InvalidMessage) else await self._reader.read(line)
        ):
            try:
                if isinstance(message, InvalidMessage):
                    raise message
                await self._take(message)
            except InvalidOutput as error:
                await self.refuse(error.code, f"{error}{self._start_of(line)}")
            except (InvalidMessage, ArtifactRefused) as error:
                text = f"message not understood: {error}{self._start_of(line)}"
                await self._complain(text, LogLevel.WARN)

    def _start_of(self, line: bytes | InvalidMessage) -> str:
        """Returns the first bytes of the line, masked before they are cut off; "" when nothing more is logged."""
        if isinstance(line, InvalidMessage) or self._complaints >= _MOST_COMPLAINTS:
            return ""
        start = line[: _MASKED + self._mask.longest]
        end = self._mask.boundary(start, min(_MASKED, len(start)))
        return ": " + self._mask.raw(start[:end])[:_SHOWN].decode("utf-8", "replace")

    async def _complain(self, sentence: str, level: LogLevel) -> None:
        """Logs an error about a message, up to _MOST_COMPLAINTS times."""
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            await self._log.note(sentence, level)
        elif self._complaints == _MOST_COMPLAINTS + 1:
            limit = f"{_MOST_COMPLAINTS} invalid messages were logged; further ones are not"
            await self._log.note(limit, LogLevel.WARN)

    async def _take(self, message: Message) -> None:
        match message:
            case Output() | OutputError():
                await self._add_output(message)
            case Property(property=values):
                self._add_properties(values)
            case Label(label=labels):
                self._add_labels(labels)
            case Git(git=code):
                self.pending.git.update(self._mask.value(code.model_dump(exclude_none=True)))
            case Progress():
                self._add_progress(message)
            case Metric():
                await self._add_metric(message)
            case Artifact(artifact=use):
                await self.add_artifact(use)

    async def _add_output(self, message: Output | OutputError) -> None:
        if isinstance(message, Output):
            await self.add_outputs(message.output)
        else:
            await self.refuse(InvalidOutput.code, message.output_error)

    async def add_outputs(self, values: Mapping[str, Any]) -> bool:
        """Adds outputs, or returns False if they cannot be stored; the attempt will fail then."""
        values = self._mask.value(values)
        try:
            self._outputs.add(values)
        except NotTaken as error:
            await self.refuse(error.code, str(error))
            return False
        self.pending.outputs.update(values)
        return True

    async def refuse(self, code: str, sentence: str) -> None:
        """Logs that an output is lost. The attempt fails when it ends, with the first such error."""
        sentence = self._mask.text(sentence)
        self.error = self.error or TaskError(code, sentence)
        await self._complain(sentence, LogLevel.ERROR)

    def _add_properties(self, values: Mapping[str, Any]) -> None:
        values = self._mask.value(values)
        try:
            self._properties.add(values)
        except NotTaken as error:
            raise InvalidMessage(str(error)) from error
        self.pending.properties.update(values)

    def _add_labels(self, labels: Mapping[str, str]) -> None:
        labels = self._mask.value(labels)
        try:
            check_labels({**self.pending.labels, **labels})
        except Refused as refused:
            raise InvalidMessage(str(refused)) from refused
        self.pending.labels.update(labels)

    def _add_progress(self, message: Progress) -> None:
        if message.progress is not None:
            self.pending.progress = message.progress
        if message.message is not None:
            self.pending.message = self._mask.text(message.message)

    async def _add_metric(self, message: Metric) -> None:
        self._metrics_taken += 1
        if self._metrics_taken > _MOST_METRICS:
            if self._metrics_taken == _MOST_METRICS + 1:
                limit = f"metric limit of {_MOST_METRICS} reached; the rest is dropped"
                await self._log.note(limit, LogLevel.WARN)
            return
        metric = message.metric
        self._metrics.append(
            MetricRow(
                execution_id=self._execution.id,
                id=new_id(),
                task_run_id=self._task.id,
                path=self._task.path,
                attempt=self._task.attempt,
                name=self._mask.text(metric.name),
                value=metric.value,
                kind=metric.kind,
                step=metric.step,
                tags=self._mask.value(metric.tags),
                at=self._log.now(),
            )
        )
        await self._store_if_many()

    async def _store_if_many(self) -> None:
        """Stores metrics and artifacts when many are buffered. This bounds memory, as the task waits meanwhile."""
        while len(self._metrics) >= _MANY_METRICS or len(self._artifacts) >= _MANY_ARTIFACTS:
            try:
                await self.store()
            except UNREACHABLE:
                await asyncio.sleep(_RETRY_SECONDS)

    async def add_artifact(self, use: ArtifactUse) -> None:
        """Raises ArtifactRefused or StoreFull. A file is copied immediately, as the task may change it later."""
        name = checked_name(
            self._mask.text(use.name or use.path or str(use.uri).rstrip("/").rpartition("/")[2])
        )
        if use.path is None:
            uri, digest, size = self._mask.text(self._store.located(str(use.uri))), None, None
        else:
            place = (typed("exec", self._execution.id), self._task.path, str(self._task.attempt))
            try:
                kept = await self._store_file(use.path, *place, name)
            except StoreFull:
                raise  # the task is not at fault
            except OSError as error:
                raise ArtifactRefused(f"artifact {name!r} could not be stored: {error}") from error
            uri, digest, size = kept.uri, kept.digest, kept.size
        self._artifacts.append(
            UsedArtifact(
                execution_id=self._execution.id,
                task_run_id=self._task.id,
                path=self._task.path,
                attempt=self._task.attempt,
                namespace=self._execution.plan.spec.namespace,
                name=name,
                type=self._mask.text(use.type),
                version=self._mask.text(use.version or "") or None,
                uri=uri,
                digest=digest,
                size=size,
                direction=use.direction,
                properties=self._mask.value(use.properties),
                at=self._log.now(),
            )
        )
        if use.direction == "OUT" and self._names_kept:
            self._kept[name] = {"uri": uri, "digest": digest, "size": size}
            self._names_kept = await self.add_outputs({"artifacts": dict(self._kept)})
        await self._store_if_many()

    async def _store_file(self, path: str, *place: str) -> StoredFile:
        """Copies the file up to its current size: the task may still be writing to it."""
        with open_inside(self._folder, path, self.owner) as file:
            free = self._store.free_bytes
            if free is not None and is_mostly_holes(file, free):
                raise ArtifactRefused(
                    f"artifact {path!r} is a sparse file whose copy would need more disk space than is free"
                )
            most = os.fstat(file.fileno()).st_size
            return await self._store.store_stream(file, *place, most=most)

    @property
    def is_dirty(self) -> bool:
        return bool(self.pending or self._metrics or self._artifacts)

    def take_pending(self) -> PendingUpdate:
        pending, self.pending = self.pending, PendingUpdate()
        return pending

    def requeue(self, pending: PendingUpdate) -> None:
        """Adds `pending`, which could not be sent, before what was reported since."""
        self.pending = pending.before(self.pending)

    def report(self, lease: UUID, pending: PendingUpdate) -> Report:
        return Report(
            path=self._task.path,
            lease=lease,
            progress=pending.progress,
            message=pending.message,
            inputs=pending.inputs,
            outputs=pending.outputs or None,
            properties=pending.properties or None,
            labels=pending.labels or None,
            git=pending.git or None,
        )

    async def store(self) -> bool:
        """Stores metrics and artifacts; False if there were none. After an error they are kept for the next call."""
        async with self._storing:
            metrics, artifacts = self._metrics, self._artifacts
            if not metrics and not artifacts:
                return False
            self._metrics, self._artifacts = [], []
            try:
                await measures.store(self._pool, self._attempt_id, metrics, artifacts)
            except AttemptsEnded:
                return self._drop(metrics, artifacts)
            except Exception as error:
                if is_outage(error):
                    self._keep(metrics, artifacts)
                    raise
                logger.exception("the database refused metrics or artifacts of %s", self._ref)
                await self._store_apart(metrics, artifacts)
            except BaseException:
                self._keep(metrics, artifacts)
                raise
            return True

    async def _store_apart(self, metrics: list[MetricRow], artifacts: list[UsedArtifact]) -> None:
        """Stores them one by one; those that cannot be stored are dropped, which the attempt's log says."""
        while metrics or artifacts:
            metric, artifact = metrics[:1], [] if metrics else artifacts[:1]
            try:
                await measures.store(self._pool, self._attempt_id, metric, artifact)
            except AttemptsEnded:
                self._drop(metrics, artifacts)
                return
            except Exception as error:
                if is_outage(error):
                    self._keep(metrics, artifacts)
                    raise
                (one,) = metric or artifact
                sentence = f"{one.name} could not be stored: {self._mask.text(str(error))}"
                await self._log.note(sentence, LogLevel.ERROR)
            del metrics[: len(metric)], artifacts[: len(artifact)]

    def _drop(self, metrics: Sequence[MetricRow], artifacts: Sequence[UsedArtifact]) -> bool:
        count = len(metrics) + len(artifacts)
        logger.warning("%d reports of %s are dropped: its attempt had ended", count, self._ref)
        return False

    def _keep(self, metrics: list[MetricRow], artifacts: list[UsedArtifact]) -> None:
        self._metrics = metrics + self._metrics
        self._artifacts = artifacts + self._artifacts
