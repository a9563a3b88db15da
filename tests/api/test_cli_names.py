"""Commands find executions by the beginning of their id, or by their name."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from server.cli import app
from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway
from tests.api.test_cli_actions import done, refused

SOURCE = "id: named\nnamespace: names\ntasks: [{id: a, type: log, message: a}]\n"
PARAMETERS = {"execution", "rerun_of", "ids", "id"}


def taking(group: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Every command that takes an execution, with that parameter; `schedules` and others take ids of other objects."""
    for name, command in getattr(group, "commands", {}).items():
        yield from taking(command, (*before, name))
        yield from (
            ((*before, name), command, one)
            for one in command.params
            if one.name in PARAMETERS and not before
        )


COMMANDS = {" ".join(names): (command, one) for names, command, one in taking(get_command(app))}


def test_the_commands_are_found() -> None:
    assert {"show", "logs", "cancel", "bulk", "report", "compare", "audit", "run"} <= set(COMMANDS)
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_resolves_the_name_of_an_execution(
    served: Served, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    command, wanted = COMMANDS[name]
    arguments: list[str] = []
    for one in command.params:
        if one is wanted or one.required:
            value = "no-such-one" if one is wanted else "cancel"
            arguments += [value] if one.param_type_name == "argument" else [one.opts[0], value]
    if name == "bulk":
        arguments = ["cancel", "no-such-one"]
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(served.data_dir))
    result = CliRunner().invoke(app, [*name.split(), *arguments])
    assert (result.exit_code, result.stderr) == (
        1,
        "error: no execution no-such-one; `headway ls` lists executions\n",
    )


async def test_an_execution_is_shown_by_its_name_and_by_the_beginning_of_its_id(
    client: Client, served: Served
) -> None:
    made = await client.until_ended((await client.run(SOURCE))["id"])
    id, name = made["id"], made["name"]
    for text in (id, name, id[:26], id.removeprefix("exec_")[:22], id[:24].upper().lower()):
        assert id in await done(served, "show", text)
    note = await done(served, "note", name, "by its name")
    assert note.startswith("note_")
    assert "1 archived" in await done(served, "archive", name)
    assert id in await done(served, "show", name)


async def test_an_ambiguous_name_is_refused_with_all_matches(
    client: Client, served: Served
) -> None:
    ids = [(await client.run(SOURCE))["id"] for _ in range(2)]
    common = ids[0][: len("exec_01k5")]
    assert all(id.startswith(common) for id in ids)
    errors = await refused(served, "cancel", common)
    assert f"{common} matches several executions; use one of these ids:" in errors
    assert "exec_01 is too short for an id" in await refused(served, "cancel", "exec_01")
    assert errors.count("exec_") >= 3 and "named-" in errors


async def test_run_prints_the_id_at_once_and_the_address_next_to_it(
    client: Client, served: Served
) -> None:
    await client.run(SOURCE)
    code, output, errors = await headway(served, "run", "names/named", "--follow")
    first, second, *_, last = output.splitlines()
    assert (code, errors) == (0, "") and first.startswith("exec_")
    assert second == f"{served.url}/executions/{first}"
    assert f"({first}) ended SUCCESS" in last
    code, output, errors = await headway(served, "run", "names/named")
    assert output.strip().startswith("exec_") and len(output.splitlines()) == 1
    assert errors == ""
