"""History, audit log, notes, archiving and deletion from the command line."""

import json

from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway

SOURCE = "id: recorded\nnamespace: cli.record\ntasks:\n  - {id: a, type: log, message: a}\n"


async def test_noted_shown_as_it_was_put_away_and_deleted(client: Client, served: Served) -> None:
    id = (await client.until_ended((await client.run(SOURCE))["id"]))["id"]
    code, output, _ = await headway(served, "note", id, "looked at it")
    assert (code, output[:5]) == (0, "note_")
    code, output, _ = await headway(served, "show", id)
    assert code == 0 and "looked at it" in output and "note, archive, delete" in output
    code, output, _ = await headway(served, "show", id, "--at", "1")
    assert code == 0 and "CREATED" in output and "no actions: this is a past state" in output
    assert "looked at it" not in output
    code, _, errors = await headway(served, "show", id, "--at", "99")
    assert code == 1 and "the execution has no event 99: its events are numbered 1 to " in errors
    assert await headway(served, "archive", id) == (0, "1 archived\n", "")
    assert await headway(served, "unarchive", id) == (0, "1 unarchived\n", "")
    code, output, errors = await headway(served, "delete", "--yes", id, "exec_nonsense")
    assert (code, output) == (1, "1 deleted\n")
    assert errors == "error: no execution exec_nonsense\n"
    code, _, errors = await headway(served, "show", id)
    assert code == 1 and "no execution" in errors


async def test_the_audit_log_prints_actor_action_and_origin(client: Client, served: Served) -> None:
    id = (await client.until_ended((await client.run(SOURCE))["id"]))["id"]
    await headway(served, "delete", "--yes", id, "--keep-logs", "--reason", "a test")
    await headway(served, "token", "create", "audited", "--role", "viewer")
    await headway(served, "token", "revoke", "audited")
    _, output, _ = await headway(served, "audit", "--execution", id, "--json")
    assert [(one["action"], one["reason"], one["channel"]) for one in json.loads(output)] == [
        ("DELETE", "a test", "CLI"),
        ("CREATE_EXECUTION", None, "API"),
    ]
    assert json.loads(output)[0]["data"]["with"] == ["metrics", "artifacts"]
    _, output, _ = await headway(
        served, "audit", "--actor", "admin", "--action", "create-token", "--action", "revoke_token"
    )
    lines = [line.split() for line in output.splitlines()[1:] if "audited" in line]
    assert [line[4] for line in lines] == ["REVOKE_TOKEN", "CREATE_TOKEN"]
