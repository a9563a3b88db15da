"""Statistics of executions, as a client sees them."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api.client import Client
from tests.api.test_recording import record, report

NUMBERS = (
    "total ended succeeded failed successRate failureRate averageDuration p50Duration p95Duration"
)
STATS = f"""query ($search: String, $where: ExecutionFilter, $since: DateTime!, $until: DateTime, $bucket: Bucket!) {{
  executionStats(search: $search, where: $where, since: $since, until: $until, bucket: $bucket) {{
    {NUMBERS} since until states {{ state count {{ value exact }} }} buckets {{ start end {NUMBERS} }}
    flows {{ namespace flowKey {NUMBERS} }} kinds {{ kind {NUMBERS} }} most: flows(first: 1) {{ flowKey }} }} }}"""
LIVE = """subscription ($search: String) { stats(search: $search) {
  at total { value exact } states { state count { value exact } } } }"""


async def history(client: Client) -> str:
    """Returns a namespace of its own: of `a` took 10, 20 and 60 s, one of them failed; one of `b` runs, one was
    killed."""
    namespace = f"stats.n{uuid4().hex[:8]}"
    for pipeline, kind, end, seconds in (
        ("a", "train", "SUCCESS", 10),
        ("a", "train", "WARNING", 20),
        ("a", "test", "FAILED", 60),
        ("b", "test", "KILLED", 30),
        ("b", "test", None, 0),
    ):
        start = datetime.now(UTC) - timedelta(seconds=90)
        id = (
            await record(
                client, pipeline, namespace=namespace, kind=kind, startedAt=start.isoformat()
            )
        )["id"]
        if end:
            ended = (start + timedelta(seconds=seconds)).isoformat()
            await report(client, id, "finishExecution", state=end, endedAt=ended)
    return namespace


async def test_rates_durations_and_throughput(client: Client) -> None:
    namespace = await history(client)
    now = datetime.now(UTC)
    given = {"since": (now - timedelta(hours=3)).isoformat(), "bucket": "HOUR"}
    search = {"search": f"namespace:{namespace}"}
    found = (await client.post(STATS, **given, **search))["executionStats"]
    assert (found["total"], found["ended"], found["succeeded"], found["failed"]) == (5, 4, 2, 1)
    assert (found["successRate"], found["failureRate"]) == (0.5, 0.25)
    assert (found["averageDuration"], found["p50Duration"]) == (30, 25)
    assert found["p95Duration"] == pytest.approx(55.5)
    assert [(one["state"], one["count"]["value"]) for one in found["states"]] == [
        ("RUNNING", 1), ("SUCCESS", 1), ("WARNING", 1), ("FAILED", 1), ("KILLED", 1),
    ]  # fmt: skip
    a, b = found["flows"]
    assert (a["flowKey"], a["total"], a["successRate"], a["averageDuration"]) == ("a", 3, 2 / 3, 30)
    assert (b["flowKey"], b["total"], b["successRate"], b["p50Duration"]) == ("b", 2, 0, 30)
    assert found["most"] == [{"flowKey": "a"}]
    assert [(one["kind"], one["total"]) for one in found["kinds"]] == [("test", 3), ("train", 2)]
    buckets = found["buckets"]
    assert len(buckets) == 4
    assert [one["end"] for one in buckets[:-1]] == [one["start"] for one in buckets[1:]]
    assert sum(one["total"] for one in buckets) == 5
    assert [one["total"] for one in buckets[:2]] == [0, 0]
    assert (buckets[0]["successRate"], buckets[0]["p95Duration"]) == (None, None)
    filtered = {"where": {"kind": {"eq": "train"}}, "until": (now + timedelta(hours=1)).isoformat()}
    found = (await client.post(STATS, **given, **search, **filtered))["executionStats"]
    assert (found["total"], found["p50Duration"], len(found["buckets"])) == (2, 15, 5)
    past = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-15T00:00:00Z", "bucket": "WEEK"}
    found = (await client.post(STATS, **past, **search))["executionStats"]
    assert (found["total"], found["states"], found["flows"], found["kinds"]) == (0, [], [], [])
    assert [one["start"][:10] for one in found["buckets"]] == [
        "2025-12-29", "2026-01-05", "2026-01-12",
    ]  # fmt: skip


async def test_a_time_that_cannot_be_counted_is_refused_with_words(client: Client) -> None:
    for given, path, words in (
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-01-03T00:00:00Z", "bucket": "MINUTE"},
         ["bucket"], "2880 buckets of a minute are too many; the limit is 1500"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z", "bucket": "DAY"},
         ["since"], "`since` must be before `until`"),
        ({"since": "0001-01-01T00:00:00Z", "bucket": "WEEK"}, ["since"], "between the years 1970 and 9000"),
        ({"since": "2026-01-01T00:00:00Z", "bucket": "WEEK", "search": "kinf:x"},
         ["search"], "there is no field `kinf`"),
    ):  # fmt: skip
        answer = await client.answer(STATS, **given)
        (error,) = answer["errors"]
        assert answer["data"] is None and words in error["message"]
        assert (error["extensions"]["code"], error["extensions"]["path"]) == ("VALIDATION", path)


async def test_states_are_counted_live(client: Client) -> None:
    namespace = await history(client)
    search = f"namespace:{namespace}"

    async def counted(message: dict[str, Any]) -> dict[str, int]:
        stats = message["stats"]
        assert all(one["count"]["exact"] for one in stats["states"])
        states = {one["state"]: one["count"]["value"] for one in stats["states"]}
        assert stats["total"] == {"value": sum(states.values()), "exact": True}
        return states

    before = {"RUNNING": 1, "SUCCESS": 1, "WARNING": 1, "FAILED": 1, "KILLED": 1}
    async with asyncio.timeout(30), client.subscribe(LIVE, search=search) as messages:
        first = await anext(messages)
        assert await counted(first) == before
        made = [(await record(client, "c", namespace=namespace))["id"] for _ in range(3)]
        seen = [first["stats"]["at"]]
        async for message in messages:
            seen.append(message["stats"]["at"])
            if await counted(message) == {**before, "RUNNING": 4}:
                break
        await report(client, made[0], "finishExecution", state="SUCCESS")
        await report(client, made[1], "finishExecution", state="FAILED")
        await record(client, "elsewhere", namespace="stats.elsewhere")
        async for message in messages:
            seen.append(message["stats"]["at"])
            if await counted(message) == {**before, "RUNNING": 2, "SUCCESS": 2, "FAILED": 2}:
                break
    moments = [datetime.fromisoformat(at) for at in seen]
    assert all(later - one >= timedelta(seconds=0.99) for one, later in itertools.pairwise(moments))


async def test_a_search_that_cannot_be_read_ends_the_subscription(client: Client) -> None:
    with pytest.raises(AssertionError, match="there is no field `kinf`"):
        async with asyncio.timeout(30), client.subscribe(LIVE, search="kinf:x") as messages:
            await anext(messages)


async def test_an_execution_shows_the_usual_duration_of_its_flow(client: Client) -> None:
    namespace = await history(client)
    query = """query ($search: String) { executions(search: $search, orderBy: CREATED_ASC) {
      nodes { flowKey kind durationStats { p50 p95 count } } } }"""
    nodes = (await client.post(query, search=f"namespace:{namespace}"))["executions"]["nodes"]
    durations = {(node["flowKey"], node["kind"]): node["durationStats"] for node in nodes}
    assert durations == {
        ("a", "train"): {"p50": 15.0, "p95": 19.5, "count": 2}, ("a", "test"): None, ("b", "test"): None,
    }  # fmt: skip
