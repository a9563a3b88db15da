"""Functions for tasks: they report to the worker in JSON Lines, and read inputs."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import threading
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_AT_ONCE = 4096
"""Bytes that a write to a pipe transfers atomically (PIPE_BUF)."""
_lock = threading.Lock()
_by_file = threading.Event()


def output(**values: Any) -> None:
    """Sets outputs of the task; later values replace earlier ones of the same name."""
    _send({"output": values})


def metric(
    name: str,
    value: float,
    *,
    kind: str = "gauge",
    step: int | None = None,
    tags: Mapping[str, Any] | None = None,
) -> None:
    """Records a number. `kind` is `counter`, `duration` (in seconds) or `gauge`.

    NaN and infinities are left out, with a warning.
    """
    number = float(value)
    if not math.isfinite(number):
        warnings.warn(f"metric {name} is {number} and is left out", stacklevel=2)
        return
    report: dict[str, Any] = {"name": name, "value": number, "kind": kind}
    if step is not None:
        report["step"] = step
    if tags:
        report["tags"] = dict(tags)
    _send({"metric": report})


def progress(fraction: float, message: str | None = None) -> None:
    """Reports the progress of the task, from 0 to 1, with an optional message."""
    report: dict[str, Any] = {"progress": min(max(float(fraction), 0.0), 1.0)}
    if message is not None:
        report["message"] = message
    _send(report)


def artifact(
    path: str | os.PathLike[str] | None = None,
    *,
    uri: str | None = None,
    name: str | None = None,
    type: str = "File",
    version: str | None = None,
    direction: str = "OUT",
    properties: Mapping[str, Any] | None = None,
) -> None:
    """Stores a file of the working directory, or records a `uri`. `direction` is IN for what the task used."""
    if (path is None) == (uri is None):
        raise ValueError("artifact() takes either a path or a uri")
    report: dict[str, Any] = {"type": type, "direction": direction}
    optional = {
        "path": None if path is None else os.fspath(path),
        "uri": uri,
        "name": name,
        "version": version,
        "properties": dict(properties) if properties else None,
    }
    report.update({key: value for key, value in optional.items() if value is not None})
    _send({"artifact": report})


def property(**values: Any) -> None:
    """Sets properties of the execution."""
    _send({"property": values})


def label(**values: str) -> None:
    """Sets labels of the execution; `label(**{"team/name": "data"})` for keys that are not Python names."""
    _send({"label": {key: str(value) for key, value in values.items()}})


def git(
    *,
    commit: str | None = None,
    branch: str | None = None,
    repository: str | None = None,
    author: str | None = None,
    message: str | None = None,
) -> None:
    """Reports which code runs; arguments that are left out keep their earlier values."""
    values = {
        "commit": commit,
        "branch": branch,
        "repository": repository,
        "author": author,
        "message": message,
    }
    _send({"git": {key: value for key, value in values.items() if value is not None}})


def refuse_output(sentence: str) -> None:
    """Fails the attempt because of an invalid output. Outside of a task, exits the process."""
    if "HEADWAY_FILE" not in os.environ:
        sys.exit(sentence)
    _send({"output_error": sentence})


def inputs() -> dict[str, Any]:
    """Returns the inputs of the execution, of any size, with secrets masked; empty outside of a task."""
    found: dict[str, Any] = _read_input().get("inputs", {})
    return found


def outputs() -> dict[str, Any]:
    """Returns, by task, the outputs that this task's expressions may use, of any size; empty outside of a task."""
    found: dict[str, Any] = _read_input().get("outputs", {})
    return found


def read_args() -> dict[str, Any]:
    """Returns the task's `args`; empty outside of a task."""
    return _read(os.environ.get("HEADWAY_ARGS"))


def _read_input() -> dict[str, Any]:
    return _read(os.environ.get("HEADWAY_INPUT"))


@lru_cache(maxsize=4)
def _read(file: str | None) -> dict[str, Any]:
    if not file:
        return {}
    with open(file, encoding="utf-8") as stream:
        found: dict[str, Any] = json.load(stream)
    return found


def _send(report: Mapping[str, Any]) -> None:
    """Sends a report through the pipe, or through the file if it is large. After the first use of the file, always uses
    the file: the worker reads it after the pipe, and the last value of a name must win."""
    line = encoded(report) + b"\n"
    with _lock:
        if len(line) > _AT_ONCE:
            _by_file.set()
        descriptor = None if _by_file.is_set() else _message_pipe()
        if descriptor is not None:
            os.write(descriptor, line)
        elif "HEADWAY_FILE" in os.environ:
            _append(os.environ["HEADWAY_FILE"], line)


def _message_pipe() -> int | None:
    """Returns the pipe's descriptor, or None. A grandchild may not have it, and its number may then be another file's,
    so the file's identity is checked."""
    try:
        descriptor = int(os.environ["HEADWAY_FD"])
        status = os.fstat(descriptor)
    except (KeyError, ValueError, OSError):
        return None
    mine = f"{status.st_dev}:{status.st_ino}"
    return descriptor if mine == os.environ.get("HEADWAY_FD_ID") else None


def _append(path: str, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        while line:
            line = line[os.write(descriptor, line) :]
    finally:
        os.close(descriptor)


def encoded(report: Any) -> bytes:
    """Returns the value as JSON. Raises ValueError for a number, TypeError for another value that JSON cannot
    represent; the message says where it is."""
    try:
        text = json.dumps(report, default=plain)
    except TypeError as error:
        place = _place_of(report)
        raise TypeError(f"{place}: {error}" if place else str(error)) from None
    if _DOUBTFUL.search(text):
        _check_numbers(json.loads(text), "")
    return text.encode()


def _place_of(value: Any) -> str:
    """Returns the path of the first value that JSON cannot represent."""
    if isinstance(value, (Mapping, list, tuple)):
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in pairs:
            try:
                json.dumps(item, default=plain)
            except TypeError:
                return f"{key}.{_place_of(item)}".rstrip(".")
    return ""


_DOUBTFUL = re.compile("NaN|Infinity|-[0-9]{19}|[0-9]{20}")


def _check_numbers(value: Any, name: str) -> None:
    if isinstance(value, (dict, list)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            _check_numbers(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(
            f"{name} is {value}, which JSON cannot represent; leave it out or write it as text"
        )
    elif isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ValueError(f"{name} is a whole number beyond 64 bits; write it as text")


def plain(value: Any) -> Any:
    """Converts numbers and arrays of numpy and similar libraries, times, paths and sets to JSON values."""
    if hasattr(value, "item") and not getattr(value, "shape", ()):
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
