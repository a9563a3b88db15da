"""How a failure is shown: its cause first, then the exit code, then how many other tasks failed; everywhere the
same."""

import csv
import io
import json
from pathlib import Path

import httpx

from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway
from tests.api.test_cli_actions import done

FLOW = """id: shows-failures
namespace: failures
on_failure: FINISH_POSSIBLE
tasks:
  - id: load
    type: python
    script: |
      try:
          {}["zanzibar"]
      except KeyError as error:
          raise RuntimeError("could not load [eval] orders") from error
  - {id: lacks, type: shell, needs: [load], run_if: failed, run: "no_such_command_here"}
  - {id: each, type: foreach, needs: [load], run_if: failed, items: "{{ [1, 2] }}", tasks: [
      {id: one, type: shell, run: "exit {{ item }}"}]}
  - {id: allowed, type: fail, allow_failure: true, message: no}
  - {id: after, type: log, message: x, needs: [load]}
"""
CAUSE = "RuntimeError: could not load [eval] orders (caused by KeyError: 'zanzibar')"
FAILURE = """failure { code message exitCode others
  taskRun { key error { message exitCode } attempts { exitCode error { message exitCode } } } }"""


async def test_a_failure_is_shown_alike_everywhere(
    client: Client, served: Served, tmp_path: Path
) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    _, _, errors = await headway(served, "run", path, "--follow")
    with_exit_code = f"{CAUSE} (exit code 1)"
    assert f"load failed after 1 attempt: {with_exit_code}" in errors
    assert "+ 3 other tasks failed" in errors and "not run because of this: after" in errors
    listed = json.loads(await done(served, "ls", "--flow", "failures/shows-failures", "--json"))
    id = listed[0]["id"]

    query = f"query ($id: ID!, $at: Int) {{ execution(id: $id, at: $at) {{ seq {FAILURE} }} }}"
    found = (await client.post(query, id=id))["execution"]
    error = {"message": CAUSE, "exitCode": 1}
    assert found["failure"] == {
        "code": "EXIT_CODE",
        **error,
        "others": 3,
        "taskRun": {"key": "load", "error": error, "attempts": [{"exitCode": 1, "error": error}]},
    }
    past = (await client.post(query, id=id, at=found["seq"]))["execution"]
    assert past["failure"] == found["failure"]

    shown = await done(served, "show", id)
    assert with_exit_code in shown and "+ 3 other tasks failed" in shown
    assert "line 1: no_such_command_here: command not found (exit code 127)" in shown

    search = 'query { executions(search: "namespace:failures zanzibar") { nodes { id } } }'
    assert (await client.post(search))["executions"]["nodes"] == [{"id": id}]
    await exported(served, id)


async def exported(served: Served, id: str) -> None:
    head = {"authorization": f"Bearer {served.client.token}"}
    async with httpx.AsyncClient(base_url=served.url, headers=head) as http:
        table = await http.get("/executions/export.csv", params={"search": "namespace:failures"})
        record = (await http.get(f"/executions/{id}/record.json")).json()
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert [row[name] for name in ("failureTask", "failureMessage", "failureExitCode")] == [
        "load", CAUSE, "1",
    ]  # fmt: skip
    load = next(one for one in record["taskRuns"] if one["key"] == "load")
    assert load["error"] == {"code": "EXIT_CODE", "message": CAUSE, "exitCode": 1}
    assert record["execution"]["failure"] == {"task": "load", "attempt": 1, **load["error"]}
    ends = [one["data"]["error"] for one in record["events"] if one["data"].get("exitCode") == 1]
    assert load["error"] in ends


CHILD = """id: failing-child
namespace: failures
tasks: [{id: load, type: shell, run: "echo 'psql: error: connection refused' >&2; exit 2"}]
"""
PARENT = """id: parent-of-failing
namespace: failures
tasks: [{id: sub, type: subflow, flow: failing-child}]
"""


async def test_a_parent_shows_the_cause_of_its_childs_failure(client: Client) -> None:
    await client.save(CHILD)
    id = (await client.run(PARENT))["id"]
    await client.until_ended(id)
    query = f"query ($id: ID!) {{ execution(id: $id) {{ children {{ name }} {FAILURE} }} }}"
    found = (await client.post(query, id=id))["execution"]
    child = found["children"][0]["name"]
    message = f"{child} ended FAILED: psql: error: connection refused"
    assert (found["failure"]["message"], found["failure"]["others"]) == (message, 0)
    assert found["failure"]["taskRun"]["error"]["message"] == message
