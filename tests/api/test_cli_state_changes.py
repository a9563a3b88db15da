"""`headway show` says who stopped an execution and who corrected a state, and names the revision; a followed restart
starts at the restart."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from server.cli import queries
from server.cli.terminal.rendering import failure_sentence
from server.cli.terminal.state_changes import state_changes
from tests.api.client import Client
from tests.api.servers import Served, serving
from tests.api.test_cli import headway
from tests.api.test_cli_actions import done
from tests.api.test_recording import record

AT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
WAITS = "id: {id}\nnamespace: changes\n{more}tasks: [{{id: w, type: wait, event: never}}]\n"
APPROVAL = """id: expires
namespace: changes
tasks: [{id: ok, type: approval, message: go, timeout: 0.2s, on_timeout: CANCEL}]
"""
ALL = """id: all
namespace: changes
on_failure: CANCEL_ALL
tasks: [{id: a, type: fail, message: boo}, {id: w, type: wait, event: never}]
"""
GO = "id: {id}\nnamespace: changes\ntasks: [{{id: fetch, type: shell, run: 'test -e {go}'}}]\n"


def waits(id: str, more: str = "") -> str:
    return WAITS.format(id=id, more=more and f"{more}\n")


async def failed(client: Client, id: str, go: Path) -> str:
    found: str = (await client.run(GO.format(id=id, go=go)))["id"]
    assert (await client.until_ended(found))["state"] == "FAILED"
    return found


async def changes(served: Served, id: str, *options: str) -> list[str]:
    """Returns the lines of `show` about a change of state, without their times."""
    lines = (await done(served, "show", id, *options)).splitlines()
    found = [line for line in lines if re.search(rf" {AT}(:|,|$)", line) and " by " in line]
    found += [line for line in lines if line.startswith("not started, ")]
    return [re.sub(AT, "AT", line) for line in found if not line.startswith("created")]


async def test_show_prints_the_corrections_of_task_runs_and_of_the_execution_in_order(
    client: Client, served: Served, tmp_path: Path
) -> None:
    id = await failed(client, "corrected-task", tmp_path / "go")
    seq = (await client.show(id))["seq"]
    change = ("change-task-state", id, "fetch")
    await done(served, *change, "success", "--reason", "loaded by hand")
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    first = "fetch: changed from FAILED to SUCCESS by admin, AT: loaded by hand"
    assert await changes(served, id) == [first]
    await done(served, "change-state", id, "warning", "--reason", "late")
    await done(served, *change, "skipped", "--reason", "not needed")
    await client.until_ended(id)
    assert await changes(served, id) == [
        first,
        "changed from SUCCESS to WARNING by admin, AT: late",
        "fetch: changed from SUCCESS to SKIPPED by admin, AT: not needed",
    ]
    assert await changes(served, id, "--at", str(seq)) == []


async def test_show_prints_who_cancelled_and_why_until_a_restart(
    client: Client, served: Served
) -> None:
    id = (await client.run(waits("cancelled")))["id"]
    await client.until(id, w="RUNNING")
    await done(served, "cancel", id, "--reason", "wrong day")
    await client.until_ended(id)
    assert await changes(served, id) == ["cancelled by admin, AT: wrong day"]
    await done(served, "change-state", id, "success", "--reason", "it was right")
    assert await changes(served, id) == [
        "cancelled by admin, AT: wrong day",
        "changed from KILLED to SUCCESS by admin, AT: it was right",
    ]
    await done(served, "change-state", id, "killed", "--reason", "no")
    await done(served, "restart", id)
    await client.until(id, w="RUNNING")
    assert not [line for line in await changes(served, id) if line.startswith("cancelled")]
    await done(served, "cancel", id)
    await client.until_ended(id)
    assert "cancelled by admin, AT" in await changes(served, id)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (waits("late", "timeout: 0.2s\non_timeout: CANCEL"), "stopped by Headway, AT, because of this failure"),
        (ALL, "stopped by Headway, AT, because of this failure"),
        (APPROVAL, "stopped by Headway, AT: nobody decided ok in time"),
    ],
)  # fmt: skip
async def test_show_prints_why_headway_stopped_it(
    client: Client, served: Served, source: str, line: str
) -> None:
    ended = await client.until_ended((await client.run(source))["id"])
    assert ended["state"] == "KILLED"
    assert await changes(served, ended["id"]) == [line]


@pytest.mark.parametrize("behavior", ["CANCEL_RUNNING", "CANCEL_NEW"])
async def test_show_prints_that_a_limit_ended_it(
    client: Client, served: Served, behavior: str
) -> None:
    more = f"concurrency: {{limit: 1, behavior: {behavior}}}"
    source = waits(behavior.lower().replace("_", "-"), more)
    first = (await client.run(source))["id"]
    await client.until(first, w="RUNNING")
    second = await client.run(source)
    if behavior == "CANCEL_NEW":
        await client.until_ended(second["id"])
        why = "not started, AT: the concurrency limit of its flow was reached"
        assert await changes(served, second["id"]) == [why]
        await done(served, "cancel", first)
        return
    await client.until_ended(first)
    why = f"stopped by Headway, AT: made room for {second['name']}: concurrency limit"
    assert await changes(served, first) == [why]
    await done(served, "cancel", second["id"])


async def test_show_prints_the_rest_if_the_states_of_all_task_runs_are_too_large(
    tmp_path: Path,
) -> None:
    retried = "{id: t, type: fail, message: boo, retry: {max_attempts: 10, delay: 0s}}"
    each = f"{{id: each, type: foreach, items: [1, 2, 3, 4], tasks: [{retried}]}}"
    source = f"id: many\nnamespace: changes\ntasks: [{each}]"
    with serving(tmp_path / "data") as served:
        id = (await served.client.run(source))["id"]
        assert (await served.client.until_ended(id))["state"] == "FAILED"
        shown = await served.client.post(queries.SHOW, id=id, at=None, now=True)
        states = await served.client.post(queries.TASK_STATES, id=id, at=None)
    least, most = (len(json.dumps(one, separators=(",", ":"))) for one in (shown, states))
    assert least < most
    limit = {"HEADWAY_MAX_ANSWER_SIZE": str((least + most) // 2)}
    with serving(tmp_path / "data", env=limit) as served:
        code, output, errors = await headway(served, "show", id)
    assert code == 0 and "you can: " in output
    assert errors.startswith(
        "state changes of the tasks by people are not shown: the response is larger"
    )


async def test_show_prints_who_recorded_a_stop_elsewhere(client: Client, served: Served) -> None:
    id = (await record(client, "stopped-there"))["id"]
    await client.mutate("finishExecution", executionId=id, state="KILLED")
    assert await changes(served, id) == ["recorded as KILLED by admin, AT"]


def test_a_stop_that_a_rejection_caused_is_due_to_the_failure() -> None:
    actor = {"kind": "USER", "name": "ann"}
    at = "2026-01-01T00:00:00Z"
    states = ("CREATED", "RUNNING", "KILLING", "KILLED")
    history = [
        {"seq": seq, "state": state, "at": at, "actor": actor, "reason": "no"}
        for seq, state in enumerate(states, 1)
    ]
    execution: dict[str, Any] = {
        "stateHistory": history, "origin": "HEADWAY", "approvals": [],
        "onFailure": "CANCEL_ALL", "failure": {"code": "REJECTED", "taskRun": {"key": "ok"}},
    }  # fmt: skip
    (line,) = state_changes(execution, [])
    assert line.endswith("because of this failure")
    (line,) = state_changes({**execution, "failure": None}, [])
    assert line.startswith("cancelled by ann, ") and line.endswith(": no")


async def test_show_plans_and_results_name_the_revision(
    client: Client, served: Served, tmp_path: Path
) -> None:
    id = await failed(client, "revised", tmp_path / "go")
    assert shown(await done(served, "show", id), "flow") == "changes/revised, revision 1"
    await client.save(f"description: new\n{GO.format(id='revised', go=tmp_path / 'go')}")
    older = "revision 1 (the newest is 2)"
    for command in (("restart", id), ("replay", id), ("replay", id, "--from", "fetch")):
        plan = await done(served, *command, "--plan")
        assert plan.splitlines()[0] == f"runs {older}"
    plan = await done(served, "replay", id, "--revision", "latest", "--plan")
    assert plan.splitlines()[0] == "runs revision 2"
    _, output, _ = await headway(served, "replay", id, "--revision", "latest", "--follow")
    assert output.splitlines()[2] == "it runs revision 2"
    assert (await done(served, "restart", id)).endswith(f" is RUNNING, {older}")
    await client.until_ended(id)
    path = tmp_path / "flow.yaml"
    path.write_text(GO.format(id="unsaved", go=tmp_path / "go"))
    tested = await done(served, "run", "--test", path)
    flow = shown(await done(served, "show", tested), "flow")
    assert flow == "changes/unsaved, an unsaved text"
    await client.until_ended(tested)


async def test_a_followed_restart_prints_nothing_from_before_it(
    client: Client, served: Served, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    id = await failed(client, "followed", go)
    go.touch()
    code, output, _ = await headway(served, "restart", id, "-f")
    first, *events, last = (line.partition(" ")[2] for line in output.splitlines())
    assert (code, first, last.split()[-1]) == (0, "is RUNNING, revision 1", "SUCCESS")
    assert events[0] == "execution: RESTARTED" and events[-1] == "execution: SUCCESS"
    assert "FAILED" not in output


async def test_show_adds_the_idle_time_to_the_duration(
    client: Client, served: Served, tmp_path: Path
) -> None:
    id = await failed(client, "idle", tmp_path / "go")
    once = shown(await done(served, "show", id), "duration")
    assert re.fullmatch(r"\d+\.\ds", once)
    await done(served, "restart", id)
    await client.until_ended(id)
    duration = shown(await done(served, "show", id), "duration")
    assert re.fullmatch(r"\d+\.\ds, plus \d+\.\ds idle before a restart", duration)


async def test_show_names_subflows_and_says_why_there_is_no_action(
    client: Client, served: Served
) -> None:
    await client.save("id: inner\nnamespace: changes\ntasks: [{id: a, type: log, message: a}]\n")
    source = "id: outer\nnamespace: changes\ntasks: [{id: s, type: subflow, flow: inner}]\n"
    id = (await client.until_ended((await client.run(source))["id"]))["id"]
    text = await done(served, "show", id)
    (child,) = json.loads(await done(served, "show", id, "--json"))["children"]
    assert shown(text, "subflow").split() == [child["name"], child["id"], "SUCCESS"]
    past = (await done(served, "show", id, "--at", "1")).splitlines()[-1]
    assert past.startswith("no actions: this is a past state")
    _, token, _ = await headway(served, "token", "create", "only-views", "--role", "viewer")
    _, text, _ = await headway(served, "show", id, token=token.strip())
    assert text.splitlines()[-1] == "no action is available to you"


@pytest.mark.parametrize(
    ("attempt", "words"),
    [(1, "a failed after 1 attempt: no"), (3, "a failed after 3 attempts: no"), (0, "a failed: no")],
)  # fmt: skip
def test_the_number_of_attempts_is_a_plain_phrase(attempt: int, words: str) -> None:
    failure = {"taskRun": {"key": "a"}, "attempt": attempt, "message": "no", "exitCode": None}
    assert failure_sentence({"failure": {**failure, "skipped": [], "others": 0}}) == words


def shown(text: str, name: str) -> str:
    """Returns the value of the only line of `show` with this name."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"{name} "))
    return line.removeprefix(name).strip()
