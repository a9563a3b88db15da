"""Evaluates expressions in a child process, which can be killed, instead of in the event loop."""

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import jinja2
import markupsafe
import orjson

from models.errors import HeadwayError
from models.expressions import SYNTAX, has_expressions, read

MAX_REQUEST = 16 * 1024 * 1024
"""Bytes, as JSON, of all values that one request uses: of each variable, or in `outputs` of each task."""
SILENCE = 10.0
"""Seconds without a response after which a child is killed, even if it uses no CPU time."""
MAX_SENTENCE = 2000
"""Characters of an error message from the child."""
_IN_FLIGHT = 512
_ATTEMPTS = 3
_CHILD = Path(__file__).with_name("sandbox_process.py")
_HEADER = struct.Struct(">I")
_CURRENT = struct.Struct(">Q")


class Mode(StrEnum):
    """The ways to insert values into text: unchanged, or each quoted as one word for a shell."""

    PLAIN = "plain"
    SHELL = "shell"


class EvaluationFailed(HeadwayError):
    """An expression cannot be evaluated; the message is for its author."""

    code = "EXPRESSION"
    """The code of the task's error."""


class TooLarge(EvaluationFailed):
    """The values that the expression uses exceed the limit."""

    code = "PAYLOAD_TOO_LARGE"


class _ChildEnded(Exception):
    """The child ended, but not because of this request."""


class Evaluator:
    """Owns the child process. Entering the context starts it; if it is killed, the next request starts another.

    An instance belongs to one event loop. Any number of `render` calls may run concurrently.
    """

    def __init__(self) -> None:
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._capacity = asyncio.Semaphore(_IN_FLIGHT)

    async def __aenter__(self) -> Self:
        await self._started()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self._child.end()
            await self._child.closed

    async def render(
        self, templates: Any, names: Mapping[str, Any], mode: Mode = Mode.PLAIN
    ) -> Any:
        """Returns `templates` with every text evaluated. A text that is a single expression becomes its value, but in
        shell mode every text stays a text. Raises EvaluationFailed.
        """
        if not has_expressions(templates):
            return templates
        texts: list[str] = []
        rebuild = _planned(templates, texts)
        readings = [read(text) for text in texts]
        for reading in readings:
            if reading.misreadings:
                raise EvaluationFailed(reading.misreadings[0].message)
        sources = [
            ("value", reading.single)
            if reading.single is not None and mode is Mode.PLAIN
            else ("text", text)
            for text, reading in zip(texts, readings, strict=True)
        ]
        needed = _encoded(_needed(names, texts))
        body = orjson.dumps([mode.value, needed, sources, sorted(names)])
        async with self._capacity:
            return rebuild(iter(await self._evaluate(body)))

    async def _evaluate(self, body: bytes) -> list[Any]:
        for _ in range(_ATTEMPTS):
            child = await self._started()
            try:
                return await child.submit(body)
            except _ChildEnded:
                continue
        raise EvaluationFailed("the expression could not be evaluated: its process keeps ending")

    async def _started(self) -> "_Child":
        async with self._starting:
            if self._child is None or self._child.ended:
                self._child = await _Child.start()
            return self._child


class _Child(asyncio.Protocol):
    """One process: sends requests, receives responses, and finds the request that made the process end."""

    def __init__(self, process: subprocess.Popen[bytes], current: Any) -> None:
        """`current` is a file to which the process writes the id of the request that it evaluates."""
        self.ended = False
        self._process = process
        self._current = current
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[list[Any]]] = {}
        self._outbox: list[bytes] = []
        self._received = bytearray()
        self._watch: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._writer: asyncio.WriteTransport | None = None
        self._reader: asyncio.ReadTransport | None = None

    @classmethod
    async def start(cls) -> Self:
        current = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        homes = {str(Path(cast(str, m.__file__)).parents[1]) for m in (jinja2, markupsafe, orjson)}
        arguments = (str(current.fileno()), json.dumps(sorted(homes)), json.dumps(dict(SYNTAX)))
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-X", "utf8", str(_CHILD), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(current.fileno(),),
            env={},
            cwd="/",
            start_new_session=True,
        )
        child = cls(process, current)
        loop = asyncio.get_running_loop()
        child._reader, _ = await loop.connect_read_pipe(lambda: child, process.stdout)
        child._writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        return child

    def submit(self, body: bytes) -> "asyncio.Future[list[Any]]":
        answer: asyncio.Future[list[Any]] = self._loop.create_future()
        if self.ended:
            answer.set_exception(_ChildEnded())
            return answer
        request = next(self._ids)
        self._waiting[request] = answer
        if not self._outbox:
            self._loop.call_soon(self._flush)
        payload = b"[%d,%b" % (request, body[1:])
        self._outbox.append(_HEADER.pack(len(payload)) + payload)
        return answer

    def _flush(self) -> None:
        """Sends all requests of one iteration of the event loop in one write."""
        if self._writer is not None and not self.ended:
            self._writer.write(b"".join(self._outbox))
            self._restart_timer()
        self._outbox.clear()

    def _restart_timer(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_later(SILENCE, self._process.kill) if self._waiting else None

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._received)
            end = _HEADER.size + length
            if len(self._received) < end:
                break
            request, values, error = orjson.loads(self._received[_HEADER.size : end])
            del self._received[:end]
            answer = self._waiting.pop(request, None)
            if answer is None or answer.done():
                continue
            if error is None:
                answer.set_result(values)
            else:
                answer.set_exception(EvaluationFailed(error))
        self._restart_timer()

    def connection_lost(self, error: Exception | None) -> None:
        """The stdout of the process ended, so the process has ended or is about to."""
        self._clean_up()
        if not self.closed.done():
            self.closed.set_result(None)

    def _clean_up(self) -> None:
        """Reaps the process and fails all pending requests."""
        if self.ended:
            return
        self.ended = True
        self._process.kill()
        status = self._process.wait()
        (current,) = _CURRENT.unpack(
            os.pread(self._current.fileno(), _CURRENT.size, 0).rjust(8, b"\0")
        )
        self._current.close()
        if self._writer is not None:
            self._writer.close()
        waiting, self._waiting = self._waiting, {}
        self._restart_timer()
        for request, answer in waiting.items():
            if answer.done():
                continue
            timed_out = request == current and status == -signal.SIGPROF
            answer.set_exception(
                EvaluationFailed("the expression took longer than 1 s")
                if timed_out
                else _ChildEnded()
            )

    def end(self) -> None:
        self._process.kill()
        self._clean_up()
        if self._reader is not None:
            self._reader.close()


def _encoded(needed: Mapping[str, Any]) -> dict[str, Any]:
    """Encodes the values as JSON once. Raises EvaluationFailed."""
    left = MAX_REQUEST
    encoded: dict[str, Any] = {}
    for root, value in needed.items():
        parts = value if root == "outputs" and isinstance(value, Mapping) else {root: value}
        written: dict[str, orjson.Fragment] = {}
        for name in parts:
            text = _json(parts[name])
            left -= len(text)
            if left < 0:
                raise TooLarge(
                    f"the values that the expression uses exceed {MAX_REQUEST >> 20} MiB in total"
                )
            written[name] = orjson.Fragment(text)
        encoded[root] = written if parts is value else written[root]
    return encoded


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=_jsonable)
    except TypeError as error:
        raise EvaluationFailed(
            f"the values that the expression uses are not valid JSON: {error}"
        ) from None


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _needed(names: Mapping[str, Any], texts: list[str]) -> dict[str, Any]:
    """Returns only the variables, and in `outputs` the tasks, that the texts use: all together may be very large."""
    references = {(each.root, each.name) for text in texts for each in read(text).references}
    needed = {root: names[root] for root, _ in references if root in names}
    tasks = {name for root, name in references if root == "outputs"}
    outputs = needed.get("outputs")
    if isinstance(outputs, Mapping) and all(task in outputs for task in tasks):
        needed["outputs"] = {task: outputs[task] for task in tasks}
    return needed


def _planned(value: Any, texts: list[str]) -> Callable[[Any], Any]:
    """Collects the texts to evaluate in `texts`. Returns a function that inserts their values in their places."""
    if isinstance(value, str):
        if not has_expressions(value):
            return lambda _: value
        texts.append(value)
        return next
    if isinstance(value, Mapping):
        items = {key: _planned(item, texts) for key, item in value.items()}
        return lambda values: {key: item(values) for key, item in items.items()}
    if isinstance(value, list | tuple):
        parts = [_planned(item, texts) for item in value]
        return lambda values: [part(values) for part in parts]
    return lambda _: value
