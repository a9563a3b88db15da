"""The process that evaluates expressions. It is started by its path and imports nothing of Headway.

Reads requests (4 bytes of length, then JSON) from stdin,
`[id, mode, values by name, [[kind, text], ...], known names]`, and responds to each with
`[id, values, error]`. Before each request, its id is written to the file whose descriptor is given:
after one second of CPU time a timer kills this process, and the parent then finds the request that
took too long. The process also ends after a request that exceeded the memory limit, and when stdin
is closed.
"""

import json
import os
import resource
import signal
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, ClassVar

if __name__ == "__main__":
    # Isolated from site-packages and PYTHONPATH: only the folders given by the parent are used.
    sys.path[:0] = json.loads(sys.argv[2])

from jinja2 import StrictUndefined, Undefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from orjson import dumps, loads

NOT_DEFINED = "is not defined"
"""Follows the name in the message about an unknown name."""
CPU_SECONDS = 1.0
MEMORY = 64 * 1024 * 1024
CACHE_MEMORY = 16 * 1024 * 1024
READING_MEMORY = 768 * 1024 * 1024
"""Address space for parsing the values of one request: the parser briefly needs a dozen times their size."""
_LARGE_FRAME = 1024 * 1024
MAX_OUTPUT = 16 * 1024 * 1024
"""Bytes of the results of one request; where results are used, further limits apply."""
_CACHED_TEMPLATES = 256
_CACHED_LENGTH = 2048
_SEARCHED = 20_000
_HEADER = struct.Struct(">I")
_CURRENT = struct.Struct(">Q")
_SEQUENCES: tuple[type[Any], ...] = (
    list,
    tuple,
    set,
    range,
    Iterator,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)


class Raw(str):
    """Text that is inserted into a shell script without quotes."""

    __slots__ = ()


class Clear(StrictUndefined):
    """An undefined value whose error message says what is missing and which names exist."""

    __slots__ = ()
    names: ClassVar[dict[str, Any]] = {}
    known: ClassVar[list[str]] = []

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name = str(self._undefined_name)
        if self._undefined_obj is missing:
            return f"`{name}` {NOT_DEFINED}; available names: {', '.join(self.known)}"
        return _missing_in(self._undefined_obj, name, self.names)


class Sandbox(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        # A key takes precedence over a method: `outputs.extract.items` is an output named `items`.
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class Evaluation:
    """Evaluates requests, and caches compiled templates. `current` is the descriptor for the id of the request."""

    def __init__(self, current: int, syntax: dict[str, Any]) -> None:
        self.current = current
        self.environments = {
            "plain": _environment(text, syntax),
            "shell": _environment(quoted, syntax),
        }
        self.compiled: OrderedDict[tuple[str, str, str], Callable[..., Any]] = OrderedDict()

    def answer(self, frame: bytes) -> bytes:
        """Evaluates one request. The memory for parsing a large request does not count for the expression's limit."""
        os.pwrite(self.current, _CURRENT.pack(int(frame[1 : frame.index(b",")])), 0)
        if len(frame) <= _LARGE_FRAME:
            return self.evaluated(frame)
        _allow_reading()
        try:
            return self.evaluated(frame)
        finally:
            Clear.names = {}
            _allow_evaluating()

    def evaluated(self, frame: bytes) -> bytes:
        try:
            request, mode, Clear.names, texts, Clear.known = loads(frame)
        except ValueError as error:  # the parser raises it when memory runs out
            raise MemoryError from error
        if len(frame) > _LARGE_FRAME:
            _allow_evaluating()
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        try:
            found = [self.one(mode, kind, source) for kind, source in texts]
            payload = _written([request, found, None])
            if len(payload) > MAX_OUTPUT:
                raise ValueError("the results of the expressions exceed 16 MiB")
        except (ValueError, TypeError, RecursionError) as failure:
            payload = dumps([request, None, str(failure)[:2000]])
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        return payload

    def one(self, mode: str, kind: str, source: str) -> Any:
        try:
            return plain(self.template(mode, kind, source)(**Clear.names))
        except MemoryError:
            raise
        except Exception as error:
            raise ValueError(_sentence(error, kind, source)) from None

    def template(self, mode: str, kind: str, source: str) -> Callable[..., Any]:
        key = (mode, kind, source)
        found = self.compiled.get(key)
        if found is not None:
            self.compiled.move_to_end(key)
            return found
        made = self.environments[mode]
        if kind == "value":
            found = made.compile_expression(source, undefined_to_none=False)
        else:
            found = made.from_string(source).render
        if len(source) <= _CACHED_LENGTH:
            self.compiled[key] = found
        if len(self.compiled) > _CACHED_TEMPLATES:
            self.compiled.popitem(last=False)
        return found

    def out_of_memory(self) -> bytes:
        """Returns the response to the request that exceeded the memory limit."""
        self.compiled.clear()
        Clear.names = {}
        (request,) = _CURRENT.unpack(os.pread(self.current, _CURRENT.size, 0))
        return dumps([request, None, f"the expression needs more than {MEMORY >> 20} MB"])


def main(current: int, syntax: dict[str, Any]) -> None:
    evaluation = Evaluation(current, syntax)
    samples = [["value", "x"], ["text", "{% if x %}{{ x }}{% endif %}"]]
    evaluation.answer(dumps([0, "plain", {"x": 1}, samples, []]))
    _limit_memory()
    try:
        _serve(evaluation.answer)
    except MemoryError:
        _write(_framed(evaluation.out_of_memory()))


def plain(value: Any) -> Any:
    """Converts a value to JSON."""
    if isinstance(value, str | Undefined):
        return str(value)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("an infinite number or NaN is not valid JSON")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ValueError(
            "an integer beyond 64 bits cannot be stored as JSON; convert it to text: | string"
        )
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, _SEQUENCES):
        return [plain(item) for item in value]
    raise TypeError(f"a value of type {type(value).__name__} is not valid JSON")


def text(value: Any) -> str:
    """Converts a value within a longer text: "" for null, JSON for anything that is not text."""
    value = value if isinstance(value, int) else plain(value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def quoted(value: Any) -> str:
    """Quotes a value as one shell word. Always in quotes: bare digits before `>` would be a descriptor."""
    if isinstance(value, Raw):
        return value
    word = text(value)
    if "\0" in word:
        raise ValueError("a value with a NUL character cannot be a word of a shell script")
    return "'" + word.replace("'", "'\"'\"'") + "'"


def _json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def _environment(finalize: Callable[[Any], str], syntax: dict[str, Any]) -> Sandbox:
    made = Sandbox(undefined=Clear, autoescape=False, finalize=finalize, **syntax)
    made.globals = {name: made.globals[name] for name in ("range", "dict", "namespace")}
    made.filters["raw"] = lambda value: Raw(text(value))
    made.filters["shellquote"] = lambda value: Raw(quoted(value))
    made.filters["tojson"] = _json
    return made


def _serve(answer: Callable[[bytes], bytes]) -> None:
    """Writes the responses to all received requests at once, so that the parent wakes up once."""
    buffer = bytearray()
    while received := os.read(0, 1 << 18):
        buffer += received
        answers: list[bytes] = []
        try:
            for frame in _frames(buffer):
                answers.append(_framed(answer(frame)))
        finally:
            _write(b"".join(answers))


def _frames(buffer: bytearray) -> Iterator[bytes]:
    while len(buffer) >= _HEADER.size:
        (length,) = _HEADER.unpack_from(buffer)
        end = _HEADER.size + length
        if len(buffer) < end:
            return
        with memoryview(buffer) as received:  # one copy, as a frame may hold 16 MiB
            frame = bytes(received[_HEADER.size : end])
        del buffer[:end]
        yield frame


def _framed(payload: bytes) -> bytes:
    return _HEADER.pack(len(payload)) + payload


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _limit_memory() -> None:
    """Limits memory to what is mapped now plus what an expression may use. Not every system shows what is mapped."""
    try:
        limit = _mapped() + MEMORY + CACHE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit + READING_MEMORY))
    except OSError:
        limit = MEMORY * 2
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit + READING_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _mapped() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _allow_reading() -> None:
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        _, most = resource.getrlimit(kind)
        resource.setrlimit(kind, (most, most))


def _allow_evaluating() -> None:
    """Allows the memory that an expression may use, in addition to the parsed values."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        limit = min(_mapped() + MEMORY + CACHE_MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _written(answer: list[Any]) -> bytes:
    """Encodes a response. The memory for this, several times its size, does not count for the expression's limit."""
    soft, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        return dumps(answer)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, most))


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    raise TypeError(f"the key {key!r:.80} is not text")


def _sentence(error: Exception, kind: str, source: str) -> str:
    if isinstance(error, UndefinedError):
        return str(error)
    shown = source if len(source) <= 80 else f"{source[:77]}..."
    if kind == "value":
        shown = "{{ " + shown + " }}"
    return f"cannot evaluate {shown}: {error or type(error).__name__}"


def _missing_in(obj: Any, name: str, names: dict[str, Any]) -> str:
    if isinstance(obj, dict | list):
        where = _path_of(obj, names) or "this value"
        if isinstance(obj, list):
            return f"{where} has no {name!r}; it is a list of {len(obj)}"
        there = ", ".join(str(key) for key in list(obj)[:20])
        return f"{where} has no {name!r}; " + (f"it has: {there}" if obj else "it is empty")
    kind = "null" if obj is None else f"a value of type {type(obj).__name__}"
    return f"{kind} has no {name!r}"


def _path_of(obj: Any, names: dict[str, Any]) -> str | None:
    """Returns the path of a mapping or list within the variables, found by identity."""
    waiting: list[tuple[str, Any]] = list(names.items())
    for path, value in waiting:
        if value is obj:
            return path
        if len(waiting) > _SEARCHED:
            return None
        if isinstance(value, dict):
            waiting += [
                (f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]", item)
                for key, item in value.items()
                if isinstance(item, dict | list)
            ]
        elif isinstance(value, list):
            waiting += [(f"{path}[{at}]", item) for at, item in enumerate(value)]
    return None


if __name__ == "__main__":
    sys.path[:0] = json.loads(sys.argv[2])
    main(int(sys.argv[1]), json.loads(sys.argv[3]))
