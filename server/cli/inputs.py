"""Parses inputs: `-i name=TEXT`, `name:=JSON`, `name=@PATH` (JSON in a file or, for a FILE input, the file itself)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from models.json_text import read_json
from server.cli import queries
from server.cli.api import Api, CommandFailed


async def given_inputs(
    api: Api, given: list[str], read_types: Callable[[], Awaitable[dict[str, str]]]
) -> dict[str, Any]:
    """Returns the values, and uploads files. Reads the types of inputs only if needed. Raises CommandFailed."""
    values: dict[str, Any] = {}
    types: dict[str, str] | None = None
    for text in given:
        name, value = _parse(text)
        if isinstance(value, Path):
            types = await read_types() if types is None else types
            if types.get(name) == "FILE":
                values[name] = await asyncio.to_thread(api.upload, value)
            else:
                values[name] = _read(value)
        elif isinstance(value, str) and _looks_like_a_path(value):
            types = await read_types() if types is None else types
            if types.get(name) == "FILE":
                raise CommandFailed(f"{name} is a FILE; use -i {name}=@{value} to upload one")
            values[name] = value
        else:
            values[name] = value
    return values


def _looks_like_a_path(text: str) -> bool:
    if text.startswith(("/", "./", "../", "~")):
        return True
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def parse_labels(given: list[str]) -> list[dict[str, str]]:
    return [dict(zip(("key", "value"), _split(one, "="), strict=True)) for one in given]


def parse_label_keys(given: list[str]) -> list[dict[str, str]]:
    """Parses labels to remove, whose values are ignored."""
    return [{"key": one.partition("=")[0], "value": one.partition("=")[2]} for one in given]


def of_flow(flow: str | None) -> list[dict[str, Any]]:
    """Returns the filter conditions of FLOW or NAMESPACE/FLOW."""
    if flow is None:
        return []
    namespace, _, key = flow.rpartition("/")
    return [{"flow": {"eq": key}}, *([{"namespace": {"eq": namespace}}] if namespace else [])]


def types_of_flow(api: Api, namespace: str, flow: str) -> Callable[[], Awaitable[dict[str, str]]]:
    async def read() -> dict[str, str]:
        found = (await api.post(queries.INPUT_TYPES, namespace=namespace, key=flow))["flow"]
        return {one["id"]: one["type"] for one in found["inputs"]} if found else {}

    return read


def types_of_document(source: str) -> Callable[[], Awaitable[dict[str, str]]]:
    async def read() -> dict[str, str]:
        from models.errors import Refused
        from models.spec import parse_flow

        try:
            return {one.id: one.type.value for one in parse_flow(source).inputs}
        except Refused:
            return {}  # the server reports what is wrong

    return read


def _parse(text: str) -> tuple[str, Any]:
    name, _, rest = text.partition("=")
    if name.endswith(":"):
        return name[:-1], _json(rest, f"the value of {name[:-1]}")
    name, value = _split(text, "=")
    return name, Path(value[1:]) if value.startswith("@") else value


def _read(path: Path) -> Any:
    try:
        return _json(path.read_text(), str(path))
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}") from error


def _split(text: str, by: str) -> tuple[str, str]:
    name, found, value = text.partition(by)
    if not found or not name:
        raise CommandFailed(f"{text!r} is not of the form name{by}value")
    return name, value


def _json(text: str, what: str) -> Any:
    try:
        return read_json(text)
    except ValueError as error:
        raise CommandFailed(f"{what} is not valid JSON: {error}") from error
