"""Recording a run that Headway does not run itself.

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
"""Characters of a line; a longer one is sent in parts."""
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
"""A minute, and for a run of the past none."""


class Recording:
    """An execution that runs here. A context manager; inside, everything that is logged of it goes to the server.

    Metrics and log lines go in batches from a thread of their own, which sends heartbeats too. The others go at once,
    and raise Refused where the server will not have them.

    One of the past says when it was: `created_at`, `started_at` and `ended_at`, each a datetime with a time zone or
    text as 2026-01-31T02:00:00Z. Then no heartbeats are sent, unless `heartbeat_ttl` asks for them.

    With a `key` it is one execution, however often the program starts: one that has not ended goes on where it is, of
    one that has ended nothing more is recorded.
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
        self._told: dict[str, Any] = {
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

    # -- what happens in it -------------------------------------------------------------------------------------------

    def log_params(self, **values: Any) -> None:
        """Parameters and whatever else is to be known of it: its properties, by which it is found and compared."""
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
        """A number; sent within a second. `kind` is `gauge`, `counter` or `duration` (in seconds)."""
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
        self._thread.put_metric({key: told for key, told in metric.items() if told is not None})

    def _key_of(
        self, name: str, step: int | None, tags: Mapping[str, Any] | None, task: str | None
    ) -> str:
        """The same each time the program runs: a step has one value, what has no step is counted."""
        told = json.dumps([name, step, tags or {}, task], sort_keys=True, default=plain)
        key = hashlib.sha256(told.encode()).hexdigest()
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
        """A line of its log, or several; sent within a second. `level` is TRACE, DEBUG, INFO, WARN or ERROR."""
        if level.upper() not in _LEVELS:
            raise ValueError(f"there is no level {level!r}; there are: {', '.join(_LEVELS)}")
        if self._over:
            return
        told = {"level": level.upper(), "at": self._at(at), "taskKey": task}
        line = {key: value for key, value in told.items() if value is not None}
        for one in str(text).encode("utf-8", "replace").decode().split("\n"):
            for start in range(0, max(len(one), 1), _LONGEST):
                self._thread.put_line({**line, "text": one[start : start + _LONGEST]})

    def cached_from(self, execution: str) -> None:
        """Nothing was run: it ends CACHED, with what the execution of this id made, unless it fails after all."""
        self._cached_from = execution

    def _at(self, told: datetime | str | None) -> str | None:
        """Of the past what is not told is not guessed here."""
        return _moment(told) or (None if self._past else _now())

    def log_output(self, **values: Any) -> None:
        """Sets outputs, which are sent with the end. Raises ValueError for NaN and infinity."""
        encoded(values)
        self._outputs.update(values)

    def log_dataset(
        self, place: str | os.PathLike[str], *, direction: str = "IN", **more: Any
    ) -> None:
        """Data that it used (or, OUT, made): a file, a folder or a URI. `more` as of `log_artifact`."""
        self.log_artifact(place, type="Dataset", direction=direction, **more)

    def log_model(
        self, place: str | os.PathLike[str], *, direction: str = "OUT", **more: Any
    ) -> None:
        """A model that it made (or, IN, used)."""
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
        """A file or a folder here is known by its content, a URI by its version. Nothing is copied."""
        told = {
            **describe(place),
            "direction": direction,
            "type": type,
            "namespace": namespace,
            "version": version,
            "properties": dict(properties) if properties else None,
            "taskKey": task,
        }
        if name is not None:
            told["name"] = name
        artifact = {key: value for key, value in told.items() if value is not None}
        self._record("recordArtifacts", artifacts=[artifact])

    @contextmanager
    def task(
        self,
        key: str,
        *,
        started_at: datetime | str | None = None,
        ended_at: datetime | str | None = None,
    ) -> Iterator[None]:
        """A task run of it: RUNNING inside, then SUCCESS, or with an exception FAILED. Again it is another attempt.

        Of a run of the past it needs both times: else the server refuses it.
        """
        self._attempts[key] += 1
        told: dict[str, Any] = {"key": key, "attempt": self._attempts[key]}
        self._record("recordTaskRun", **told, state="RUNNING", startedAt=self._at(started_at))
        try:
            yield
        except BaseException as error:
            state, why = end_of(error)
            self._last_words(
                lambda: self._record(
                    "recordTaskRun", **told, state=state, endedAt=self._at(ended_at), error=why
                )
            )
            raise
        self._record("recordTaskRun", **told, state="SUCCESS", endedAt=self._at(ended_at))

    # -- its life -----------------------------------------------------------------------------------------------------

    def start(self) -> Recording:
        made = self.client.mutate("recordExecution", STARTED, **self._told)["execution"]
        self.id, self.name = made["id"], made["name"]
        for task in made["taskRuns"]:
            self._attempts[task["key"]] = max(
                (one["number"] for one in task["attempts"]), default=0
            )
        self._over = made["endedAt"] is not None
        if self._over:
            _logger.warning(
                "%s %s ended %s already: nothing more is recorded of it; another run needs another key than %r",
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
        """Sends everything that waits first. Raises the error of that; once refused, it may be told
        again, as with the `ended_at` that a run of the past needs."""
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
        state, told = end_of(error)
        self._last_words(lambda: self.finish(state, told))

    def _record(self, mutation: str, /, patience: float | None = None, **input: Any) -> None:
        if not self.id:
            raise HeadwayError("the recording has not started; use it with `with`, or call start()")
        if self._over:
            return
        self.client.mutate(mutation, patience=patience, executionId=self.id, **input)

    def _last_words(self, say: Callable[[], None]) -> None:
        """While an exception is on its way, trouble with the server must not hide it."""
        try:
            say()
        except HeadwayError as error:
            warnings.warn(f"the end could not be recorded: {error}", stacklevel=3)


def end_of(error: BaseException) -> tuple[str, dict[str, str] | None]:
    """The state that an exception ends a run in, and what to say of it."""
    if isinstance(error, KeyboardInterrupt):
        return "KILLED", {"code": "INTERRUPTED", "message": "interrupted"}
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return "SUCCESS", None
    name, said = type(error).__name__, str(error)
    if said and not isinstance(error, SystemExit):  # whose words are for people
        said = f"{name}: {said}"
    return "FAILED", {"code": name, "message": said or name}


def _moment(told: datetime | str | None) -> str | None:
    """Raises ValueError without a time zone: nobody could say when that was."""
    if isinstance(told, datetime):
        if told.tzinfo is None:
            raise ValueError(f"{told!r} has no time zone; say one, as tzinfo=timezone.utc")
        return told.isoformat()
    return told


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()
