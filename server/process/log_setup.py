"""The log of a process: its level, and its records as text for people or as JSON for a log collector."""

import logging
import logging.handlers
import queue
from collections.abc import Iterator
from contextlib import contextmanager

from pythonjsonlogger.orjson import OrjsonFormatter

from server.settings.log_settings import LogFormat, LogLevel

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def logging_to_stderr(level: LogLevel, format: LogFormat) -> Iterator[None]:
    """Records are written by a thread: a reader of stderr that is slow, or stopped, does not stop the event loop."""
    stderr = logging.StreamHandler()
    stderr.setFormatter(_formatter(format))
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(records, stderr)
    root = logging.getLogger()
    handler = _Unformatted(records)
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


class _Unformatted(logging.handlers.QueueHandler):
    """Leaves records as they are: both ends of the queue are in one process."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record


def _formatter(format: LogFormat) -> logging.Formatter:
    if format is LogFormat.TEXT:
        return logging.Formatter(_TEXT)
    names = {"levelname": "level", "name": "logger"}
    return OrjsonFormatter(
        "%(levelname)s %(name)s %(message)s", timestamp="at", rename_fields=names
    )
