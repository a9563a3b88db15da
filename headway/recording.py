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
import threading
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from types import TracebackType
from typing import Any

from headway.client import Client, HeadwayError
from headway.files import describe
from headway.repository import detect
from headway.task import encoded, plain

_HEARTBEAT = 60.0
_FLUSH_AFTER = 1.0
_MANY = 1_000
_STARTED = "execution { id name state endedAt taskRuns { key attempts { number } } }"
_logger = logging.getLogger("headway")


class Recording:
    """An execution that runs here. A context manager; inside, everything that is logged of it goes to the server.

    Metrics go in batches from a thread of their own, which sends heartbeats too. The others go at once, and raise
    Refused where the server will not have them.

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
        heartbeat_ttl: float | None = _HEARTBEAT,
        client: Client | None = None,
    ) -> None:
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
            "heartbeatTtl": heartbeat_ttl,
            "idempotencyKey": key or uuid.uuid4().hex,
        }
        self._key = key
        self._counted: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._outputs: dict[str, Any] = {}
        self._ended = False
        self._over = False
        self._thread = _Sender(self, _FLUSH_AFTER, heartbeat_ttl)

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
            "at": _now(),
            "step": step,
            "tags": dict(tags) if tags else None,
            "taskKey": task,
        }
        if self._key is not None:
            metric["idempotencyKey"] = self._key_of(name, step, tags, task)
        self._thread.put({key: told for key, told in metric.items() if told is not None})

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

    def log_output(self, **values: Any) -> None:
        """What came of it; told with its end. Raises ValueError for a number that is none."""
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
    def task(self, key: str) -> Iterator[None]:
        """A task run of it: RUNNING inside, then SUCCESS, or with an exception FAILED. Again it is another attempt."""
        self._attempts[key] += 1
        told: dict[str, Any] = {"key": key, "attempt": self._attempts[key]}
        self._record("recordTaskRun", **told, state="RUNNING", startedAt=_now())
        try:
            yield
        except BaseException as error:
            state, why = end_of(error)
            self._last_words(
                lambda: self._record(
                    "recordTaskRun", **told, state=state, endedAt=_now(), error=why
                )
            )
            raise
        self._record("recordTaskRun", **told, state="SUCCESS", endedAt=_now())

    # -- its life -----------------------------------------------------------------------------------------------------

    def start(self) -> Recording:
        made = self.client.mutate("recordExecution", _STARTED, **self._told)["execution"]
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

    def finish(self, state: str = "SUCCESS", error: Mapping[str, str] | None = None) -> None:
        """What is still to be sent is sent first. Raises what went wrong with that."""
        if self._ended:
            return
        self._ended = True
        if self._over:
            return
        self._thread.stop()
        self._record(
            "finishExecution",
            state=state,
            error=error,
            outputs=self._outputs or None,
        )
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


class _Sender(threading.Thread):
    """Sends metrics in batches, and heartbeats when nothing else was sent."""

    def __init__(self, run: Recording, flush_after: float, ttl: float | None) -> None:
        super().__init__(name="headway", daemon=True)
        self.error: HeadwayError | None = None
        self._run = run
        self._flush_after = flush_after
        self._beats = None if ttl is None else max(int(ttl / 3 / flush_after), 1)
        self._metrics: list[dict[str, Any]] = []
        self._batches = 0
        self._key = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False

    def put(self, metric: dict[str, Any]) -> None:
        with self._lock:
            self._metrics.append(metric)
            many = len(self._metrics) >= _MANY
        if many:
            self._wake.set()

    def stop(self) -> None:
        """Returns when everything is sent, or cannot be."""
        self._stopping = True
        self._wake.set()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        quiet = 0
        while not self._stopping:
            self._wake.wait(self._flush_after)
            self._wake.clear()
            quiet = 0 if self._flush() else quiet + 1
            if self._beats is not None and quiet >= self._beats:
                self._say("heartbeat", self._flush_after)
                quiet = 0
        self._flush()

    def _flush(self) -> bool:
        sent = False
        while True:
            with self._lock:
                batch, self._metrics = self._metrics[:_MANY], self._metrics[_MANY:]
            if not batch:
                return sent
            self._batches += 1
            key = f"{self._key}-{self._batches}"
            self._say("recordMetrics", None, metrics=batch, idempotencyKey=key)
            sent = True

    def _say(self, mutation: str, patience: float | None, **input: Any) -> None:
        try:
            self._run._record(mutation, patience, **input)
        except HeadwayError as error:
            if mutation != "heartbeat":  # one that is missed is made good by the next
                self.error = self.error or error


def end_of(error: BaseException) -> tuple[str, dict[str, str] | None]:
    """The state that an exception ends a run in, and what to say of it."""
    if isinstance(error, KeyboardInterrupt):
        return "KILLED", {"code": "INTERRUPTED", "message": "interrupted"}
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return "SUCCESS", None
    return "FAILED", {"code": type(error).__name__, "message": str(error) or type(error).__name__}


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()
