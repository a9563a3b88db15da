"""Rerunning, correcting and approving from the command line, against a real server."""

import json
from pathlib import Path

from tests.api.client import Client, states
from tests.api.servers import Served
from tests.api.test_cli import headway

CHAIN = """id: chain
namespace: cli
tasks:
  - {{id: a, type: return, outputs: {{v: 1}}}}
  - {{id: b, type: shell, needs: [a], run: "test -e {go}"}}
  - {{id: c, type: return, needs: [b, a], outputs: {{w: "{{{{ outputs.a.v * 10 }}}}"}}}}
  - {{id: ask, type: approval, needs: [c], message: "ok?", form: [{{id: n, type: INT, required: true}}]}}
"""


async def test_a_failed_execution_is_planned_prepared_approved_and_replayed(
    client: Client, served: Served, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    id = (await client.run(CHAIN.format(go=go)))["id"]
    await client.until_ended(id)
    code, output, _ = await headway(served, "restart", id, "--plan")
    assert code == 0
    rows = [line.split() for line in output.splitlines()[2:]]
    assert [row[:2] for row in rows] == [["a", "REUSE"], ["b", "RUN"], ["c", "RUN"], ["ask", "RUN"]]
    assert (await client.show(id))["state"] == "FAILED", "a plan changes nothing"
    draft = json.loads((await headway(served, "prepare", id, "--json"))[1])
    assert (draft["disabledTasks"], draft["rerunOf"]) == (["a"], id)
    code, _, errors = await headway(served, "prepare", id, "--enable", "nope")
    assert code == 1 and "no task nope; the draft has: a, b, c, ask" in errors

    go.touch()
    rerun = (await headway(served, "prepare", id, "--run"))[1].strip()
    await client.until(rerun, state="WAITING_FOR_APPROVAL")
    assert "ok?" in (await headway(served, "approvals"))[1]
    code, _, errors = await headway(served, "approve", rerun)
    assert code == 1 and "n is required" in errors
    output = (await headway(served, "approve", rerun, "--form", "n:=3"))[1]
    assert output.startswith("APPROVED;")
    ended = await client.until_ended(rerun)
    assert states(ended)["a"] == "SKIPPED"
    code, output, _ = await headway(served, "show", rerun)
    assert "rerun of  chain-" in output and id in output
    code, _, errors = await headway(served, "replay", rerun, "--from", "zz")
    assert code == 1 and "no task `zz`" in errors
    output = (await headway(served, "replay", rerun, "--from", "ask"))[1]
    replayed = output.split()[-1]
    await client.until(replayed, state="WAITING_FOR_APPROVAL")
    assert (await headway(served, "cancel", replayed, "--no-cascade"))[0] == 0


async def test_corrections_require_a_reason_and_events_find_their_waits(
    client: Client, served: Served
) -> None:
    source = "id: waits\nnamespace: cli.events\ntasks: [{id: w, type: wait, event: go}]\n"
    id = (await client.run(source))["id"]
    await client.until(id, w="RUNNING")
    assert (await headway(served, "send-event", "come", "--namespace", "cli"))[1] == (
        "nothing waits for this event there\n"
    )
    output = (await headway(served, "send-event", "go", "--namespace", "cli", "--data", "{}"))[1]
    assert output.startswith("waits-")
    await client.until_ended(id)
    code, _, errors = await headway(served, "change-state", id, "failed")
    assert code == 2 and "--reason" in errors
    output = (await headway(served, "change-state", id, "failed", "--reason", "it was not"))[1]
    assert output.endswith("is FAILED\n")
    code, _, errors = await headway(served, "force-run", id)
    assert code == 1 and "this one is FAILED" in errors
    code, output, _ = await headway(
        served, "change-task-state", id, "w", "skipped", "--reason", "no", "--outputs", '{"x": 1}'
    )
    assert code == 0
    ended = await client.until_ended(id)
    assert (ended["state"], states(ended)) == ("SUCCESS", {"w": "SKIPPED"})
