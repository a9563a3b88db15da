"""The words of a running attempt, until the engine and the tables have them."""

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
    Kept,
    StoreFull,
    checked_name,
)
from runner.files.task_files import is_mostly_holes, open_inside
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
"""Sentences on messages that were not taken; then one says that there are no more."""
_TRY_AGAIN = 1.0
_LOOKED_AT = 16 * 1024
_SHOWN = 200
"""Bytes of a line that are shown when it is not understood."""


@dataclass(slots=True)
class PendingUpdate:
    """Not yet told to the engine."""

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
        """Whether there is something that `Finish` has no place for."""
        return bool(
            self.progress is not None
            or self.message is not None
            or self.properties
            or self.labels
            or self.git
        )

    def before(self, later: "PendingUpdate") -> "PendingUpdate":
        """This, which could not be told, and what was said since."""
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
        page: AttemptLog,
        pool: Pool,
        artifacts: ArtifactStore,
        reader: MessageReader,
        folder: Path,
        mask: Mask | None = None,
    ) -> None:
        self._execution = execution
        self._task = task
        self._attempt_id = attempt_id
        self._page = page
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
        """The user whose files alone may become artifacts, where the attempt has one of its own."""
        self.error: TaskError | None = None
        """Why the attempt fails whatever its processes say."""

    async def turn(self) -> None:
        """Returns when it is this attempt's turn to be read."""
        await self._reader.turn(self._turn)

    async def take(self, line: bytes | InvalidMessage) -> None:
        """One line from the task. What cannot be understood is told in the attempt's log."""
        await self.turn()
        for said in [line] if isinstance(line, InvalidMessage) else await self._reader.read(line):
            try:
                if isinstance(said, InvalidMessage):
                    raise said
                await self._take(said)
            except InvalidOutput as error:
                await self.refuse(error.code, f"{error}{self._start_of(line)}")
            except (InvalidMessage, ArtifactRefused) as error:
                told = f"message not understood: {error}{self._start_of(line)}"
                await self._complain(told, LogLevel.WARN)

    def _start_of(self, line: bytes | InvalidMessage) -> str:
        """Its first bytes, masked before they are cut off; nothing when no complaint is shown any more."""
        if isinstance(line, InvalidMessage) or self._complaints >= _MOST_COMPLAINTS:
            return ""
        start = line[: _LOOKED_AT + self._mask.longest]
        end = self._mask.boundary(start, min(_LOOKED_AT, len(start)))
        return ": " + self._mask.raw(start[:end])[:_SHOWN].decode("utf-8", "replace")

    async def _complain(self, sentence: str, level: LogLevel) -> None:
        """Tells in the log what was not taken, as long as there is not too much of it."""
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            await self._page.note(sentence, level)
        elif self._complaints == _MOST_COMPLAINTS + 1:
            told = f"{_MOST_COMPLAINTS} faults in messages were told; those that follow are not"
            await self._page.note(told, LogLevel.WARN)

    async def _take(self, said: Message) -> None:
        match said:
            case Output() | OutputError():
                await self._take_output(said)
            case Property(property=values):
                self._add_properties(values)
            case Label(label=labels):
                self._add_labels(labels)
            case Git(git=code):
                self.pending.git.update(self._mask.value(code.model_dump(exclude_none=True)))
            case Progress():
                self._add_progress(said)
            case Metric():
                await self._add_metric(said)
            case Artifact(artifact=use):
                await self.add_artifact(use)

    async def _take_output(self, said: Output | OutputError) -> None:
        if isinstance(said, Output):
            await self.add_outputs(said.output)
        else:
            await self.refuse(InvalidOutput.code, said.output_error)

    async def add_outputs(self, values: Mapping[str, Any]) -> bool:
        """Whether they were taken; else they fail the attempt."""
        values = self._mask.value(values)
        try:
            self._outputs.add(values)
        except NotTaken as error:
            await self.refuse(error.code, str(error))
            return False
        self.pending.outputs.update(values)
        return True

    async def refuse(self, code: str, sentence: str) -> None:
        """An output is lost, so the attempt fails when it ends, with the first of such causes."""
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

    def _add_progress(self, said: Progress) -> None:
        if said.progress is not None:
            self.pending.progress = said.progress
        if said.message is not None:
            self.pending.message = self._mask.text(said.message)

    async def _add_metric(self, said: Metric) -> None:
        self._metrics_taken += 1
        if self._metrics_taken > _MOST_METRICS:
            if self._metrics_taken == _MOST_METRICS + 1:
                told = f"metric limit of {_MOST_METRICS} reached; the rest is dropped"
                await self._page.note(told, LogLevel.WARN)
            return
        metric = said.metric
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
                at=self._page.now(),
            )
        )
        await self._make_room()

    async def _make_room(self) -> None:
        """Stores them when many wait, so that their memory is bounded: the task waits for the database."""
        while len(self._metrics) >= _MANY_METRICS or len(self._artifacts) >= _MANY_ARTIFACTS:
            try:
                await self.store()
            except UNREACHABLE:
                await asyncio.sleep(_TRY_AGAIN)

    async def add_artifact(self, use: ArtifactUse) -> None:
        """Raises ArtifactRefused, or StoreFull. A file is copied at once, as the task may go on to change it."""
        name = checked_name(
            self._mask.text(use.name or use.path or str(use.uri).rstrip("/").rpartition("/")[2])
        )
        if use.path is None:
            uri, digest, size = self._mask.text(self._store.located(str(use.uri))), None, None
        else:
            place = (typed("exec", self._execution.id), self._task.path, str(self._task.attempt))
            try:
                kept = await self._keep_file(use.path, *place, name)
            except StoreFull:
                raise  # no fault of the task
            except OSError as error:
                raise ArtifactRefused(f"artifact {name!r} could not be kept: {error}") from error
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
                at=self._page.now(),
            )
        )
        if use.direction == "OUT" and self._names_kept:
            self._kept[name] = {"uri": uri, "digest": digest, "size": size}
            self._names_kept = await self.add_outputs({"artifacts": dict(self._kept)})
        await self._make_room()

    async def _keep_file(self, path: str, *place: str) -> Kept:
        """As much of it as there is now: the task may go on to write."""
        with open_inside(self._folder, path, self.owner) as file:
            room = self._store.room
            if room is not None and is_mostly_holes(file, room):
                raise ArtifactRefused(
                    f"artifact {path!r} consists of holes, and would take more room than there is"
                )
            most = os.fstat(file.fileno()).st_size
            return await self._store.keep_stream(file, *place, most=most)

    @property
    def has_news(self) -> bool:
        return bool(self.pending or self._metrics or self._artifacts)

    def take_pending(self) -> PendingUpdate:
        pending, self.pending = self.pending, PendingUpdate()
        return pending

    def put_back(self, pending: PendingUpdate) -> None:
        """It could not be told; what was said since comes after it."""
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
        """Metrics and artifacts to their tables; whether there were any. What could not be stored stays for the next
        time."""
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
                logger.exception("metrics and artifacts of %s were refused", self._task.path)
                await self._store_apart(metrics, artifacts)
            except BaseException:
                self._keep(metrics, artifacts)
                raise
            return True

    async def _store_apart(self, metrics: list[MetricRow], artifacts: list[UsedArtifact]) -> None:
        """A report that cannot be stored is dropped alone, and told of in the attempt's log."""
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
                told = f"{one.name} could not be stored: {self._mask.text(str(error))}"
                await self._page.note(told, LogLevel.ERROR)
            del metrics[: len(metric)], artifacts[: len(artifact)]

    def _drop(self, metrics: Sequence[MetricRow], artifacts: Sequence[UsedArtifact]) -> bool:
        """The attempt has ended without this worker, and its lease is void; nothing was stored."""
        told = "%d metrics and %d artifacts of %s are dropped: its attempt had ended"
        logger.warning(told, len(metrics), len(artifacts), self._task.path)
        return False

    def _keep(self, metrics: list[MetricRow], artifacts: list[UsedArtifact]) -> None:
        self._metrics = metrics + self._metrics
        self._artifacts = artifacts + self._artifacts
