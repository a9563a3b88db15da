"""Values of unsuccessful attempts do not reach later attempts or tasks: checked for each kind of message."""

import json
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from runner.attempt.task_messages import Message
from tests.api.client import Client
from tests.semantics.scene import acted, ended, flow, read

SAYS: dict[str, dict[str, Any]] = {
    "Output": {"output": {"rows": 3}},
    "Property": {"property": {"lr": 0.5}},
    "Label": {"label": {"quality": "poor"}},
    "Progress": {"progress": 0.5, "message": "half"},
    "Metric": {"metric": {"name": "loss", "value": 2}},
    "Artifact": {"artifact": {"uri": "s3://acme/attempt.csv", "name": "attempt.csv"}},
    "Git": {"git": {"commit": "a3f9e2b7"}},
}
"""One message of each kind."""
STAYS_WITH_IT: dict[str, Any] = {
    "Output": (
        "outputs",
        lambda one: {k: v for k, v in one.items() if k != "artifacts"},
        {"rows": 3},
    ),
    "Property": ("properties", lambda one: one, {"lr": 0.5}),
    "Progress": ("progress", lambda one: one, 0.5),
    "Artifact": ("artifacts", lambda one: [use["name"] for use in one], ["attempt.csv"]),
}
"""The field of the attempt and its value for each kind of message. Nothing else shows it."""
STAYS_WITH_THE_EXECUTION = {"Label", "Metric", "Git"}
"""Labels, metrics and the like, by which people find failures: they are facts of the attempt and no input of any
task."""
FAILS_IT = {"OutputError"}
"""The invalid message adds no value, and is the error of the attempt."""
ATTEMPT = """number state outputs properties progress message
  artifacts { name direction } metrics { name value }"""
SEEN = f"""state outputs properties labels {{ key value }} git {{ commit }} metrics {{ name }} artifacts {{ name }}
  taskRuns {{ key state progress message outputs artifacts {{ name }} attempts {{ {ATTEMPT} }} }}"""
AFTER = '"{{ outputs | tojson }} {{ labels | tojson }}"'
REACHED = f"""  - {{id: after, type: return, needs: [bad], run_if: always, outputs: {{saw: {AFTER}}}}}
"""


def says(end: str) -> str:
    """Returns a shell script that sends one message of each kind, then ends with this command."""
    lines = [json.dumps(message) for message in SAYS.values()]
    return (
        "\n".join(f"      echo '{line}' >&\"$HEADWAY_FD\"" for line in lines) + f"\n      {end}\n"
    )


def bad(end: str, more: str = "") -> str:
    return f"  - id: bad\n    type: shell\n{more}    run: |\n{says(end)}"


async def seen(client: Client, id: str) -> dict[str, Any]:
    query = f"""query ($id: ID!) {{ execution(id: $id) {{ {SEEN} }}
      lineage(of: $id) {{ nodes {{ ... on Artifact {{ name }} }} }} }}"""
    data = await client.post(query, id=id)
    made = [node for node in data["lineage"]["nodes"] if node]
    return {**data["execution"], "lineage": made}


def run_of(found: dict[str, Any], key: str) -> dict[str, Any]:
    runs: list[dict[str, Any]] = [run for run in found["taskRuns"] if run["key"] == key]
    assert len(runs) == 1
    return runs[0]


def assert_apart(found: dict[str, Any], tried_again: bool = False) -> None:
    run = run_of(found, "bad")
    attempt = run["attempts"][0]
    for kind, (field, shown, value) in STAYS_WITH_IT.items():
        assert shown(attempt[field]) == value, kind
    assert attempt["message"] == "half"
    assert attempt["metrics"] == [{"name": "loss", "value": 2.0}]
    assert run["outputs"] == {}
    assert run["artifacts"] == []
    assert found["properties"] == {}
    assert found["artifacts"] == []
    assert found["lineage"] == []
    if tried_again:
        assert run["progress"] == 1.0
        assert run["message"] is None
    assert {"key": "quality", "value": "poor"} in found["labels"]
    assert found["git"] == {"commit": "a3f9e2b7"}
    assert found["metrics"] == [{"name": "loss"}]
    saw = json.loads(run_of(found, "after")["outputs"]["saw"].partition("} {")[0] + "}")
    assert saw == {"bad": {}}


def test_every_kind_is_decided() -> None:
    kinds = {kind.__name__ for kind in get_args(Message)}
    assert kinds - FAILS_IT == SAYS.keys() == STAYS_WITH_IT.keys() | STAYS_WITH_THE_EXECUTION
    assert not STAYS_WITH_IT.keys() & STAYS_WITH_THE_EXECUTION


async def test_a_retry_starts_clean(client: Client) -> None:
    more = "    retry: {max_attempts: 2, delay: 1ms}\n"
    tasks = bad("exit 1", more).replace(
        "    run: |\n", "    run: |\n      test $HEADWAY_ATTEMPT = 1 || exit 0\n"
    )
    found = await seen(client, (await ended(client, flow("cl-retry", tasks + REACHED)))["id"])
    assert found["state"] == "SUCCESS"
    assert_apart(found, tried_again=True)
    second = run_of(found, "bad")["attempts"][1]
    assert (second["outputs"], second["properties"], second["artifacts"]) == ({}, {}, [])
    assert (second["progress"], second["message"], second["metrics"]) == (None, None, [])


@pytest.mark.parametrize(
    ("name", "end", "more", "state"),
    [
        ("fails", "exit 1", "", "FAILED"),
        ("allowed", "exit 1", "    allow_failure: true\n", "WARNING"),
        ("times-out", "sleep 60", "    timeout: 700ms\n    kill_grace: 100ms\n", "FAILED"),
    ],
)
async def test_a_failure_for_good_gives_nothing(
    client: Client, name: str, end: str, more: str, state: str
) -> None:
    tasks = bad(end, more) + REACHED
    found = await seen(client, (await ended(client, flow(f"cl-{name}", tasks)))["id"])
    assert run_of(found, "bad")["state"] == state
    assert_apart(found)


async def test_killed_attempts_pass_nothing_to_finally(client: Client) -> None:
    tasks = bad("sleep 60", "    kill_grace: 100ms\n")
    last = f"finally:\n  - {{id: after, type: return, outputs: {{saw: {AFTER}}}}}\n"
    id = (await client.run(flow("cl-killed", tasks) + last))["id"]
    query = "subscription ($id: ID!) { execution(id: $id) { properties taskRuns { outputs progress } } }"
    async with client.subscribe(query, id=id) as messages:
        async for data in messages:  # live, while it runs
            shown = data["execution"]
            if (
                shown["properties"] == {"lr": 0.5}
                and shown["taskRuns"][0]["outputs"].get("rows") == 3
            ):
                break
    during = (await read(client, id, "seq"))["seq"]
    await acted(client, "cancelExecution", id=id)
    await client.until_ended(id)
    found = await seen(client, id)
    assert run_of(found, "bad")["attempts"][0]["state"] == "KILLED"
    assert_apart(found)
    then = await client.post(
        f"query ($id: ID!, $at: Int!) {{ execution(id: $id, at: $at) {{ {SEEN} }} }}",
        id=id,
        at=during,
    )
    assert then["execution"]["properties"] == {"lr": 0.5}
    assert run_of(then["execution"], "bad")["outputs"]["rows"] == 3
    assert then["execution"]["artifacts"] == [{"name": "attempt.csv"}]
    assert run_of(then["execution"], "bad")["attempts"][0]["properties"] == {"lr": 0.5}


async def test_a_manual_rerun_starts_clean_and_the_record_has_all_attempts(
    client: Client, tmp_path: Path
) -> None:
    good = tmp_path / "good"
    tasks = bad("exit 1").replace(
        "    run: |\n", f"    run: |\n      if [ -e {good} ]; then exit 0; fi\n"
    )
    source = flow("cl-restart", tasks + REACHED.replace("run_if: always, ", ""))
    id = (await ended(client, source))["id"]
    good.touch()
    await acted(client, "restartExecution", id=id)
    await client.until_ended(id)
    assert_apart(await seen(client, id), tried_again=True)
    async with httpx.AsyncClient(verify=False) as http:
        headers = {"authorization": f"Bearer {client.token}"}
        record = (
            await http.get(f"{client.url}/executions/{id}/record.json", headers=headers)
        ).json()
    (run,) = [one for one in record["taskRuns"] if one["key"] == "bad"]
    first, second = run["attempts"]
    assert first["outputs"]["rows"] == 3
    assert first["properties"] == {"lr": 0.5}
    assert [use["name"] for use in first["artifacts"]] == ["attempt.csv"]
    assert "outputs" not in second
    assert (run["outputs"], record["artifacts"], record["execution"]["properties"]) == ({}, [], {})


async def test_a_use_without_a_version_ignores_artifacts_of_failed_attempts(client: Client) -> None:
    made = '{"artifact": {"uri": "s3://acme/cl", "name": "cl-data", "version": "%s"}}'
    used = '{"artifact": {"uri": "s3://acme/other", "name": "cl-data", "direction": "IN"}}'
    tasks = f"""
  - id: good
    type: shell
    run: |
      echo '{made % "v1"}' >&"$HEADWAY_FD"
  - id: bad
    type: shell
    needs: [good]
    allow_failure: true
    run: |
      echo '{made % "v2"}' >&"$HEADWAY_FD"
      exit 1
  - id: uses
    type: shell
    needs: [bad]
    run_if: always
    run: |
      echo '{used}' >&"$HEADWAY_FD"
"""
    found = await ended(client, flow("cl-version", tasks))
    shown = await read(client, found["id"], "artifacts { version direction taskKey }")
    assert shown["artifacts"] == [
        {"version": "v1", "direction": "OUT", "taskKey": "good"},
        {"version": "v1", "direction": "IN", "taskKey": "uses"},
    ]
