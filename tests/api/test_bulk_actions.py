"""Each bulk action does to every execution what the action does to one."""

from pathlib import Path
from typing import Any

from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_bulk import HELD, do, ended, idle, looking, preview, results, run, until_ended

FAILING = """id: failing
namespace: {}
tasks:
  - {{id: a, type: shell, run: "exit 3"}}
"""
WITH_APPROVAL = """id: asking
namespace: bulk.votes
tasks:
  - {id: ok, type: approval, message: go}
"""


def outcomes(items: dict[str, Any]) -> list[str]:
    return [one["outcome"] for one in items.values()]


async def test_held_ones_are_paused_resumed_and_cancelled(client: Client, tmp_path: Path) -> None:
    await client.save(HELD.format(namespace="bulk.held", go=tmp_path / "never"))
    ids = [(await client.create("bulk.held/held"))["id"] for _ in range(2)]
    for id in ids:
        await client.until(id, a="RUNNING")
    assert outcomes(await do(client, "PAUSE", ids)) == ["DONE"] * 2
    assert {(await client.show(id))["state"] for id in ids} == {"PAUSED"}
    assert outcomes(await do(client, "RESUME", ids)) == ["DONE"] * 2
    assert outcomes(await do(client, "CANCEL", ids, force=True, reason="stop")) == ["DONE"] * 2
    assert {(await client.until_ended(id))["state"] for id in ids} == {"KILLED"}


async def test_scheduled_ones_are_forced_labelled_and_noted(client: Client) -> None:
    ids = await idle(client, "bulk.idle", 2)
    labels = [{"key": "team", "value": "data"}]
    assert outcomes(await do(client, "SET_LABELS", ids, labels=labels)) == ["DONE"] * 2
    assert [(await client.show(id))["labels"] for id in ids] == [labels] * 2
    assert (
        outcomes(await do(client, "SET_LABELS", ids, labels=labels, mode="REMOVE")) == ["DONE"] * 2
    )
    assert [(await client.show(id))["labels"] for id in ids] == [[]] * 2
    assert outcomes(await do(client, "FORCE_RUN", ids)) == ["DONE"] * 2
    assert [(await client.until_ended(id))["state"] for id in ids] == ["SUCCESS"] * 2


async def test_failed_ones_are_restarted_replayed_and_corrected(client: Client) -> None:
    await client.save(FAILING.format("bulk.failing"))
    ids = [(await client.create("bulk.failing/failing"))["id"] for _ in range(2)]
    for id in ids:
        assert (await client.until_ended(id))["state"] == "FAILED"
    items = await do(client, "RETRY_FAILED", ids)
    assert outcomes(items) == ["REFUSED"] * 2
    assert outcomes(await do(client, "RESTART", ids)) == ["DONE"] * 2
    for id in ids:
        await client.until(id, state="FAILED")
        assert len((await client.show(id))["taskRuns"][0]["attempts"]) == 2
    items = await do(client, "REPLAY", ids, revision="LATEST", reason="again")
    replays = {id: one["started"]["id"] for id, one in items.items()}
    assert len(set(replays.values()) | set(ids)) == 4
    for id, replay in replays.items():
        await client.until_ended(replay)
        query = (
            "query ($id: ID!) { execution(id: $id) { replayOf { id } stateHistory { reason } } }"
        )
        found = (await client.post(query, id=replay))["execution"]
        assert found["replayOf"] == {"id": id}
    found = await preview(client, "CHANGE_STATE", ids=ids, state="SUCCESS")
    refused = await run(client, found["id"])
    assert [(one["code"], one["path"]) for one in refused["problems"]] == [
        ("VALIDATION", ["reason"])
    ]
    assert (
        outcomes(await do(client, "CHANGE_STATE", ids, state="SUCCESS", reason="known"))
        == ["DONE"] * 2
    )
    assert {(await client.show(id))["state"] for id in ids} == {"SUCCESS"}


async def test_replays_together_are_all_or_none(client: Client, served: Served) -> None:
    await client.save(FAILING.format("bulk.replays"))
    ids = [(await client.create("bulk.replays/failing"))["id"] for _ in range(3)]
    for id in ids:
        await client.until_ended(id)
    stale = await preview(client, "REPLAY", ids=ids)
    await client.mutate("changeState", id=ids[0], state="SUCCESS", reason="known")
    refused = await run(client, stale["id"], "ATOMIC")
    assert [(one["code"], one["path"][1]) for one in refused["problems"]] == [("CONFLICT", ids[0])]
    async with looking(served) as database:
        sql = "select count(*) from executions where namespace = 'bulk.replays'"
        assert await database.fetchval(sql) == 3
    fresh = await preview(client, "REPLAY", ids=ids)
    payload = await run(client, fresh["id"], "ATOMIC")
    assert (payload["problems"], payload["bulk"]["counts"]["done"]) == ([], 3)
    for one in (await results(client, fresh["id"])).values():
        await client.until_ended(one["started"]["id"])


async def test_requests_are_decided(client: Client) -> None:
    await client.save(WITH_APPROVAL)
    ids = [(await client.create("bulk.votes/asking"))["id"] for _ in range(3)]
    for id in ids:
        await client.until(id, state="WAITING_FOR_APPROVAL")
    assert outcomes(await do(client, "APPROVE", ids[:2], reason="fine")) == ["DONE"] * 2
    assert outcomes(await do(client, "REJECT", ids[2:])) == ["DONE"]
    states = [(await client.until_ended(id))["state"] for id in ids]
    assert states == ["SUCCESS", "SUCCESS", "REJECTED"]
    items = await do(client, "APPROVE", ids[:1])
    assert items[ids[0]]["problem"]["code"] == "INVALID_STATE"


async def test_executions_deleted_in_bulk_keep_their_names_in_the_results(client: Client) -> None:
    ids = await ended(client, "bulk.gone", 2)
    name = (await client.show(ids[0]))["name"]
    found = await preview(client, "DELETE", ids=ids, logs=False)
    await mutate_deleted(client, ids[1])
    assert (await run(client, found["id"]))["problems"] == []
    await until_ended(client, found["id"])
    items = await results(client, found["id"])
    assert (items[ids[0]]["name"], items[ids[0]]["outcome"], items[ids[0]]["execution"]) == (
        name,
        "DONE",
        None,
    )
    assert items[ids[1]]["problem"] == {"code": "NOT_FOUND", "message": "no such execution"}


async def mutate_deleted(client: Client, id: str) -> None:
    await client.post(
        "mutation ($id: ID!) { deleteExecutions(input: {ids: [$id]}) { deleted } }", id=id
    )
