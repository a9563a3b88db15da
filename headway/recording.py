"""Records an external run, which Headway does not run itself.

with headway.execution("mnist", kind="train", namespace="ml") as run:
    run.log_params(lr=0.1)
    run.log_metric("loss", 0.2, step=3)
    run.log_model("model.pkl")
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from types import TracebackType
from typing import Any

from headway.client import Client, HeadwayError, Refused
from headway.files import describe
from headway.repository import detect
from headway.sending import Sender
from headway.task import encoded, plain

_HEARTBEAT = 60.0
_FLUSH_AFTER = 1.0
_LONGEST = 16_000
"""Characters of a log line; a longer one is sent in parts."""
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
STARTED = "execution { id name state endedAt taskRuns { key attempts { number } } }"
RECORDED = (
    "recordProperties",
    "recordArtifacts",
    "recordTaskRun",
    "recordLogs",
    "recordMetrics",
    "finishExecution",
)
"""The mutations after the start."""
_logger = logging.getLogger("headway")


_USUAL: Any = object()
"""The default heartbeat TTL: a minute, or none for a run of the past."""


class Recording:
    """An execution of this program. A context manager: inside, everything that is logged is sent to the server.

    A separate thread sends metrics and log lines in batches, and heartbeats. Everything else is sent at once, and
    raises Refused if the server refuses it.

    For a run of the past, give `created_at`, `started_at` and `ended_at`, each a datetime with a time zone or text such
    as 2026-01-31T02:00:00Z. No heartbeats are sent then, unless `heartbeat_ttl` is given.

    With a `key`, all starts of the program record the same execution: it continues if it has not ended; if it has
    ended, nothing more is recorded.
    """

    def __init__(
        self,
        pipeline: str,
        *,
        kind: str | None = None,
        namespace: str = "default",
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        git_info: Mapping[str, str] | None = None,
        key: str | None = None,
        created_at: datetime | str | None = None,
        started_at: datetime | str | None = None,
        ended_at: datetime | str | None = None,
        heartbeat_ttl: float | None = _USUAL,
        client: Client | None = None,
    ) -> None:
        past = created_at is not None or started_at is not None
        ttl = (None if past else _HEARTBEAT) if heartbeat_ttl is _USUAL else heartbeat_ttl
        self.client = client or Client()
        self.id = ""
        self.name = ""
        self._input: dict[str, Any] = {
            "namespace": namespace,
            "pipeline": pipeline,
            "kind": kind,
            "name": name,
            "inputs": dict(params or {}),
            "properties": dict(properties or {}),
            "labels": [{"key": one, "value": value} for one, value in (labels or {}).items()],
            "git": dict(detect() if git_info is None else git_info) or None,
            "createdAt": _moment(created_at),
            "startedAt": _moment(started_at),
            "heartbeatTtl": ttl,
            "idempotencyKey": key or uuid.uuid4().hex,
        }
        self.ended_at = ended_at
        self._past = past and ttl is None
        self._cached_from: str | None = None
        self._key = key
        self._counted: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._outputs: dict[str, Any] = {}
        self._ended = False
        self._over = False
        self._thread = Sender(self._record, _FLUSH_AFTER, ttl)

    # -- reports ------------------------------------------------------------------------------------------------------

    def log_params(self, **values: Any) -> None:
        """Records parameters and other properties, by which executions are searched and compared."""
        self._record("recordProperties", properties=values)

    def log_metric(
        self,
        name: str,
        value: float,
        *,
        step: int | None = None,
        kind: str = "gauge",
        tags: Mapping[str, Any] | None = None,
        task: str | None = None,
        at: datetime | str | None = None,
    ) -> None:
        """Records a number; sent within a second. `kind` is `gauge`, `counter` or `duration` (in seconds)."""
        number = float(value)
        if not math.isfinite(number):
            warnings.warn(f"metric {name} is {number} and is left out", stacklevel=2)
            return
        if self._over:
            return
        metric: dict[str, Any] = {
            "name": name,
            "value": number,
            "kind": kind.upper(),
            "at": self._at(at),
            "step": step,
            "tags": dict(tags) if tags else None,
            "taskKey": task,
        }
        if self._key is not None:
            metric["idempotencyKey"] = self._key_of(name, step, tags, task)
        self._thread.put_metric({key: one for key, one in metric.items() if one is not None})

    def _key_of(
        self, name: str, step: int | None, tags: Mapping[str, Any] | None, task: str | None
    ) -> str:
        """Returns an idempotency key that is equal each time the program runs; values without a step are counted."""
        text = json.dumps([name, step, tags or {}, task], sort_keys=True, default=plain)
        key = hashlib.sha256(text.encode()).hexdigest()
        if step is not None:
            return key
        self._counted[key] += 1
        return f"{key}-{self._counted[key]}"

    def log_metrics(self, values: Mapping[str, float], *, step: int | None = None) -> None:
        for name, value in values.items():
            self.log_metric(name, value, step=step)

    def log(
        self,
        text: str,
        level: str = "INFO",
        *,
        task: str | None = None,
        at: datetime | str | None = None,
    ) -> None:
        """Logs one or more lines; sent within a second. `level` is TRACE, DEBUG, INFO, WARN or ERROR."""
        if level.upper() not in _LEVELS:
            raise ValueError(f"there is no level {level!r}; there are: {', '.join(_LEVELS)}")
        if self._over:
            return
        fields = {"level": level.upper(), "at": self._at(at), "taskKey": task}
        line = {key: value for key, value in fields.items() if value is not None}
        for one in str(text).encode("utf-8", "replace").decode().split("\n"):
            for start in range(0, max(len(one), 1), _LONGEST):
                self._thread.put_line({**line, "text": one[start : start + _LONGEST]})

    def cached_from(self, execution: str) -> None:
        """Makes the run end CACHED, with the outputs of the execution with this id, unless it fails."""
        self._cached_from = execution

    def _at(self, given: datetime | str | None) -> str | None:
        """Returns the given time, or now; for a run of the past, a missing time remains None."""
        return _moment(given) or (None if self._past else _now())

    def log_output(self, **values: Any) -> None:
        """Sets outputs, which are sent at the end. Raises ValueError for NaN and infinity."""
        encoded(values)
        self._outputs.update(values)

    def log_dataset(
        self, place: str | os.PathLike[str], *, direction: str = "IN", **more: Any
    ) -> None:
        """Records data that the run used (or with OUT, produced): a file, folder or URI. `more`: see `log_artifact`."""
        self.log_artifact(place, type="Dataset", direction=direction, **more)

    def log_model(
        self, place: str | os.PathLike[str], *, direction: str = "OUT", **more: Any
    ) -> None:
        """Records a model that the run produced (or with IN, used). `more`: see `log_artifact`."""
        self.log_artifact(place, type="Model", direction=direction, **more)

    def log_artifact(
        self,
        place: str | os.PathLike[str],
        *,
        direction: str = "OUT",
        type: str = "File",
        name: str | None = None,
        namespace: str | None = None,
        version: str | None = None,
        properties: Mapping[str, Any] | None = None,
        task: str | None = None,
    ) -> None:
        """Records an artifact without copying it. Local files are identified by content, URIs by version."""
        fields = {
            **describe(place),
            "direction": direction,
            "type": type,
            "namespace": namespace,
            "version": version,
            "properties": dict(properties) if properties else None,
            "taskKey": task,
        }
        if name is not None:
            fields["name"] = name
        artifact = {key: value for key, value in fields.items() if value is not None}
        self._record("recordArtifacts", artifacts=[artifact])

    @contextmanager
    def task(
        self,
        key: str,
        *,
        started_at: datetime | str | None = None,
        ended_at: datetime | str | None = None,
    ) -> Iterator[None]:
        """Records a task run: RUNNING inside, then SUCCESS, or FAILED after an exception. A repeated key is a new
        attempt.

        In a run of the past, both times are required.
        """
        self._attempts[key] += 1
        run: dict[str, Any] = {"key": key, "attempt": self._attempts[key]}
        self._record("recordTaskRun", **run, state="RUNNING", startedAt=self._at(started_at))
        try:
            yield
        except BaseException as error:
            state, why = end_of(error)
            self._record_end(
                lambda: self._record(
                    "recordTaskRun", **run, state=state, endedAt=self._at(ended_at), error=why
                )
            )
            raise
        self._record("recordTaskRun", **run, state="SUCCESS", endedAt=self._at(ended_at))

    # -- start and end ------------------------------------------------------------------------------------------------

    def start(self) -> Recording:
        made = self.client.mutate("recordExecution", STARTED, **self._input)["execution"]
        self.id, self.name = made["id"], made["name"]
        for task in made["taskRuns"]:
            self._attempts[task["key"]] = max(
                (one["number"] for one in task["attempts"]), default=0
            )
        self._over = made["endedAt"] is not None
        if self._over:
            _logger.warning(
                "%s %s has already ended %s: nothing more is recorded; to record another run, use a key other than %r",
                self.name,
                self.id,
                made["state"],
                self._key,
            )
        else:
            self._thread.start()
        return self

    def finish(
        self,
        state: str = "SUCCESS",
        error: Mapping[str, str] | None = None,
        *,
        ended_at: datetime | str | None = None,
    ) -> None:
        """Sends everything that is pending, then the end. Raises the first error of the sending thread. If the server
        refused the end, it may be called again, for example with the `ended_at` that a run of the past needs."""
        if self._ended:
            return
        self._ended = True
        if self._over:
            return
        self._thread.stop()
        cached = self._cached_from is not None and state == "SUCCESS"
        try:
            self._record(
                "finishExecution",
                state="CACHED" if cached else state,
                endedAt=_moment(ended_at or self.ended_at),
                error=error,
                outputs=self._outputs or None,
                cachedFrom=self._cached_from if cached else None,
            )
        except Refused:
            self._ended = False
            raise
        if self._thread.error:
            raise self._thread.error

    def __enter__(self) -> Recording:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.finish()
            return
        state, why = end_of(error)
        self._record_end(lambda: self.finish(state, why))

    def _record(self, mutation: str, /, patience: float | None = None, **input: Any) -> None:
        if not self.id:
            raise HeadwayError("the recording has not started; use it with `with`, or call start()")
        if self._over:
            return
        self.client.mutate(mutation, patience=patience, executionId=self.id, **input)

    def _record_end(self, record: Callable[[], None]) -> None:
        """Records the end after an exception. An error of the server is a warning, so that it does not hide it."""
        try:
            record()
        except HeadwayError as error:
            warnings.warn(f"the end could not be recorded: {error}", stacklevel=3)


def end_of(error: BaseException) -> tuple[str, dict[str, str] | None]:
    """Returns the state and the error of a run that ends with this exception."""
    if isinstance(error, KeyboardInterrupt):
        return "KILLED", {"code": "INTERRUPTED", "message": "interrupted"}
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return "SUCCESS", None
    name, message = type(error).__name__, str(error)
    if message and not isinstance(error, SystemExit):  # whose message is meant for people
        message = f"{name}: {message}"
    return "FAILED", {"code": name, "message": message or name}


def _moment(given: datetime | str | None) -> str | None:
    """Returns the time as text. Raises ValueError for a datetime without a time zone."""
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise ValueError(f"{given!r} has no time zone; add one, such as tzinfo=timezone.utc")
        return given.isoformat()
    return given


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()
