"""The command line as a process against a real server."""

import asyncio
import json
import os
import re
from pathlib import Path

import httpx

from tests.api.client import Client, task
from tests.api.servers import HEADWAY, Served


async def headway(
    served: Served, *arguments: str | Path, token: str | None = None
) -> tuple[int, str, str]:
    """Returns the exit code, output and errors; runs with another person's token if one is given."""
    who = {"HEADWAY_TOKEN": token} if token else {}
    process = await asyncio.create_subprocess_exec(
        HEADWAY,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HEADWAY_DATA_DIR": str(served.data_dir), **who},
    )
    async with asyncio.timeout(40):
        output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


FLOW = """id: {id}
namespace: cli
inputs: [{{id: n, type: INT, default: 1}}]
tasks:
  - {{id: a, type: shell, run: "echo n is {{{{ inputs.n }}}}; exit {code}"}}
outputs: {{n: "{{{{ inputs.n }}}}"}}
"""


async def test_a_flow_is_pushed_run_followed_shown_and_listed(
    client: Client, served: Served, tmp_path: Path
) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(FLOW.format(id="good", code=0))
    code, output, _ = await headway(served, "flows", "push", tmp_path)
    assert (code, "cli/good revision 1" in output) == (0, True)
    code, output, _ = await headway(served, "flows", "push", tmp_path)
    assert (code, "cli/good unchanged, revision 1" in output) == (0, True)
    code, output, _ = await headway(served, "run", "cli/good", "-i", "n=5", "--follow")
    assert code == 0
    assert '{"n": 5}' in output and "ended SUCCESS" in output
    code, output, _ = await headway(served, "ls", "--namespace", "cli", "--flow", "good", "--json")
    (found,) = json.loads(output)
    assert found["state"] == "SUCCESS"
    code, output, _ = await headway(served, "show", found["id"])
    assert code == 0 and "cli/good" in output and "SUCCESS" in output
    for options in ((), ("-f",), ("--task", "a"), ("--level", "info")):
        code, output, _ = await headway(served, "logs", found["id"], *options)
        assert code == 0 and "n is 5" in output
    _, output, _ = await headway(served, "flows", "show", "cli/good")
    assert output == path.read_text()
    _, output, _ = await headway(served, "flows", "list")
    assert "cli/good  r1" in output


async def test_the_exit_code_of_a_followed_run_is_its_result(
    client: Client, served: Served, tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(FLOW.format(id="bad", code=4))
    code, output, errors = await headway(served, "run", path, "--follow")
    assert code == 1
    assert "ended FAILED" in output
    assert "a failed after 1 attempt" in errors and "exit code 4" in errors


async def test_wrong_documents_are_reported_with_their_place(
    client: Client, served: Served, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("id: wrong\nnamespace: cli\ntasks:\n  - {id: a, type: shel, run: ls}\n")
    for command in (("flows", "push", path), ("flows", "validate", path)):
        code, _, errors = await headway(served, *command)
        assert code == 1
        assert f"{path}:4:" in errors and "shell" in errors


async def test_actions_and_decisions(client: Client, served: Served) -> None:
    source = "id: ask\nnamespace: cli\ntasks: [{id: ok, type: approval, message: go}]\n"
    id = (await client.run(source))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    assert (await headway(served, "pause", id))[1].endswith("is PAUSED\n")
    assert (await headway(served, "resume", id))[1].endswith("is WAITING_FOR_APPROVAL\n")
    code, _, errors = await headway(served, "retry-failed", id)
    assert code == 1 and "FAILED_FINISHING" in errors
    assert (await headway(served, "set-labels", id, "team=data"))[0] == 0
    code, output, _ = await headway(served, "approve", id, "--comment", "fine")
    assert (code, output.split(";")[0]) == (0, "APPROVED")
    ended = await client.until_ended(id)
    assert ended["labels"] == [{"key": "team", "value": "data"}]
    assert task(ended, "ok")["outputs"]["comment"] == "fine"
    code, _, errors = await headway(served, "reject", id)
    assert code == 1 and "error: too late: ok 'go' is APPROVED since " in errors
    assert "APPROVE by admin (fine)" in errors
    id = (await client.create("cli/ask"))["id"]
    assert (await headway(served, "cancel", id, "--reason", "enough"))[1].endswith("is KILLED\n")


async def test_operating(client: Client, served: Served) -> None:
    code, output, errors = await headway(served, "doctor")
    assert (code, errors) == (0, "")
    assert "worker" in output and "no problems found" in output
    code, output, errors = await headway(served, "doctor", "--verify")
    assert (code, errors) == (0, "")
    assert "every invariant holds" in output
    link = (await headway(served, "token"))[1].strip()
    assert link.startswith(f"{served.url}/login?token=hwl_")
    async with httpx.AsyncClient() as http:
        typed = {"sec-fetch-site": "none"}
        found = [(await http.get(link, headers=typed)).status_code for _ in range(2)]
        assert found == [303, 401]
    made = (await headway(served, "token", "create", "ci", "--role", "viewer"))[1].strip()
    stranger = Client(served.url, made)
    viewer = (await stranger.post("{ viewer { actor { kind name } permissions } }"))["viewer"]
    assert viewer["actor"] == {"kind": "SERVICE", "name": "ci"}
    answer = await stranger.mutate("createExecution", namespace="cli", flow="ask")
    assert answer["problems"][0]["code"] == "FORBIDDEN"
    assert re.search(
        r"ci  service:ci  valid  created \S+ by user:", (await headway(served, "token", "list"))[1]
    )
    assert (await headway(served, "token", "create", "ci"))[0] == 1
    assert (await headway(served, "token", "revoke", "ci"))[0] == 0
    again = await headway(served, "token", "create", "ci", "--expires", "30d", "--namespace", "a.*")
    assert again[0] == 0
    listed = (await headway(served, "token", "list"))[1]
    assert "ci  service:ci  revoked" in listed and "only a.*" in listed
    assert "type Execution" in (await headway(served, "schema"))[1]
    assert "$defs" in (await headway(served, "flows", "schema"))[1]


async def test_an_unreachable_server_is_reported_with_the_fix(
    tmp_path: Path, served: Served
) -> None:
    from dataclasses import replace

    code, _, errors = await headway(replace(served, data_dir=tmp_path), "ls")
    assert code == 1
    assert "headway serve" in errors and "Traceback" not in errors
