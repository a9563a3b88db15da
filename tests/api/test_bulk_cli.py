"""Bulk actions from the command line."""

import asyncio
import json
import os
from pathlib import Path

from tests.api.client import Client
from tests.api.servers import HEADWAY, Served
from tests.api.test_bulk import HELD, ended, idle
from tests.api.test_cli import headway


async def test_refused_executions_are_printed_and_the_exit_code_is_1(
    client: Client, served: Served, tmp_path: Path
) -> None:
    await ended(client, "cli.bulk", 2)
    held = await client.run(HELD.format(namespace="cli.bulk", go=tmp_path / "go"))
    await client.until(held["id"], a="RUNNING")
    command = ("bulk", "archive", "--namespace", "cli.bulk", "--reason", "old")
    code, output, errors = await headway(served, *command, "--atomic", "--yes")
    assert (code, output.splitlines()[0]) == (1, "ARCHIVE: applies to 2 of 3")
    assert f"error: {held['name']}: only an execution that has ended" in errors
    code, output, errors = await headway(served, *command, "--yes")
    assert (code, output.splitlines()[-1]) == (1, "done: 2 done, 1 refused, 0 left")
    assert errors.startswith(f"{held['id']} {held['name']}: only an execution that has ended")
    (tmp_path / "go").touch()
    await client.until_ended(held["id"])
    code, output, _ = await headway(
        served, "bulk", "unarchive", "--namespace", "cli.bulk", "--archived", "--yes", "--json"
    )
    result = json.loads(output)
    assert (code, result["state"], result["counts"]["done"], result["refused"]) == (
        0,
        "DONE",
        2,
        [],
    )


async def test_ids_parameters_and_a_no(client: Client, served: Served) -> None:
    ids = await idle(client, "cli.ids", 2)
    code, output, _ = await headway(
        served, "bulk", "set-labels", *ids, "--label", "team=data", "--yes"
    )
    assert (code, output.splitlines()[-1]) == (0, "done: 2 done, 0 refused, 0 left")
    assert (await client.show(ids[0]))["labels"] == [{"key": "team", "value": "data"}]
    process = await asyncio.create_subprocess_exec(
        HEADWAY,
        *("bulk", "cancel", *ids),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HEADWAY_DATA_DIR": str(served.data_dir)},
    )
    output_bytes, _ = await process.communicate(b"n\n")
    assert process.returncode == 1
    assert b"CANCEL: applies to 2 of 2" in output_bytes
    assert {(await client.show(id))["state"] for id in ids} == {"CREATED"}
    code, _, errors = await headway(served, "bulk", "cancel")
    assert code == 1 and "give executions" in errors
