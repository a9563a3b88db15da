"""One action on many executions: previewed, run atomically or one by one, cancelled, killed while it runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.client import Client
from tests.api.conftest import verify
from tests.api.servers import Served, serving, start
from tests.api.test_record import acts, mutate

COUNTS = "id action mode state progress counts { total done refused left } endedAt"
RESULTS = """results(first: 200) { nodes { executionId name outcome at execution { id } started { id }
  problem { code message } } totalCount { value exact } }"""
PREVIEW = """preview { id action total wouldApply forbidden notFound samples { id }
  notAllowed { code reason count samples { id } } }"""
SCHEDULED = "2100-01-01T00:00:00Z"
IDLE = "id: idle\nnamespace: {}\ntasks:\n  - {{id: a, type: log, message: a}}\n"
HELD = """id: held
namespace: {namespace}
tasks:
  - {{id: a, type: shell, run: "until [ -e {go} ]; do sleep 0.05; done"}}
"""


async def preview(client: Client, action: str, **input: Any) -> dict[str, Any]:
    payload = await mutate(
        client, "previewBulk", PREVIEW, "PreviewBulkInput", action=action, **input
    )
    assert payload["problems"] == []
    found: dict[str, Any] = payload["preview"]
    return found


async def run(client: Client, id: str, mode: str = "EACH", **input: Any) -> dict[str, Any]:
    payload: dict[str, Any] = await mutate(
        client, "runBulk", f"bulk {{ {COUNTS} }}", "RunBulkInput", previewId=id, mode=mode, **input
    )
    return payload


async def messages(client: Client, id: str) -> AsyncIterator[dict[str, Any]]:
    query = f"subscription ($id: ID!) {{ bulk(id: $id) {{ {COUNTS} }} }}"
    async with client.subscribe(query, id=id) as found:
        async for data in found:
            yield data["bulk"]


async def until_ended(client: Client, id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        seen = [message async for message in messages(client, id)]
    assert [one["progress"] for one in seen] == sorted(one["progress"] for one in seen)
    last: dict[str, Any] = seen[-1]
    return last


async def until_moving(client: Client, id: str) -> dict[str, Any]:
    """Returns the first message that reports progress."""
    async with asyncio.timeout(60):
        async for message in messages(client, id):
            if message["counts"]["done"]:
                return message
    raise AssertionError("it ended without a sign")


async def results(client: Client, id: str) -> dict[str, dict[str, Any]]:
    query = f"query ($id: ID!) {{ bulk(id: $id) {{ {RESULTS} }} }}"
    found = (await client.post(query, id=id))["bulk"]["results"]
    assert found["totalCount"] == {"value": len(found["nodes"]), "exact": True}
    return {one["executionId"]: one for one in found["nodes"]}


async def do(client: Client, action: str, ids: Sequence[str], **input: Any) -> dict[str, Any]:
    """Runs a bulk action on the executions to its end; returns the results by execution id."""
    reason = input.pop("reason", None)
    found = await preview(client, action, ids=ids, **input)
    payload = await run(client, found["id"], reason=reason)
    assert payload["problems"] == []
    await until_ended(client, found["id"])
    return await results(client, found["id"])


async def many(client: Client, flow: str, count: int, **input: Any) -> list[str]:
    """Creates executions that start as fast as they are accepted."""
    namespace, key = flow.split("/")
    variables = {"input": {"namespace": namespace, "flow": key, **input}}
    query = """mutation ($input: CreateExecutionInput!) { createExecution(input: $input) {
      execution { id } } }"""
    room = asyncio.Semaphore(16)
    headers = {"authorization": f"Bearer {client.token}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as http:

        async def one() -> str:
            async with room:
                response = await http.post(
                    f"{client.url}/graphql", json={"query": query, "variables": variables}
                )
            id: str = response.json()["data"]["createExecution"]["execution"]["id"]
            return id

        return list(await asyncio.gather(*(one() for _ in range(count))))


async def idle(client: Client, namespace: str, count: int) -> list[str]:
    """Creates executions that nothing advances."""
    await client.save(IDLE.format(namespace))
    return await many(client, f"{namespace}/idle", count, scheduledAt=SCHEDULED)


async def ended(client: Client, namespace: str, count: int) -> list[str]:
    await client.save(IDLE.format(namespace))
    ids = await many(client, f"{namespace}/idle", count)
    await until_there(client, count, namespace={"eq": namespace}, state={"eq": "SUCCESS"})
    return ids


async def until_there(client: Client, count: int, **where: Any) -> None:
    query = """subscription ($where: ExecutionFilter) { executionList(where: $where, first: 1) {
      totalCount { value } } }"""
    async with asyncio.timeout(120), client.subscribe(query, where=where) as found:
        async for data in found:
            if data["executionList"]["totalCount"]["value"] == count:
                return


@asynccontextmanager
async def looking(served: Served) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(served.database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def stored(served: Served, namespace: str) -> list[Any]:
    """Returns the rows of ended executions, including the last writing transaction; only actions change them."""
    async with looking(served) as database:
        rows = await database.fetch(
            """select id, xmin::text, seq, state, archived, labels,
                 (select count(*) from events where execution_id = e.id) as events
               from executions e where namespace = $1 and ended_at is not null order by id""",
            namespace,
        )
        return list(map(tuple, rows))


@pytest.mark.timeout(240)
async def test_1198_of_1204_apply_and_six_still_run(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with serving(tmp_path / "data") as served:
        client = Client(served.url, served.token, timeout=60)
        await client.save(HELD.format(namespace="many", go=go))
        held = await many(client, "many/held", 6)
        for id in held:
            await client.until(id, a="RUNNING")
        await ended(client, "many", 1198)

        found = await preview(client, "ARCHIVE", where={"namespace": {"eq": "many"}})
        (refusal,) = found.pop("notAllowed")
        samples = found.pop("samples")
        id = found.pop("id")
        assert found == {
            "action": "ARCHIVE",
            "total": 1204,
            "wouldApply": 1198,
            "forbidden": 0,
            "notFound": [],
        }
        assert (refusal["code"], refusal["count"]) == ("INVALID_STATE", 6)
        assert refusal["reason"].endswith("; this one is RUNNING")
        assert len(refusal["samples"]) == len(samples) == 5
        assert {one["id"] for one in refusal["samples"]} < set(held)

        together = await run(client, id, "ATOMIC")
        assert [one["message"] for one in together["problems"]] == [
            "1204 executions are more than 1000, which is the limit of an atomic action; "
            "run it with EACH, or preview fewer"
        ]
        begun = await run(client, id, reason="the year is over")
        assert begun["problems"] == []
        last = await until_ended(client, id)
        assert (last["state"], last["progress"]) == ("DONE", 1.0)
        assert last["counts"] == {"total": 1204, "done": 1198, "refused": 6, "left": 0}
        await _look_at_the_six(client, id, held)
        async with looking(served) as database:
            by = await database.fetch(
                "select actor, channel, reason, count(*) from events where type = 'ARCHIVED' group by 1, 2, 3"
            )
            archived = await database.fetchval("select count(*) from executions where archived")
        assert [tuple(row) for row in by] == [("user:admin", "API", "the year is over", 1198)]
        assert archived == 1198
        (entry,) = await acts(client, action=["RUN_BULK"])
        assert (entry["target"], entry["targetName"]) == (id, "ARCHIVE of 1204 executions")
        assert (entry["reason"], entry["namespace"]) == ("the year is over", "many")
        assert entry["data"]["set"] == {"where": {"namespace": {"eq": "many"}}}
        assert (entry["data"]["mode"], entry["data"]["total"]) == ("EACH", 1204)
        go.touch()
        for id in held:
            assert (await client.until_ended(id))["state"] == "SUCCESS"
        await verify(served.database_url)


async def _look_at_the_six(client: Client, id: str, held: list[str]) -> None:
    query = """query ($id: ID!, $after: String) { bulk(id: $id) { results(outcome: REFUSED, first: 4, after: $after) {
      nodes { executionId problem { code message } } pageInfo { hasNextPage endCursor } totalCount { value } } }
      node(id: $id) { id ... on Bulk { state } } }"""
    first = await client.post(query, id=id)
    page = first["bulk"]["results"]
    rest = (await client.post(query, id=id, after=page["pageInfo"]["endCursor"]))["bulk"]["results"]
    assert (len(page["nodes"]), page["totalCount"]["value"]) == (4, 6)
    assert not rest["pageInfo"]["hasNextPage"]
    refused = page["nodes"] + rest["nodes"]
    assert {one["executionId"] for one in refused} == set(held)
    assert {one["problem"]["code"] for one in refused} == {"INVALID_STATE"}
    assert first["node"] == {"id": id, "state": "DONE"}


async def test_together_is_all_or_none(client: Client, served: Served, tmp_path: Path) -> None:
    good = await ended(client, "together", 5)
    running = (await client.run(HELD.format(namespace="together", go=tmp_path / "go")))["id"]
    await client.until(running, a="RUNNING")
    name = (await client.show(running))["name"]
    found = await preview(client, "ARCHIVE", ids=[*good, running])
    before = await stored(served, "together")
    refused = await run(client, found["id"], "ATOMIC")
    assert refused["bulk"] is None
    assert [(one["code"], one["path"]) for one in refused["problems"]] == [
        ("INVALID_STATE", ["executions", running])
    ]
    assert refused["problems"][0]["message"].startswith(f"{name}: only an execution that has ended")
    assert await stored(served, "together") == before
    assert await acts(client, action=["RUN_BULK"], namespace="together") == []

    found = await preview(client, "ARCHIVE", ids=good)
    payload = await run(client, found["id"], "ATOMIC", reason="all of them")
    assert (payload["problems"], payload["bulk"]["state"]) == ([], "DONE")
    assert payload["bulk"]["counts"] == {"total": 5, "done": 5, "refused": 0, "left": 0}
    async with looking(served) as database:
        written = await database.fetch(
            """select xmin::text, reason, count(*) from events where type = 'ARCHIVED' and execution_id in
                 (select id from executions where namespace = 'together') group by 1, 2"""
        )
        (of_set,) = await database.fetch(
            "select xmin::text from bulk_sets where namespace = 'together' and state = 'DONE'"
        )
    assert [(row["reason"], row["count"]) for row in written] == [("all of them", 5)]
    assert written[0]["xmin"] == of_set["xmin"], "one transaction, the set's end included"
    (entry,) = await acts(client, action=["RUN_BULK"], namespace="together")
    assert entry["target"] == found["id"]
    (tmp_path / "go").touch()
    await client.until_ended(running)


async def test_a_change_after_the_preview_refuses_all_and_is_checked_again_for_each(
    client: Client, served: Served
) -> None:
    ids = await ended(client, "stale", 4)
    found = await preview(client, "ARCHIVE", ids=ids)
    changed = await client.mutate("changeState", id=ids[1], state="FAILED", reason="it was wrong")
    assert changed["problems"] == []
    await mutate(client, "archiveExecutions", "executions { id }", "ManyInput", ids=[ids[2]])
    before = await stored(served, "stale")
    refused = await run(client, found["id"], "ATOMIC")
    assert {(one["code"], one["path"][1]) for one in refused["problems"]} == {
        ("CONFLICT", ids[1]),
        ("INVALID_STATE", ids[2]),
    }
    assert await stored(served, "stale") == before

    await _expire(served, "stale")
    refused = await run(client, found["id"], "ATOMIC")
    assert [(one["code"], one["path"]) for one in refused["problems"]] == [
        ("CONFLICT", ["previewId"])
    ]
    assert "expired at" in refused["problems"][0]["message"]
    assert await stored(served, "stale") == before

    assert (await run(client, found["id"]))["problems"] == []
    last = await until_ended(client, found["id"])
    assert last["counts"] == {"total": 4, "done": 3, "refused": 1, "left": 0}
    outcomes = await results(client, found["id"])
    assert [outcomes[id]["outcome"] for id in ids] == ["DONE", "DONE", "REFUSED", "DONE"]
    assert outcomes[ids[2]]["problem"]["code"] == "INVALID_STATE"


async def _expire(served: Served, namespace: str) -> None:
    async with looking(served) as database:
        await database.execute(
            "update bulk_sets set expires_at = now() - interval '1 second' where namespace = $1",
            namespace,
        )


@pytest.mark.timeout(240)
async def test_a_server_killed_in_the_middle_leaves_the_rest_to_the_next_one(
    tmp_path: Path,
) -> None:
    served = start(tmp_path / "data")
    client = Client(served.url, served.token, timeout=60)
    ids = await idle(client, "killed", 1000)
    found = await preview(client, "ADD_NOTE", where={"namespace": {"eq": "killed"}}, text="seen")
    assert (await run(client, found["id"], reason="look"))["problems"] == []
    await until_moving(client, found["id"])
    served.kill()
    served = start(tmp_path / "data", port=served.port)
    try:
        now = (
            await client.post(
                f"query ($id: ID!) {{ bulk(id: $id) {{ {COUNTS} }} }}", id=found["id"]
            )
        )["bulk"]
        assert now["state"] == "RUNNING"
        assert 0 < now["counts"]["done"] < 1000
        last = await until_ended(client, found["id"])
        assert (last["state"], last["counts"]["done"]) == ("DONE", 1000)
        async with looking(served) as database:
            notes = await database.fetch("select execution_id, count(*) from notes group by 1")
        assert ([row["count"] for row in notes], len(ids)) == ([1] * 1000, 1000)
        assert len(await acts(client, action=["RUN_BULK"])) == 1
        await verify(served.database_url)
    finally:
        served.stop()


@pytest.mark.timeout(120)
async def test_a_cancelled_bulk_action_leaves_the_rest_unchanged(
    client: Client, served: Served
) -> None:
    await idle(client, "stopped", 2000)
    found = await preview(client, "ADD_NOTE", where={"namespace": {"eq": "stopped"}}, text="seen")
    await run(client, found["id"])
    await until_moving(client, found["id"])
    what = f"bulk {{ {COUNTS} cancelledBy {{ name }} }}"
    payload = await mutate(
        client, "cancelBulk", what, "CancelBulkInput", id=found["id"], reason="enough"
    )
    stopped = payload["bulk"]
    assert (payload["problems"], stopped["state"]) == ([], "CANCELLED")
    assert stopped["cancelledBy"] == {"name": "admin"}
    counts = stopped["counts"]
    assert 0 < counts["done"] < 2000
    assert counts["done"] + counts["left"] == 2000
    assert (await until_ended(client, found["id"]))["counts"] == counts
    async with looking(served) as database:
        notes = await database.fetchval(
            "select count(*) from notes n join executions e on e.id = n.execution_id where e.namespace = 'stopped'"
        )
    assert notes == counts["done"]
    (entry,) = await acts(client, action=["CANCEL_BULK"], namespace="stopped")
    assert (entry["target"], entry["reason"]) == (found["id"], "enough")
    again = await mutate(client, "cancelBulk", what, "CancelBulkInput", id=found["id"])
    assert [(one["code"], one["message"]) for one in again["problems"]] == [
        ("INVALID_STATE", "only a RUNNING bulk action can be cancelled; this one is CANCELLED")
    ]


async def test_two_concurrent_bulk_actions_on_one_set_change_each_row_once(client: Client) -> None:
    ids = await ended(client, "twice", 60)
    first, second = [await preview(client, "ARCHIVE", ids=ids) for _ in range(2)]
    await asyncio.gather(*(run(client, one["id"]) for one in (first, second)))
    await asyncio.gather(*(until_ended(client, one["id"]) for one in (first, second)))
    outcomes = [await results(client, one["id"]) for one in (first, second)]
    assert all({one[id]["outcome"] for one in outcomes} == {"DONE", "REFUSED"} for id in ids)

    third = await preview(client, "UNARCHIVE", ids=ids)
    same = await asyncio.gather(
        *(run(client, third["id"], "ATOMIC", idempotencyKey="once") for _ in range(3))
    )
    assert [(one["problems"], one["bulk"]["counts"]["done"]) for one in same] == [([], 60)] * 3
    assert len(await acts(client, action=["RUN_BULK"], namespace="twice")) == 3
    other = await run(client, third["id"], "EACH", idempotencyKey="once")
    without = await run(client, third["id"], "ATOMIC")
    assert [one["problems"][0]["code"] for one in (other, without)] == [
        "IDEMPOTENCY_CONFLICT",
        "CONFLICT",
    ]
    fourth = await preview(client, "ARCHIVE", ids=ids)
    used = await run(client, fourth["id"], "EACH", idempotencyKey="once")
    assert [one["code"] for one in used["problems"]] == ["IDEMPOTENCY_CONFLICT"]
