"""The commands that act on executions, run as processes against a real server."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.main import get_command

from models.lifecycle.actions import Action
from server.cli import app
from server.cli.command_names import command_of
from tests.api.client import Client, states, task
from tests.api.servers import Served
from tests.api.test_cli import headway

BREAKS = """id: breaks
namespace: acts
inputs: [{id: n, type: INT, default: 1}]
tasks:
  - {id: first, type: return, outputs: {seen: "{{ inputs.n }}"}}
  - {id: second, type: shell, needs: [first], env: {OK: "%s"}, run: "test -e \\"$OK\\""}
  - {id: third, type: return, needs: [second], outputs: {seen: "{{ outputs.first.seen }}"}}
outputs: {seen: "{{ outputs.third.seen }}"}
"""


async def done(served: Served, *arguments: str | Path) -> str:
    code, output, errors = await headway(served, *arguments)
    assert (code, errors) == (0, ""), (code, errors)
    return output.strip()


async def refused(served: Served, *arguments: str | Path) -> str:
    code, output, errors = await headway(served, *arguments)
    assert (code, output) == (1, "")
    return errors


async def failed(client: Client, ok: Path) -> str:
    id: str = (await client.run(BREAKS % ok))["id"]
    assert (await client.until_ended(id))["state"] == "FAILED"
    return id


def words(output: str) -> list[list[str]]:
    """Returns the first four columns of each line."""
    return [line.split()[:4] for line in output.splitlines()]


def rows(output: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in output.splitlines() if line.strip()}


def test_every_action_has_its_command() -> None:
    commands = getattr(get_command(app), "commands", {})
    assert {command_of(action.value) for action in Action} - set(commands) == set()


async def test_a_failed_execution_is_restarted_after_its_plan_was_shown(
    client: Client, served: Served, tmp_path: Path
) -> None:
    ok = tmp_path / "ok"
    id = await failed(client, ok)
    before = await client.show(id)
    plan = rows(await done(served, "restart", id, "--plan"))
    assert (plan["first"][:3], plan["second"][:3], plan["third"][:3]) == (
        ["REUSE", "is", "SUCCESS;"], ["RUN", "was", "FAILED"], ["RUN", "was", "CANCELLED"],
    )  # fmt: skip
    errors = await refused(served, "retry-failed", id, "--plan")
    assert "FAILED_FINISHING" in errors and "possible now: restart, replay, prepare" in errors
    assert await client.show(id) == before
    ok.touch()
    assert "is RUNNING" in await done(served, "restart", id, "--reason", "fixed")
    ended = await client.until_ended(id)
    assert (ended["state"], ended["outputs"]) == ("SUCCESS", {"seen": 1})
    errors = await refused(served, "restart", id)
    assert "this one is SUCCESS" in errors and "restart," not in errors.splitlines()[-1]


async def test_a_replay_begins_with_a_task_or_with_other_inputs(
    client: Client, served: Served, tmp_path: Path
) -> None:
    ok = tmp_path / "ok"
    id = await failed(client, ok)
    plan = rows(await done(served, "replay", id, "--from", "second", "--plan"))
    assert plan["first"][0] == "REUSE" and plan["first"][-1] == id
    assert plan["third"] == ["RUN", "after", "second"]
    ok.touch()
    output = await done(served, "replay", id, "--from", "second", "--follow")
    assert "ended SUCCESS" in output and '{"seen": 1}' in output
    name = (await client.show(id))["name"]
    again = await done(
        served, "replay", id, "-i", "n=7", "--revision", "same", "--idempotency-key", "k"
    )
    ended = await client.until_ended(again)
    assert (ended["state"], ended["outputs"]) == ("SUCCESS", {"seen": 7})
    repeated = ("replay", id, "-i", "n=7", "--revision", "same", "--idempotency-key", "k")
    assert await done(served, *repeated) == again
    shown = await done(served, "show", again)
    assert ["replay", "of", name, id] in words(shown)
    assert "resolved by" in await done(served, "show", id)
    assert "same or latest" in await refused(served, "replay", id, "--revision", "old")


async def test_a_draft_is_shown_edited_and_started(
    client: Client, served: Served, tmp_path: Path
) -> None:
    ok = tmp_path / "ok"
    id = await failed(client, ok)
    name = (await client.show(id))["name"]
    ok.touch()
    table = rows(await done(served, "prepare", id))
    assert (table["first"][:2], table["second"][:2]) == (["no", "REUSE"], ["yes", "RUN"])
    draft = tmp_path / "draft.json"
    draft.write_text(await done(served, "prepare", id, "--json"))
    assert json.loads(draft.read_text())["disabledTasks"] == ["first"]
    ended = await client.until_ended(await done(served, "run", draft))
    assert (ended["state"], states(ended)["first"]) == ("SUCCESS", "SKIPPED")
    assert ended["outputs"] == {"seen": 1}
    assert ["rerun", "of", name, id] in words(await done(served, "show", ended["id"]))
    switched = ("prepare", id, "--enable", "first", "--disable", "second", "-i", "n=3", "--run")
    ended = await client.until_ended(await done(served, *switched))
    assert (ended["outputs"], states(ended)["second"]) == ({"seen": 3}, "SKIPPED"), ended
    errors = await refused(served, "prepare", id, "--enable", "fist", "--run")
    assert "no task fist; the draft has: first, second, third" in errors


async def test_run_takes_a_time_and_tasks_not_to_run(
    client: Client, served: Served, tmp_path: Path
) -> None:
    ok = tmp_path / "ok"
    id = await failed(client, ok)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    waiting = await done(served, "run", "acts/breaks", "--at", later, "--no-cache")
    assert "waiting: not before its scheduled time, until 20" in await done(served, "show", waiting)
    assert "is RUNNING" in await done(served, "force-run", waiting)
    await client.until_ended(waiting)
    chosen = ("--rerun-of", id, "--disable", "first", "--disable", "second")
    ended = await client.until_ended(await done(served, "run", "acts/breaks", *chosen))
    assert (ended["state"], ended["outputs"]) == ("SUCCESS", {"seen": 1})
    assert "is not a valid time" in await refused(served, "run", "acts/breaks", "--at", "soon")
    path = tmp_path / "flow.yaml"
    path.write_text(BREAKS % ok)
    errors = await refused(served, "run", path, "--test", "--disable", "first")
    assert "leave out --disable" in errors


async def test_states_are_corrected_with_a_reason(
    client: Client, served: Served, tmp_path: Path
) -> None:
    id = await failed(client, tmp_path / "ok")
    code, _, errors = await headway(served, "change-state", id, "warning")
    assert code == 2 and "--reason" in errors
    assert "is WARNING" in await done(served, "change-state", id, "warning", "--reason", "known")
    errors = await refused(served, "change-state", id, "RUNNING", "--reason", "x")
    assert "'RUNNING'; there are: success, warning, failed, killed, cancelled" in errors
    because = ("--reason", "done by hand", "--outputs", '{"rows": 3}')
    output = await done(served, "change-task-state", id, "second", "success", *because)
    assert output.startswith("second is SUCCESS; breaks-")
    ended = await client.until_ended(id)
    assert (ended["state"], task(ended, "second")["outputs"]) == ("SUCCESS", {"rows": 3})
    errors = await refused(served, "change-task-state", id, "secnd", "FAILED", "--reason", "x")
    assert "the execution has: first, second, third" in errors
    wrong = ("change-task-state", id, "second", "FAILED", "--reason", "x", "--outputs", "{")
    assert "--outputs is not valid JSON" in await refused(served, *wrong)
    assert await client.show(id) == ended


WAITS = """id: waits
namespace: acts.events
tasks: [{id: hold, type: wait, event: delivered}]
outputs: {data: "{{ outputs.hold.data }}"}
"""


async def test_an_event_ends_the_wait_for_it(client: Client, served: Served) -> None:
    one, other = (await client.run(WAITS))["id"], (await client.run(WAITS))["id"]
    for id in (one, other):
        await client.until(id, hold="RUNNING")
    assert "waiting: hold:" in await done(served, "show", one)
    sent = await done(
        served, "send-event", "delivered", "--execution", one, "--data", '{"by": "van"}'
    )
    assert sent.split()[1] == one
    assert (await client.until_ended(one))["outputs"] == {"data": {"by": "van"}}
    unheard = ("send-event", "delivered", "--namespace", "acts")
    sent = await done(served, *unheard)
    assert [line.split()[1] for line in sent.splitlines()] == [other]
    assert (await client.until_ended(other))["state"] == "SUCCESS"
    assert "nothing waits" in await done(served, *unheard)


CHILD = "id: child\nnamespace: acts\ntasks: [{id: hold, type: wait, duration: 1h}]\n"
PARENT = "id: parent\nnamespace: acts\ntasks: [{id: call, type: subflow, flow: child}]\n"


@pytest.mark.parametrize(("options", "left"), [((), "KILLED"), (("--no-cascade",), "RUNNING")])
async def test_a_cancel_includes_children_by_default(
    client: Client, served: Served, options: tuple[str, ...], left: str
) -> None:
    await client.save(CHILD)
    parent = await client.run(PARENT)
    id, name = parent["id"], parent["name"]
    child = await child_of(client, id)
    await client.until(child, hold="RUNNING")
    shown = await done(served, "show", id)
    assert ["subflow", child] in [[line[0], line[2]] for line in words(shown) if len(line) > 2]
    assert ["child", "of", name, id] in words(await done(served, "show", child))
    await done(served, "cancel", id, *options)
    assert (await client.until_ended(id))["state"] == "KILLED"
    assert (await client.until(child, state=left))["state"] == left
    if left == "RUNNING":
        await done(served, "cancel", child)
        await client.until_ended(child)


async def child_of(client: Client, id: str) -> str:
    query = "subscription ($id: ID!) { execution(id: $id) { children { id } } }"
    async with asyncio.timeout(20), client.subscribe(query, id=id) as messages:
        async for data in messages:
            if data["execution"]["children"]:
                found: str = data["execution"]["children"][0]["id"]
                return found
    raise AssertionError("it started none")


ONE_AT_A_TIME = """id: narrow
namespace: acts
concurrency: {limit: 1}
tasks: [{id: hold, type: wait, event: go}]
"""


async def test_show_prints_the_queue_position_and_force_run_skips_the_queue(
    client: Client, served: Served
) -> None:
    ids: list[str] = []
    for _ in range(3):
        ids.append((await client.run(ONE_AT_A_TIME))["id"])
    await client.until(ids[0], state="RUNNING")
    await client.until(ids[2], state="QUEUED")
    shown = await done(served, "show", ids[2])
    assert (
        "waiting: a slot of the flow's limit of 1" in shown and "position 2 in the queue" in shown
    )
    assert "is RUNNING" in await done(served, "force-run", ids[2], "--reason", "urgent")
    errors = await refused(served, "force-run", ids[2])
    assert "nothing to force: no task run is QUEUED or RETRYING" in errors
    for id in ids:
        await done(served, "cancel", id)
        await client.until_ended(id)


MANY = """id: many
namespace: acts
tasks:
  - id: each
    type: foreach
    items: [1, 2, 3, 4]
    allow_failure: true
    tasks: [{id: odd, type: shell, env: {N: "{{ item }}"}, run: "exit $((N % 2))"}]
"""


async def test_show_folds_iterations_and_names_those_that_failed(
    client: Client, served: Served
) -> None:
    id = (await client.run(MANY))["id"]
    assert (await client.until_ended(id))["state"] == "WARNING"
    shown = await done(served, "show", id)
    (fold,) = (line for line in shown.splitlines() if "each[*].odd" in line)
    assert "2 ✗ FAILED" in fold and "2 ✓ SUCCESS" in fold
    assert "each[0].odd" in shown and "each[2].odd" in shown and "each[1].odd" not in shown
    unfolded = await done(served, "show", id, "--all")
    assert [f"each[{index}].odd" in unfolded for index in range(4)] == [True] * 4
    assert "each[*]" not in unfolded
    note = "# looked at"
    await done(served, "note", id, note)
    assert f"note by admin, {datetime.now().astimezone():%Y-%m-%d}" in await done(
        served, "show", id
    )


SIGNED = """id: signed
namespace: acts
tasks:
  - id: sign
    type: approval
    message: Ship it?
    groups: [{name: makers, users: [%s]}, {name: checkers, users: [zoe]}]
    form: [{id: window, type: INT, required: true}]
outputs: {window: "{{ outputs.sign.form.window }}"}
"""


async def test_the_inbox_and_votes_with_a_form_and_past_the_policy(
    client: Client, served: Served
) -> None:
    id = (await client.run(SIGNED % "admin"))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    inbox = await done(served, "approvals")
    assert "makers 0/1, checkers 0/1" in inbox and "Ship it? [--form window INT]" in inbox
    found = json.loads(await done(served, "approvals", "--all", "--json"))
    (request,) = [one for one in found if one["execution"]["id"] == id]
    assert "window" in await refused(served, "approve", id)
    assert "window" in await refused(served, "approve", id, "--form", "window=soon")
    output = await done(served, "approve", request["id"], "--form", "window=3")
    assert output.startswith("PENDING, 1 of 2 given; signed-")
    assert "already voted" in await refused(served, "approve", id, "--form", "window=3")
    await done(served, "cancel", id)
    assert (await client.until_ended(id))["state"] == "KILLED"
    assert "error: " in await refused(served, "reject", request["id"])


async def test_an_admin_decides_past_the_policy_with_a_comment(
    client: Client, served: Served
) -> None:
    id = (await client.run(SIGNED % "ada"))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    assert f"{id} " not in await done(served, "approvals")
    assert "signed-" in await done(served, "approvals", "--all")
    assert "error: " in await refused(served, "approve", id, "--form", "window=3")
    past = ("approve", id, "--override", "--form", "window:=3")
    assert "comment" in await refused(served, *past)
    output = await done(served, *past, "--comment", "zoe is away")
    assert output.startswith("APPROVED; signed-")
    assert (await client.until_ended(id))["outputs"] == {"window": 3}


GATE = "id: gate\nnamespace: acts\ntasks: [{id: ok, type: approval, message: go?}]\n"
GATED = """id: gated
namespace: acts
tasks: [{id: one, type: subflow, flow: gate}%s]
"""


async def test_the_parent_of_an_execution_with_a_request_can_be_named(
    client: Client, served: Served
) -> None:
    await client.save(GATE)
    id = (await client.run(GATED % ""))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    child = await child_of(client, id)
    name = (await client.show(child))["name"]
    reason = f"waiting: one: approval by anyone, 0 of 1 given ({name}: ok) in {child}"
    assert reason in (await done(served, "show", id)).splitlines()
    output = await done(served, "approve", id)
    assert output.startswith(f"APPROVED; {name} ({child}), below {id}, is ")
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    assert "has no pending approval" in await refused(served, "approve", id)


async def test_several_requests_below_an_execution_must_be_named(
    client: Client, served: Served
) -> None:
    await client.save(GATE)
    id = (await client.run(GATED % ", {id: two, type: subflow, flow: gate}"))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    query = (
        """query ($id: ID!) { execution(id: $id) { name children { id name approvals { id } } } }"""
    )
    found = (await client.post(query, id=id))["execution"]
    requests = {one["approvals"][0]["id"]: one for one in found["children"]}
    first, *listed, fix = (await refused(served, "reject", id)).splitlines()
    assert first.startswith(f"error: {found['name']} has no pending approval itself; ")
    assert set(listed) == {
        f"error: {request} of {one['name']} ({one['id']}) 'go?'"
        for request, one in requests.items()
    }
    assert fix.startswith("error: give one of their ids: headway reject appr_")
    rejected = fix.split()[-1]
    output = await done(served, "reject", rejected)
    assert output.startswith(f"REJECTED; {requests[rejected]['name']} is ")
    await done(served, "cancel", id)
    await client.until_ended(id)
