"""forceRun: runs at once, regardless of limits and backoff, and first in the queue."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.api.client import Client, states, task
from tests.semantics.scene import Tables, acted, flow, held, moves, read, refused, waits

WAITS = "  - {id: w, type: wait, event: x}\n"


async def test_a_created_one_starts_before_its_time(client: Client) -> None:
    await client.save(flow("fr-created", "  - {id: a, type: log, message: a}\n"))
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    id = (await client.create("semantics/fr-created", scheduledAt=at))["id"]
    assert (await acted(client, "forceRun", id=id))["state"] == "RUNNING"
    assert (await client.until_ended(id))["state"] == "SUCCESS"


async def test_a_queued_one_starts_past_its_flows_limit(client: Client) -> None:
    first = await client.run(flow("fr-queued", WAITS, "concurrency: {limit: 1}\n"))
    second = await client.create("semantics/fr-queued")
    assert second["state"] == "QUEUED"
    assert (await acted(client, "forceRun", id=second["id"]))["state"] == "RUNNING"
    assert (await client.show(first["id"]))["state"] == "RUNNING"
    third = await client.create("semantics/fr-queued")
    assert third["state"] == "QUEUED"
    for one in (third, first, second):
        await acted(client, "cancelExecution", id=one["id"])


async def test_a_paused_execution_continues(client: Client) -> None:
    id = (await client.run(flow("fr-paused", WAITS)))["id"]
    await acted(client, "pauseExecution", id=id)
    assert (await acted(client, "forceRun", id=id))["state"] == "RUNNING"
    await acted(client, "cancelExecution", id=id)


async def test_a_retrying_task_starts_at_once_and_is_first_in_line(
    client: Client, tables: Tables
) -> None:
    retry = "retry: {max_attempts: 2, delay: 1h}"
    id = (await client.run(flow("fr-retrying", f"  - {{id: a, type: fail, {retry}}}\n")))["id"]
    await client.until(id, a="RETRYING")
    await acted(client, "forceRun", id=id)
    found = await client.until_ended(id)
    assert [one["number"] for one in task(found, "a")["attempts"]] == [1, 2]
    assert await moves(client, id, "a") == [
        "QUEUED",
        "RUNNING",
        "RETRYING",
        "QUEUED",
        "RUNNING",
        "FAILED",
    ]


async def test_a_forced_queued_task_goes_first_in_its_queue(client: Client, tables: Tables) -> None:
    source = flow("fr-line", "  - {id: a, type: log, message: a, queue: nobody}\n")
    first = await client.run(source, priority=1000)
    second = await client.create("semantics/fr-line")
    await acted(client, "forceRun", id=second["id"])
    rows = await tables.rows(
        "select (convert_from(payload, 'utf8')::jsonb ->> 0) as id from pgqueuer order by priority desc, id"
    )
    assert [row["id"] for row in rows] == [
        str(one) for one in await _uuids(tables, second["name"], first["name"])
    ]
    assert (await read(client, second["id"], "priority"))["priority"] == 10_000
    for one in (first, second):
        await acted(client, "cancelExecution", id=one["id"])


async def _uuids(tables: Tables, *names: str) -> list[object]:
    rows = await tables.rows("select id, name from executions where name = any($1)", list(names))
    ids = {row["name"]: row["id"] for row in rows}
    return [ids[name] for name in names]


async def test_one_task_run_never_has_a_second_running_attempt(
    client: Client, tables: Tables, go: Path
) -> None:
    tasks = held("slow", go) + "  - {id: a, type: log, message: a, queue: nobody}\n"
    id = (await client.run(flow("fr-twice", tasks)))["id"]
    await client.until(id, slow="RUNNING")
    for _ in range(3):
        await acted(client, "forceRun", id=id)
    rows = await tables.rows(
        "select count(*) from pgqueuer q join task_runs t on q.dedupe_key like t.id || ':%' "
        "join executions e on e.id = t.execution_id where e.name = $1",
        (await client.show(id))["name"],
    )
    assert rows == [{"count": 1}]
    found = await client.show(id)
    assert states(found) == {"slow": "RUNNING", "a": "QUEUED"}
    assert [one["state"] for one in task(found, "slow")["attempts"]] == ["RUNNING"]
    await acted(client, "cancelExecution", id=id)
    await client.until_ended(id)


async def test_running_with_nothing_that_waits_and_ended_it_is_refused(client: Client) -> None:
    id = await waits(client, flow("fr-refused", WAITS))
    problem = await refused(client, "forceRun", id=id)
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "RUNNING")
    assert "nothing to force" in problem["message"]
    await acted(client, "cancelExecution", id=id)
    problem = await refused(client, "forceRun", id=id)
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "KILLED")
