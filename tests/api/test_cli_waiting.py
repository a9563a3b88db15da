"""The command line when the server refuses temporarily: it waits as long as the server says, and continues."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from server.cli import queries
from server.cli.api import Api, CommandFailed
from tests.api.servers import HEADWAY, Served, start

SOURCE = "id: now\nnamespace: slowed\ntasks: [{id: a, type: log, message: hello}]\n"
HELD = "id: held\nnamespace: slowed\ntasks: [{id: a, type: log, message: hello, queue: none}]\n"
RATES = {
    "HEADWAY_MUTATIONS_PER_SECOND": "2",
    "HEADWAY_OPERATIONS_PER_SECOND": "100",
    "HEADWAY_SUBSCRIPTIONS_AT_ONCE": "1",
    "HEADWAY_EXPORTS_PER_MINUTE": "1",
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = start(tmp_path_factory.mktemp("strict") / "data", env=RATES)
    yield served
    served.stop()


async def test_run_waits_at_the_limit_of_subscriptions(strict: Served) -> None:
    client = strict.client
    id = (await client.until_ended((await client.run(SOURCE))["id"]))["id"]
    still = (await client.run(HELD))["id"]
    async with aclosing(client.events(still)) as events:
        await anext(events)  # the only place is taken
        process = await asyncio.create_subprocess_exec(
            HEADWAY, "logs", "-f", id,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HEADWAY_DATA_DIR": str(strict.data_dir)},
        )  # fmt: skip
        assert process.stderr is not None
        async with asyncio.timeout(60):
            said = (await process.stderr.readline()).decode()
    assert said.startswith("waiting 1 s: ") and "has 1 subscriptions open" in said
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert process.returncode == 0 and b"hello" in output


async def test_a_command_waits_at_most_for_its_timeout(
    strict: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.cli.retrying.MAX_WAIT", 0)
    id = (await strict.client.run(HELD))["id"]
    async with aclosing(strict.client.events(id)) as events:
        await anext(events)
        found = Api(strict.url, strict.token).follow(queries.EVENTS, "seq", 0, id=id)
        with pytest.raises(CommandFailed, match="has 1 subscriptions open"):
            async for _ in found:
                raise AssertionError("it was refused")
    assert capsys.readouterr().err == ""


def test_an_export_waits_for_a_free_place(
    strict: Served,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[int] = []
    monkeypatch.setattr("server.cli.api.time.sleep", waited.append)
    api = Api(strict.url, strict.token)
    with (tmp_path / "all.csv").open("wb") as into:
        api.download("/executions/export.csv", {}, into)
        with pytest.raises(CommandFailed, match="has used all 1 exports allowed in 60 s"):
            api.download("/executions/export.csv", {}, into)
    assert waited and sum(waited) <= 120
    assert "has used all 1 exports allowed in 60 s" in capsys.readouterr().err


async def test_a_command_waits_at_the_limit_of_mutations(
    strict: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    client, api = strict.client, Api(strict.url, strict.token)
    id = (await client.run(SOURCE))["id"]
    mutation = "mutation ($i: AddNoteInput!) { addNote(input: $i) { note { id } } }"
    async with asyncio.timeout(30):
        while "errors" not in await client.answer(mutation, i={"id": id, "text": "one more"}):
            pass
        kind = "AddNoteInput"
        payload = await api.mutate("addNote", kind, "note { id }", id=id, text="later")
    assert payload["note"]["id"].startswith("note_")
    assert "has used all 20 mutations allowed in 10 s" in capsys.readouterr().err
