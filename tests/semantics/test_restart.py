"""restart: the same execution runs again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.ids import untyped
from tests.api.client import Client, task
from tests.semantics.scene import (
    PLAN,
    Tables,
    acted,
    does,
    ended,
    events,
    flow,
    held,
    moves,
    read,
    refused,
)

WHEN_GO = 'type: shell, run: "test -e $GO", env: {GO: "%s"}'
FAILING = """
  - {id: good, type: log, message: a}
  - {id: bad, needs: [good], %s}
  - {id: after, type: log, message: a, needs: [bad]}
"""


async def _failed(client: Client, go: Path) -> str:
    return str((await ended(client, flow("re-failed", FAILING % WHEN_GO % go)))["id"])


async def test_the_time_before_it_is_no_part_of_how_long_it_took(
    client: Client, tables: Tables, go: Path
) -> None:
    id = await _failed(client, go)
    for table, columns in A_DAY_AGO.items():
        shifted = ", ".join(f"{name} = {name} - interval '1 day'" for name in columns)
        key = "id" if table == "executions" else "execution_id"
        await tables.rows(f"update {table} set {shifted} where {key} = $1", untyped("exec", id))
    go.touch()
    await acted(client, "restartExecution", id=id)
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    times = await read(client, id, TIMES)
    between = datetime.fromisoformat(times["endedAt"]) - datetime.fromisoformat(times["startedAt"])
    assert between > timedelta(days=1) and 86_390 < times["idle"] <= 86_460
    assert times["duration"] == pytest.approx(between.total_seconds() - times["idle"], abs=1e-5)
    assert times["durationStats"]["p50"] == pytest.approx(times["duration"], abs=1e-5)
    assert times["task"]["duration"] < 60, "it was put back, and began anew"
    for search, found in (("duration>1h", []), ("duration<1h", [{"id": id}])):
        query = "query ($s: String) { executions(search: $s) { nodes { id } } }"
        listed = await client.post(query, s=f"flow:re-failed {search} id:{id}")
        assert listed["executions"]["nodes"] == found
    statistics = "executionStats(search: $s, since: $t, bucket: DAY) { averageDuration }"
    query = f"query ($s: String, $t: DateTime!) {{ {statistics} }}"
    since = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    stats = (await client.post(query, s=f"id:{id}", t=since))["executionStats"]
    assert stats["averageDuration"] == pytest.approx(times["duration"], abs=1e-5)


async def test_the_duration_does_not_grow_while_queued_again(client: Client, go: Path) -> None:
    source = flow("re-lined", held("a", go), "concurrency: {limit: 1, behavior: QUEUE}\n")
    first = (await client.run(source))["id"]
    await client.until(first, a="RUNNING")
    second = (await client.create("semantics/re-lined"))["id"]
    await acted(client, "cancelExecution", id=first)
    await client.until(second, a="RUNNING")
    before = await read(client, first, "endedAt duration")
    await acted(client, "restartExecution", id=first)
    await client.until(first, state="QUEUED")
    for _ in range(2):
        times = await read(client, first, "idleSince endedAt duration")
        assert times == {
            "idleSince": before["endedAt"], "endedAt": None, "duration": before["duration"],
        }  # fmt: skip
    go.touch()
    assert (await client.until_ended(first))["state"] == "SUCCESS"
    assert (await read(client, first, "idleSince"))["idleSince"] is None


A_DAY_AGO = {
    "executions": ("created_at", "started_at", "ended_at"),
    "task_runs": ("started_at", "ended_at"),
    "attempts": ("started_at", "ended_at"),
    "events": ("at",),
}
TIMES = 'startedAt endedAt idle duration durationStats { p50 } task(key: "bad") { duration }'


async def _errored(client: Client, go: Path) -> str:
    bad = '  - {id: bad, type: return, outputs: {n: "{{ 1 / (task.attempt - 1) }}"}}\n'
    return str((await ended(client, flow("re-error", bad)))["id"])


async def _killed(client: Client, go: Path) -> str:
    bad = "  - {id: bad, type: wait, event: go}\n  - {id: after, type: log, message: a, needs: [bad]}\n"
    id = (await client.run(flow("re-killed", bad)))["id"]
    await client.until(id, bad="RUNNING")
    await acted(client, "cancelExecution", id=id)
    return str(id)


async def _rejected(client: Client, go: Path) -> str:
    id = (await client.run(flow("re-rejected", "  - {id: ok, type: approval}\n")))["id"]
    approval = task(await client.until(id, state="WAITING_FOR_APPROVAL"), "ok")["approval"]["id"]
    await does(client, "reject", approvalId=approval)
    return str(id)


async def _cancelled(client: Client, go: Path) -> str:
    head = "concurrency: {limit: 1, behavior: CANCEL_NEW}\n"
    first = await client.run(flow("re-cancelled", "  - {id: w, type: wait, event: x}\n", head))
    second = await client.create("semantics/re-cancelled")
    await acted(client, "cancelExecution", id=first["id"])
    return str(second["id"])


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (_failed, "FAILED"),
        (_errored, "ERROR"),
        (_killed, "KILLED"),
        (_rejected, "REJECTED"),
        (_cancelled, "CANCELLED"),
    ],
)
async def test_a_failed_execution_runs_again_through_restarted(
    client: Client, go: Path, begin: object, end: str
) -> None:
    assert callable(begin)
    id = await begin(client, go)
    assert (await client.show(id))["state"] == end
    go.touch()
    restarted = await acted(client, "restartExecution", id=id, reason="once more")
    assert restarted["id"] == id
    assert {"key": "system.restarted", "value": "true"} in restarted["labels"]
    history = await moves(client, id)
    at = history.index("RESTARTED")
    assert history[at - 1 : at + 2] == [end, "RESTARTED", "RUNNING"]
    back = [event for event in await events(client, id) if event["toState"] == "RESTARTED"]
    assert [event["reason"] for event in back] == ["once more"]
    if restarted["state"] not in {"SUCCESS", "FAILED"}:
        await acted(client, "cancelExecution", id=id) if end in {
            "KILLED", "REJECTED", "CANCELLED",
        } else await client.until_ended(id)  # fmt: skip


async def test_successful_tasks_stay_and_failed_and_cancelled_ones_run_again(
    client: Client, go: Path
) -> None:
    id = await _failed(client, go)
    before = await client.show(id)
    go.touch()
    await acted(client, "restartExecution", id=id)
    found = await client.until_ended(id)
    assert (found["state"], found["failure"]) == ("SUCCESS", None)
    assert task(found, "good") == task(before, "good")
    assert [one["number"] for one in task(found, "bad")["attempts"]] == [1, 2]
    assert await moves(client, id, "after") == [
        "CANCELLED",
        "CREATED",
        "QUEUED",
        "RUNNING",
        "SUCCESS",
    ]


async def test_errors_and_finally_run_again(client: Client, go: Path) -> None:
    tasks = FAILING % WHEN_GO % go + "errors: [{id: e, type: log, message: a}]\n"
    found = await ended(
        client, flow("re-finally", tasks + "finally: [{id: f, type: log, message: a}]\n")
    )
    await acted(client, "restartExecution", id=found["id"])
    again = await client.until_ended(found["id"])
    assert again["state"] == "FAILED"
    assert [len(task(again, key)["attempts"]) for key in ("good", "bad", "e", "f")] == [1, 2, 2, 2]


async def test_a_rejected_approval_is_requested_again(client: Client, go: Path) -> None:
    id = await _rejected(client, go)
    first = task(await client.show(id), "ok")["approval"]
    await acted(client, "restartExecution", id=id)
    second = task(await client.until(id, state="WAITING_FOR_APPROVAL"), "ok")["approval"]
    assert (first["state"], second["state"]) == ("REJECTED", "PENDING")
    assert first["id"] != second["id"]
    await does(client, "approve", approvalId=second["id"])
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    requests = (await read(client, id, "approvals { id state }"))["approvals"]
    assert {one["id"]: one["state"] for one in requests} == {
        first["id"]: "REJECTED",
        second["id"]: "APPROVED",
    }


async def test_a_restart_is_refused_if_there_is_nothing_to_run_again(client: Client) -> None:
    id = (await ended(client, flow("re-nothing", "  - {id: a, type: log, message: a}\n")))["id"]
    problem = await refused(client, "restartExecution", id=id)
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "SUCCESS")
    await acted(client, "changeState", id=id, state="FAILED", reason="it was not right")
    problem = await refused(client, "restartExecution", id=id)
    assert problem["code"] == "INVALID_STATE"
    assert "nothing to run again" in problem["message"]


async def test_a_plan_is_shown_and_nothing_changes(client: Client, go: Path) -> None:
    id = await _failed(client, go)
    before = await client.show(id)
    planned = await does(client, "restartExecution", PLAN, id=id, plan=True)
    assert {one["key"]: one["plan"] for one in planned["plan"]["tasks"]} == {
        "good": "REUSE", "bad": "RUN", "after": "RUN",
    }  # fmt: skip
    assert await client.show(id) == before


async def test_without_a_free_slot_a_restart_is_queued(client: Client, go: Path) -> None:
    tasks = "  - {id: a, type: wait, event: x}\n"
    for behavior in ("QUEUE", "CANCEL_NEW", "FAIL", "CANCEL_RUNNING"):
        head = f"concurrency: {{limit: 1, behavior: {behavior}}}\n"
        first = await client.run(flow("re-slot", tasks, head))
        await acted(client, "cancelExecution", id=first["id"])
        holder = await client.create("semantics/re-slot")
        assert (await acted(client, "restartExecution", id=first["id"]))["state"] == "QUEUED"
        assert (await moves(client, first["id"]))[-2:] == ["RESTARTED", "QUEUED"]
        await acted(client, "cancelExecution", id=holder["id"])
        await client.until(first["id"], state="RUNNING")
        await acted(client, "cancelExecution", id=first["id"])
