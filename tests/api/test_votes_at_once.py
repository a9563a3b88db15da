"""Many people vote at the same moment, through two processes: each request is decided once, and all get the same
result."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from models.ids import untyped
from tests.api.client import Client, states, task
from tests.api.people import person
from tests.api.servers import Served

ROUNDS = 8
FLOW = """id: {id}
namespace: votes
tasks:
  - {{id: gate, type: approval, required: {required}, roles: [approver, admin]}}
  - {{id: after, type: log, message: x, needs: [gate]}}
"""
DELETE = "mutation ($id: ID!) { deleteExecutions(input: {ids: [$id]}) { problems { code } } }"


@pytest.fixture
async def pool(served: Served) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=4) as pool:
        yield pool


async def crowd(pool: asyncpg.Pool, *doors: Client, size: int) -> list[Client]:
    """Returns as many people, each at one of the servers in turn."""
    return [await person(pool, doors[number % len(doors)]) for number in range(size)]


async def waiting_execution(client: Client, flow: str) -> tuple[str, str]:
    """Creates an execution that waits for approval; returns its id and the id of its request."""
    id: str = (await client.create(f"votes/{flow}"))["id"]
    waiting = await client.until(id, gate="WAITING_FOR_APPROVAL")
    return id, task(waiting, "gate")["approval"]["id"]


def codes(payloads: list[dict[str, Any]]) -> Counter[str]:
    return Counter(p["problems"][0]["code"] if p["problems"] else "DONE" for p in payloads)


async def votes_of(pool: asyncpg.Pool, request: str) -> list[Any]:
    key = untyped("appr", request)
    stored: list[Any] = await pool.fetch("select * from votes where approval_id = $1", key)
    stored_votes = await pool.fetchval(
        "select count(*) from events where type = 'APPROVAL_VOTED' and execution_id ="
        " (select execution_id from approvals where id = $1)",
        key,
    )
    assert stored_votes == len(stored)
    return stored


async def test_a_concurrent_approval_and_rejection_decide_once(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    await client.save(FLOW.format(id="one", required=1))
    yes, no = await crowd(pool, client, second_server.client, size=2)
    for _ in range(ROUNDS):
        id, request = await waiting_execution(client, "one")
        approved, rejected = await asyncio.gather(
            yes.mutate("approve", approvalId=request), no.mutate("reject", approvalId=request)
        )
        assert codes([approved, rejected]) == {"DONE": 1, "ALREADY_DECIDED": 1}
        won = "REJECTED" if approved["problems"] else "APPROVED"
        ((late,),) = (answer["problems"] for answer in (approved, rejected) if answer["problems"])
        assert late["request"] == {"id": request, "state": won}
        ended = await client.until_ended(id)
        assert ended["state"] == ("SUCCESS" if won == "APPROVED" else "REJECTED")
        assert task(ended, "gate")["outputs"]["decision"] == won
        assert len(await votes_of(pool, request)) == 1


async def test_two_of_five_concurrent_voters_make_the_quorum(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    await client.save(FLOW.format(id="two", required=2))
    five = await crowd(pool, client, second_server.client, size=5)
    for _ in range(ROUNDS):
        id, request = await waiting_execution(client, "two")
        answers = await asyncio.gather(
            *(voter.mutate("approve", approvalId=request) for voter in five)
        )
        assert codes(answers) == {"DONE": 2, "ALREADY_DECIDED": 3}
        ended = await client.until_ended(id)
        stored = await votes_of(pool, request)
        approvers = task(ended, "gate")["outputs"]["approvers"]
        assert sorted(approvers) == sorted(vote["actor"] for vote in stored)
        assert len(approvers) == 2


async def test_one_key_sent_ten_times_at_once_is_one_vote(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    await client.save(FLOW.format(id="two", required=2))
    id, request = await waiting_execution(client, "two")
    (here,) = await crowd(pool, client, size=1)
    there = Client(second_server.url, here.token)
    answers = await asyncio.gather(
        *(
            door.mutate("approve", approvalId=request, idempotencyKey="mine")
            for door in (here, there) * 5
        )
    )
    assert codes(answers) == {"DONE": 10}
    assert len(await votes_of(pool, request)) == 1
    assert (await client.show(id))["state"] == "WAITING_FOR_APPROVAL"
    await client.mutate("reject", approvalId=request)
    assert (await client.until_ended(id))["state"] == "REJECTED"


async def test_one_person_without_a_key_votes_once(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    await client.save(FLOW.format(id="two", required=2))
    id, request = await waiting_execution(client, "two")
    (here,) = await crowd(pool, client, size=1)
    there = Client(second_server.url, here.token)
    answers = await asyncio.gather(
        *(door.mutate("approve", approvalId=request) for door in (here, there) * 5)
    )
    assert codes(answers) == {"DONE": 1, "ALREADY_VOTED": 9}
    assert len(await votes_of(pool, request)) == 1
    await client.mutate("approve", approvalId=request)
    assert states(await client.until_ended(id)) == {"gate": "SUCCESS", "after": "SUCCESS"}


async def test_a_vote_and_a_cancel_at_once_leave_one_story(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    await client.save(FLOW.format(id="one", required=1))
    (voter,) = await crowd(pool, second_server.client, size=1)
    for _ in range(ROUNDS):
        id, request = await waiting_execution(client, "one")
        voted, cancelled = await asyncio.gather(
            voter.mutate("approve", approvalId=request), client.mutate("cancelExecution", id=id)
        )
        ended = await client.until_ended(id)
        gate = task(ended, "gate")
        if voted["problems"]:
            assert voted["problems"][0]["request"] == {"id": request, "state": "CANCELLED"}
            assert (ended["state"], gate["state"]) == ("KILLED", "KILLED")
            assert await votes_of(pool, request) == []
        else:
            assert gate["state"] == "SUCCESS"
            assert len(await votes_of(pool, request)) == 1
            lost = [problem["code"] for problem in cancelled["problems"]]
            assert lost == (["INVALID_STATE"] if ended["state"] == "SUCCESS" else [])


async def test_a_late_vote_and_a_deletion_at_once_are_both_answered(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    await client.save(FLOW.format(id="one", required=1))
    (voter,) = await crowd(pool, second_server.client, size=1)
    made = [await waiting_execution(client, "one") for _ in range(ROUNDS)]
    for _, request in made:
        await client.mutate("reject", approvalId=request)
    for id, request in made:
        await client.until_ended(id)
        async with asyncio.TaskGroup() as group:
            voted = group.create_task(voter.mutate("approve", approvalId=request))
            group.create_task(client.post(DELETE, id=id))
        assert set(codes([voted.result()])) <= {"ALREADY_DECIDED", "NOT_FOUND"}
