"""A history that is imported later is ordered by its own times: in lists, live lists, counts, pages and files."""

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import uuid4

import asyncpg

from models.ids import untyped
from tests.api.client import Client
from tests.api.live_list import Follower
from tests.api.servers import Served
from tests.api.test_live_lists import following
from tests.api.test_recording import record, refusal, report, whole

LIST = """query ($search: String, $where: ExecutionFilter, $orderBy: ExecutionOrder, $first: Int, $after: String) {
  executions(search: $search, where: $where, orderBy: $orderBy, first: $first, after: $after) {
    nodes { id name createdAt startedAt } pageInfo { hasNextPage endCursor } } }"""
DAYS = ("2025-01-31", "2025-01-01", "2025-02-01", "2024-12-31", "2025-01-15")


def somewhere() -> str:
    return f"history.n{uuid4().hex[:8]}"


async def imported(client: Client, namespace: str, day: str, **about: Any) -> str:
    """Records a run of five minutes on that day."""
    made = await record(
        client, "mnist", namespace=namespace, name=day, createdAt=f"{day}T14:23:10Z",
        startedAt=f"{day}T14:23:15Z", **about,
    )  # fmt: skip
    id: str = made["id"]
    await report(client, id, "finishExecution", state="SUCCESS", endedAt=f"{day}T14:28:43Z")
    return id


async def names(client: Client, search: str, **how: Any) -> list[str]:
    found = (await client.post(LIST, search=search, **how))["executions"]
    return [node["name"] for node in found["nodes"]]


async def test_imported_runs_are_ordered_by_their_own_times(client: Client) -> None:
    namespace = somewhere()
    ids = {day: await imported(client, namespace, day) for day in DAYS}
    here = f"namespace:{namespace}"
    newest = sorted(DAYS, reverse=True)
    for order in ("CREATED_DESC", "STARTED_DESC", "ENDED_DESC"):
        assert await names(client, here, orderBy=order) == newest
    assert await names(client, f"{here} date:2025-01-01 TO 2025-01-31") == newest[1:4]
    assert await names(client, f"{here} date:2025-01-15") == ["2025-01-15"]
    assert await names(client, f"{here} date<2025-01-01") == ["2024-12-31"]
    assert await names(client, f"{here} date:-7d TO now") == []
    january = {"gte": "2025-01-01T00:00:00Z", "lt": "2025-02-01T00:00:00Z"}
    for field in ("date", "createdAt", "startedAt"):
        where = {field: january}
        assert await names(client, here, where=where, orderBy="CREATED_ASC") == newest[3:0:-1]
    found = await whole(client, ids["2025-01-15"])
    assert (found["createdAt"], found["startedAt"], found["endedAt"]) == (
        "2025-01-15T14:23:10.000000Z", "2025-01-15T14:23:15.000000Z", "2025-01-15T14:28:43.000000Z",
    )  # fmt: skip
    assert (found["duration"], found["queuedFor"]) == (328, 5)
    assert found["previous"] == found["lastSuccess"] == {"id": ids["2025-01-01"]}
    assert found["next"] == {"id": ids["2025-01-31"]}


async def test_each_day_of_last_year_has_its_count(client: Client) -> None:
    namespace = somewhere()
    for day in (*DAYS, "2025-01-15"):
        await imported(client, namespace, day)
    query = """query ($search: String) { executionStats(search: $search, bucket: DAY,
      since: "2025-01-01T00:00:00Z", until: "2025-02-01T00:00:00Z") {
      total p50Duration buckets { start total succeeded } } }"""
    stats = (await client.post(query, search=f"namespace:{namespace}"))["executionStats"]
    assert (stats["total"], stats["p50Duration"], len(stats["buckets"])) == (4, 328, 31)
    assert {one["start"][:10]: one["total"] for one in stats["buckets"] if one["total"]} == {
        "2025-01-01": 1, "2025-01-15": 2, "2025-01-31": 1,
    }  # fmt: skip


async def test_the_date_is_that_of_the_start_otherwise_of_the_creation(client: Client) -> None:
    namespace = somewhere()
    over_night = {"createdAt": "2025-01-31T23:59:00Z", "startedAt": "2025-02-01T00:01:00Z"}
    await record(client, "mnist", namespace=namespace, name="over night", **over_night)
    pending = {"createdAt": "2025-01-31T23:59:00Z", "started": False}
    await record(client, "mnist", namespace=namespace, name="pending", **pending)
    here = f"namespace:{namespace}"
    assert await names(client, f"{here} date:2025-01-31") == ["pending"]
    assert await names(client, f"{here} date:2025-02-01") == ["over night"]
    assert sorted(await names(client, f"{here} created:2025-01-31")) == ["over night", "pending"]
    query = """query ($search: String) { executionStats(search: $search, bucket: DAY,
      since: "2025-01-31T00:00:00Z", until: "2025-02-02T00:00:00Z") { buckets { total } } }"""
    stats = (await client.post(query, search=here))["executionStats"]
    assert [one["total"] for one in stats["buckets"]] == [1, 1]


async def test_a_live_list_shows_it_in_its_place(client: Client) -> None:
    namespace = somewhere()
    ids = {day: await imported(client, namespace, day) for day in DAYS[:3]}
    lists = [
        Follower(client, Random(0), {"search": f"namespace:{namespace}", "first": size}, cuts=0)
        for size in (10, 3)
    ]
    async with following(*lists):
        for one in lists:
            await one.catches_up()
        ids |= {day: await imported(client, namespace, day) for day in DAYS[3:]}
        for one in lists:
            await one.catches_up()
    expected = [ids[day] for day in sorted(ids, reverse=True)]
    assert [[row["id"] for row in one.listed.rows] for one in lists] == [expected, expected[:3]]
    assert [one.listed.count for one in lists] == [{"value": 5, "exact": True}] * 2


async def test_those_of_one_moment_have_ids_of_their_own_and_a_key_is_one(client: Client) -> None:
    """Records four runs, each twice with the same key."""
    namespace = somewhere()
    same = {"namespace": namespace, "createdAt": "2025-01-15T00:00:00Z"}
    made = await asyncio.gather(
        *(record(client, "same", **same, idempotencyKey=f"{namespace}-{n % 4}") for n in range(8))
    )
    ids = {one["id"] for one in made}
    assert len(ids) == 4
    at = int(datetime(2025, 1, 15, tzinfo=UTC).timestamp() * 1000)
    assert {untyped("exec", id).int >> 80 for id in ids} == {at}
    paged: list[str] = []
    after = None
    while True:
        page = await client.post(LIST, search=f"namespace:{namespace}", first=1, after=after)
        paged += [node["id"] for node in page["executions"]["nodes"]]
        if not page["executions"]["pageInfo"]["hasNextPage"]:
            break
        after = page["executions"]["pageInfo"]["endCursor"]
    assert paged == sorted(ids, reverse=True)
    payload = await client.mutate(
        "recordExecution", pipeline="same", kind="train", namespace=namespace,
        createdAt="2025-01-16T00:00:00Z", idempotencyKey=f"{namespace}-0",
    )  # fmt: skip
    assert payload["problems"][0]["code"] == "IDEMPOTENCY_CONFLICT"


async def test_its_events_have_the_original_times(client: Client) -> None:
    namespace, day = somewhere(), "2025-01-15"
    made = await record(
        client, "mnist", namespace=namespace, createdAt=f"{day}T14:00:00Z", startedAt=f"{day}T14:01:00Z"
    )  # fmt: skip
    id = made["id"]
    times = {"startedAt": f"{day}T14:02:00Z", "endedAt": f"{day}T14:03:00Z"}
    await report(
        client, id, "recordTaskRun", key="fit", state="RUNNING", startedAt=times["startedAt"]
    )
    await report(client, id, "recordTaskRun", key="fit", state="SUCCESS", **times)
    await report(client, id, "recordMetrics", metrics=[{"name": "loss", "value": 0.5, "step": 1}])
    await report(client, id, "recordMetrics", metrics=[{"name": "loss", "value": 0.1, "step": 2}])
    await report(client, id, "recordLogs", lines=[{"text": "then"}])
    untimed = await refusal(client, id, "finishExecution", state="SUCCESS")
    assert (untimed["code"], untimed["path"]) == ("VALIDATION", ["endedAt"])
    assert "pass endedAt, the time when this happened" in untimed["message"]
    for input, path in (
        ({"key": "b", "state": "RUNNING"}, "startedAt"),
        ({"key": "b", "state": "SUCCESS", "startedAt": times["startedAt"]}, "endedAt"),
    ):
        assert (await refusal(client, id, "recordTaskRun", **input))["path"] == [path]
    await report(client, id, "finishExecution", state="SUCCESS", endedAt=f"{day}T14:04:00Z")
    query = """query ($id: ID!, $seq: Int) { execution(id: $id, at: $seq) { seq stateHistory { state at }
      metrics { at } logs { nodes { at text } } taskRuns { stateHistory { state at } } } }"""
    now = (await client.post(query, id=id))["execution"]
    past = (await client.post(query, id=id, seq=now["seq"]))["execution"]
    for found in (now, past):
        assert [(one["state"], one["at"][11:16]) for one in found["stateHistory"]] == [
            ("CREATED", "14:00"), ("RUNNING", "14:01"), ("SUCCESS", "14:04"),
        ]  # fmt: skip
        (fit,) = found["taskRuns"]
        assert [(one["state"], one["at"][11:16]) for one in fit["stateHistory"]] == [
            ("RUNNING", "14:02"), ("SUCCESS", "14:03"),
        ]  # fmt: skip
        assert {one["at"][:10] for one in found["metrics"]} == {day}
        assert [(one["at"][:10], one["text"]) for one in found["logs"]["nodes"]] == [(day, "then")]
    assert await names(client, f"namespace:{namespace} metric:loss<0.2")
    query = """query ($ids: [ID!]!) { compareExecutions(ids: $ids) {
      states { steps { state lasted } } metrics { values { points { elapsed } } } } }"""
    other = await imported(client, namespace, day)
    compared = (await client.post(query, ids=[id, other]))["compareExecutions"]
    assert [step["lasted"] for step in compared["states"][0]["steps"]] == [60, 180, None]
    points = compared["metrics"][0]["values"][0]["points"]
    assert all(0 <= point["elapsed"] <= 180 for point in points)


async def test_its_events_are_where_its_month_is(client: Client, served: Served) -> None:
    """The id is one of that month: retention and partitions depend on it."""
    id = await imported(client, somewhere(), "2025-03-15")
    connection = await asyncpg.connect(served.database_url)
    try:
        inside = await connection.fetchval(
            """select $1 >= headway_least_id('2025-03-01T00:00:00Z')
                  and $1 < headway_least_id('2025-04-01T00:00:00Z')""",
            untyped("exec", id),
        )
    finally:
        await connection.close()
    assert inside
