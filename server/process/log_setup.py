"""The log of a process: its level, and its records as text for people or as JSON for a log collector."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread

from pythonjsonlogger.orjson import OrjsonFormatter

from server.settings.log_settings import LogFormat, LogLevel

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_WAITING = 100_000
_LAST_RECORDS_SECONDS = 5.0
_MAX_RECORDS_OF_WRITE = 200


@contextmanager
def logging_to_stderr(level: LogLevel, format: LogFormat) -> Iterator[None]:
    """Records are written by a thread, so a slow or stopped reader of stderr does not stop the event loop. Beyond
    _MAX_WAITING records, new ones are dropped and counted."""
    # No format shows these, and each record would read them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    writer = _Writer(_formatter(format))
    handler = _Records(writer.waiting)
    root.addHandler(handler)
    # Libraries' debug records, such as each SQL statement, would hide Headway's own.
    root.setLevel(max(logging.getLevelNamesMapping()[level.upper()], logging.INFO))
    logging.getLogger("headway").setLevel(level.upper())
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # In an outage it writes a traceback a second; our own loops write a line for it.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    writer.start()
    try:
        yield
    finally:
        writer.stop()
        root.removeHandler(handler)


class _Records(logging.Handler):
    def __init__(self, waiting: "SimpleQueue[logging.LogRecord | None]") -> None:
        super().__init__()
        self._waiting = waiting
        self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        for argument in record.args if isinstance(record.args, tuple) else ():
            vars(record).update(getattr(argument, "log_fields", {}))
        if self._waiting.qsize() >= _MAX_WAITING:
            self.dropped += 1
            return
        if self.dropped:
            message = "%d log records were dropped: the reader of stderr was too slow"
            self._waiting.put(_warning(message, self.dropped))
            self.dropped = 0
        self._waiting.put(record)


class _Writer(Thread):
    """Writes records to stderr, many at once, without a lock or buffer that the end of the interpreter waits for."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(name="log", daemon=True)
        self.waiting: SimpleQueue[logging.LogRecord | None] = SimpleQueue()
        self._formatter = formatter

    def run(self) -> None:
        ended = False
        while not ended:
            records = [self.waiting.get()]
            while len(records) < _MAX_RECORDS_OF_WRITE and not self.waiting.empty():
                records.append(self.waiting.get())
            ended = None in records
            _write("".join(self._line(record) for record in records if record))

    def stop(self) -> None:
        """Waits for the last records, but not for a reader that has stopped."""
        self.waiting.put(None)
        self.join(_LAST_RECORDS_SECONDS)

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return f"{self._formatter.format(record)}\n"
        except Exception as error:
            message = "a log record of %s could not be formatted: %r: %r"
            return self._line(_warning(message, record.name, record.msg, error))


def _write(text: str) -> None:
    data = text.encode(errors="backslashreplace")
    while data:
        data = data[os.write(sys.stderr.fileno(), data) :]


def _warning(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("headway.log", logging.WARNING, "", 0, message, values, None)


def _formatter(format: LogFormat) -> logging.Formatter:
    if format is LogFormat.TEXT:
        return logging.Formatter(_TEXT)
    names = {"levelname": "level", "name": "logger"}
    return OrjsonFormatter(
        "%(levelname)s %(name)s %(message)s", timestamp="at", rename_fields=names
    )
