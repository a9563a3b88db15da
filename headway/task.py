"""Functions for tasks: they report to the worker as JSON Lines, and read inputs."""

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
"""Bytes that a pipe takes without mixing them with another process's."""
_lock = threading.Lock()
_by_file = threading.Event()


def output(**values: Any) -> None:
    """Set outputs of the task; later values replace earlier ones of the same name."""
    _say({"output": values})


def metric(
    name: str,
    value: float,
    *,
    kind: str = "gauge",
    step: int | None = None,
    tags: Mapping[str, Any] | None = None,
) -> None:
    """Record a number. `kind` is `counter`, `duration` (in seconds) or `gauge`.

    NaN and infinities are left out, with a warning.
    """
    number = float(value)
    if not math.isfinite(number):
        warnings.warn(f"metric {name} is {number} and is left out", stacklevel=2)
        return
    said: dict[str, Any] = {"name": name, "value": number, "kind": kind}
    if step is not None:
        said["step"] = step
    if tags:
        said["tags"] = dict(tags)
    _say({"metric": said})


def progress(fraction: float, message: str | None = None) -> None:
    """How far the task is, from 0 to 1, and in words."""
    said: dict[str, Any] = {"progress": min(max(float(fraction), 0.0), 1.0)}
    if message is not None:
        said["message"] = message
    _say(said)


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
    """Keep a file of the working directory, or name something at `uri`; `direction` IN is what the task used."""
    if (path is None) == (uri is None):
        raise ValueError("artifact() takes either a path or a uri")
    said: dict[str, Any] = {"type": type, "direction": direction}
    optional = {
        "path": None if path is None else os.fspath(path),
        "uri": uri,
        "name": name,
        "version": version,
        "properties": dict(properties) if properties else None,
    }
    said.update({key: value for key, value in optional.items() if value is not None})
    _say({"artifact": said})


def property(**values: Any) -> None:
    """Set properties of the execution."""
    _say({"property": values})


def label(**values: str) -> None:
    """Set labels of the execution; `label(**{"team/name": "data"})` for keys that are no Python names."""
    _say({"label": {key: str(value) for key, value in values.items()}})


def git(
    *,
    commit: str | None = None,
    branch: str | None = None,
    repository: str | None = None,
    author: str | None = None,
    message: str | None = None,
) -> None:
    """Tell which code runs; what is left out stays as it was told before."""
    told = {
        "commit": commit,
        "branch": branch,
        "repository": repository,
        "author": author,
        "message": message,
    }
    _say({"git": {key: value for key, value in told.items() if value is not None}})


def refuse_output(sentence: str) -> None:
    """There is an output that cannot be written: the attempt fails. Outside of a task the process ends."""
    if "HEADWAY_FILE" not in os.environ:
        sys.exit(sentence)
    _say({"output_error": sentence})


def inputs() -> dict[str, Any]:
    """The inputs of the execution, of any size, secrets masked; none outside of a task."""
    found: dict[str, Any] = _read_input().get("inputs", {})
    return found


def outputs() -> dict[str, Any]:
    """By task, the outputs that its expressions could name, of any size; none outside of a task."""
    found: dict[str, Any] = _read_input().get("outputs", {})
    return found


def read_args() -> dict[str, Any]:
    """The task's `args`; none outside of a task."""
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


def _say(said: Mapping[str, Any]) -> None:
    """Once by the file, always by it: it is read later than the pipe, and the last value of a name stays."""
    line = encoded(said) + b"\n"
    with _lock:
        if len(line) > _AT_ONCE:
            _by_file.set()
        descriptor = None if _by_file.is_set() else _message_pipe()
        if descriptor is not None:
            os.write(descriptor, line)
        elif "HEADWAY_FILE" in os.environ:
            _append(os.environ["HEADWAY_FILE"], line)


def _message_pipe() -> int | None:
    """A grandchild may not have it, and then its number may be anything's: so it is looked at first."""
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


def encoded(said: Any) -> bytes:
    """As JSON. Raises ValueError for a number that it cannot hold, TypeError for what is none, by its name."""
    try:
        text = json.dumps(said, default=plain)
    except TypeError as error:
        place = _place_of(said)
        raise TypeError(f"{place}: {error}" if place else str(error)) from None
    if _DOUBTFUL.search(text):
        _check_numbers(json.loads(text), "")
    return text.encode()


def _place_of(value: Any) -> str:
    """Where the first thing stands that is no JSON value."""
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
        raise ValueError(f"{name} is {value}, which is no JSON; leave it out or write it as text")
    elif isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ValueError(f"{name} is a whole number beyond 64 bits; write it as text")


def plain(value: Any) -> Any:
    """Numbers of numpy and the like, times, paths and sets."""
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
    raise TypeError(f"{type(value).__name__} is no JSON value")
