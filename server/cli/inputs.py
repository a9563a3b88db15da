"""`-i name=value` on the command line: text; `name:=JSON` a value; `name=@FILE` the JSON in a file."""

import json
from pathlib import Path
from typing import Any

from server.cli.api import CommandFailed


def parse_inputs(given: list[str]) -> dict[str, Any]:
    return dict(map(_parse, given))


def parse_labels(given: list[str]) -> list[dict[str, str]]:
    return [dict(zip(("key", "value"), _split(one, "="), strict=True)) for one in given]


def _parse(text: str) -> tuple[str, Any]:
    name, _, rest = text.partition("=")
    if name.endswith(":"):
        return name[:-1], _json(rest, f"the value of {name[:-1]}")
    name, value = _split(text, "=")
    if value.startswith("@"):
        try:
            return name, _json(Path(value[1:]).read_text(), value[1:])
        except OSError as error:
            raise CommandFailed(f"cannot read {value[1:]}: {error.strerror}") from error
    return name, value


def _split(text: str, by: str) -> tuple[str, str]:
    name, found, value = text.partition(by)
    if not found or not name:
        raise CommandFailed(f"{text!r} is not name{by}value")
    return name, value


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandFailed(f"{what} is not JSON: {error}") from error
