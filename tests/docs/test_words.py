"""Everything in the tables of actions and of other tools' terms exists: commands, options, fields, keys, buttons."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLEnumType
from typer.main import get_command

import headway
from models.lifecycle.actions import Action
from models.spec import flow_json_schema
from models.spec.tasks import TASK_CLASSES
from schema import build_schema
from server.cli import app
from server.cli.command_names import command_of

DOCS = Path(__file__).parents[2] / "docs"
PAGE = Path(__file__).parents[2] / "frontend/src/entities/execution/actions/table.ts"


def ours(name: str) -> str:
    """Returns the document without other tools' terms (the first column of its tables) and without planned features."""
    text = (DOCS / name).read_text()
    text = re.sub(r"(?ms)^Not yet: .*?(?=\n\n|\Z)", "", text)
    return re.sub(r"(?m)^\|[^|]*\|", "|", text) if name == "coming-from.md" else text


def quoted(name: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", ours(name)))


def known_names() -> set[str]:
    """Returns the names in the contract and in the flow language."""
    return {*of_the_contract(), *keys_of(flow_json_schema()), *TASK_CLASSES}


def of_the_contract() -> Iterator[str]:
    for kind in build_schema()._schema.type_map.values():
        if isinstance(kind, GraphQLEnumType):
            yield from kind.values
        for name, field in getattr(kind, "fields", {}).items():
            yield name
            yield from getattr(field, "args", {})


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value.get("properties", {})
        for below in value.values():
            yield from keys_of(below)
    elif isinstance(value, list):
        for below in value:
            yield from keys_of(below)


def command_named(words: list[str]) -> tuple[Any, list[str]]:
    """Returns the command, and the words after it. Raises KeyError."""
    command: Any = get_command(app)
    while words and hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def options_of(command: Any) -> set[str]:
    return {option for param in command.params for option in (*param.opts, *param.secondary_opts)}


def every_option(command: Any) -> set[str]:
    below = getattr(command, "commands", {}).values()
    return options_of(command).union(*map(every_option, below))


@pytest.mark.parametrize("name", ["actions.md", "coming-from.md"])
def test_every_command_and_option_exists(name: str) -> None:
    lines = [text.split()[1:] for text in quoted(name) if text.startswith("headway ")]
    assert lines
    for line in lines:
        command, rest = command_named(line)
        assert {word for word in rest if word.startswith("-")} - options_of(command) == set(), line
    alone = {text.split()[0] for text in quoted(name) if text.startswith("--")}
    assert alone - every_option(get_command(app)) == set()


@pytest.mark.parametrize("name", ["actions.md", "coming-from.md"])
def test_every_name_is_one_of_the_contract_or_the_flow_language(name: str) -> None:
    words = {text for text in quoted(name) if re.fullmatch(r"[a-zA-Z_]+", text)}
    others = {"headway", "latest", "remove", "replace", "ID", "r"}  # r is a key of the page
    assert words - known_names() - others == set()


def test_every_state_in_the_tables_exists() -> None:
    values = {
        value
        for kind in build_schema()._schema.type_map.values()
        if isinstance(kind, GraphQLEnumType)
        for value in kind.values
    }
    rows = [line for line in ours("coming-from.md").splitlines() if line.startswith("|")]
    plain = re.sub(r"`[^`]*`", "", "\n".join(rows))
    assert set(re.findall(r"\b[A-Z][A-Z_]{3,}\b", plain)) - values == set()


def test_every_button_is_on_the_page() -> None:
    words = set(re.findall(r'word: "([^"]+)"', PAGE.read_text()))
    named = set(re.findall(r"\*\*([^*]+)\*\*", ours("coming-from.md")))
    assert named and named - words == set()


def test_the_package_has_what_is_named() -> None:
    named = re.findall(r"`headway\.(\w+)(?:\(\)\.(\w+))?", ours("coming-from.md"))
    assert named
    for name, method in named:
        assert hasattr(getattr(headway, name), method or "__call__")


def test_every_action_is_documented_with_its_command() -> None:
    text = (DOCS / "actions.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for action in Action:
        (row,) = [row for row in rows if re.match(rf"\|[A-Z_, ]*\b{action}\b", row)]
        assert f"`headway {command_of(action)} " in row
