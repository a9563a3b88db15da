"""Collects the frequent reports of a recording and sends them in a separate thread."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

from headway.client import HeadwayError

_MAX_ITEMS = 1_000
_MAX_BYTES = 400_000
"""Bytes of log lines in one batch; a request may have 1 MB."""


class Sender(threading.Thread):
    """Sends metrics and log lines in batches, and heartbeats when nothing else was sent."""

    def __init__(self, record: Callable[..., None], flush_after: float, ttl: float | None) -> None:
        super().__init__(name="headway", daemon=True)
        self.error: HeadwayError | None = None
        self._record = record
        self._flush_after = flush_after
        self._beats = None if ttl is None else max(int(ttl / 3 / flush_after), 1)
        self._metrics: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []
        self._batches = 0
        self._key = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False

    def put_metric(self, metric: dict[str, Any]) -> None:
        self._put(self._metrics, metric)

    def put_line(self, line: dict[str, Any]) -> None:
        self._put(self._lines, line)

    def _put(self, waiting: list[dict[str, Any]], one: dict[str, Any]) -> None:
        with self._lock:
            waiting.append(one)
            many = len(waiting) >= _MAX_ITEMS
        if many:
            self._wake.set()

    def stop(self) -> None:
        """Returns after everything was sent, or has failed."""
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
                self._call("heartbeat", self._flush_after)
                quiet = 0
        self._flush()

    def _flush(self) -> bool:
        lines = self._send("recordLogs", "lines", self._lines)
        return self._send("recordMetrics", "metrics", self._metrics) or lines

    def _send(self, mutation: str, name: str, waiting: list[dict[str, Any]]) -> bool:
        """Sends batches, and returns whether there were any. An idempotency key makes a retried batch count once."""
        sent = False
        while True:
            with self._lock:
                count = _fitting(waiting)
                batch = waiting[:count]
                del waiting[:count]
            if not batch:
                return sent
            self._batches += 1
            key = f"{self._key}-{self._batches}"
            self._call(mutation, None, **{name: batch}, idempotencyKey=key)
            sent = True

    def _call(self, mutation: str, patience: float | None, **input: Any) -> None:
        try:
            self._record(mutation, patience, **input)
        except HeadwayError as error:
            if mutation != "heartbeat":  # the next heartbeat makes up for a missed one
                self.error = self.error or error


def _fitting(waiting: list[dict[str, Any]]) -> int:
    """Returns how many of the first items fit into one request."""
    size = 0
    for count, one in enumerate(waiting[:_MAX_ITEMS]):
        size += len(json.dumps(one.get("text", "")))
        if size > _MAX_BYTES and count:
            return count
    return min(len(waiting), _MAX_ITEMS)
