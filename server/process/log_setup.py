"""The log of a process: its level, and its records as text for people or as JSON for a log collector."""

import logging
import logging.handlers
import os
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pythonjsonlogger.orjson import OrjsonFormatter

from server.settings.log_settings import LogFormat, LogLevel

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_WAITING = 100_000
_LAST_RECORDS_SECONDS = 5.0


@contextmanager
def logging_to_stderr(level: LogLevel, format: LogFormat) -> Iterator[None]:
    """Records are written by a thread, so a slow or stopped reader of stderr does not stop the event loop. Beyond
    _MAX_WAITING records, new ones are dropped and counted."""
    stderr = _Unlocked(_Stderr())
    stderr.setFormatter(_formatter(format))
    records: queue.Queue[logging.LogRecord] = queue.Queue(_MAX_WAITING)
    listener = _Listener(records, stderr)
    root = logging.getLogger()
    handler = _Records(records)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # In an outage it writes a traceback a second; our own loops write a line for it.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        root.removeHandler(handler)


class _Stderr:
    """Writes without a buffer, whose lock would keep the interpreter from ending while a write waits."""

    def write(self, text: str) -> None:
        data = text.encode(errors="backslashreplace")
        while data:
            data = data[os.write(sys.stderr.fileno(), data) :]


class _Unlocked(logging.StreamHandler[_Stderr]):
    """One thread alone writes; at the end of the process nothing may wait for a write."""

    def createLock(self) -> None:
        self.lock = None


class _Records(logging.handlers.QueueHandler):
    """Leaves records as they are, because both ends of the queue are in one process."""

    dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        for argument in record.args if isinstance(record.args, tuple) else ():
            vars(record).update(getattr(argument, "log_fields", {}))
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self.dropped:
                self.queue.put_nowait(_dropped(self.dropped))
                self.dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1


class _Listener(logging.handlers.QueueListener):
    def stop(self) -> None:
        """Waits for the last records, but not for a reader that has stopped."""
        with suppress(queue.Full):
            self.enqueue_sentinel()
        if self._thread:
            self._thread.join(_LAST_RECORDS_SECONDS)


def _dropped(count: int) -> logging.LogRecord:
    message = "%d log records were dropped: the reader of stderr was too slow"
    return logging.LogRecord("headway.log", logging.WARNING, "", 0, message, (count,), None)


def _formatter(format: LogFormat) -> logging.Formatter:
    if format is LogFormat.TEXT:
        return logging.Formatter(_TEXT)
    names = {"levelname": "level", "name": "logger"}
    return OrjsonFormatter(
        "%(levelname)s %(name)s %(message)s", timestamp="at", rename_fields=names
    )
