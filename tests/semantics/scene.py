"""Helpers of the tests in this folder: flows, actions by name, people, and deferred commands that run on request."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from models.ids import untyped
from runner.notify.notifier import CHANNEL, pack
from runner.store.postgres.connection import Connection
from tests.api.client import EXECUTION, PROBLEM, Client
from tests.api.people import enrolled
from tests.api.servers import Served

_KINDS = {
    "pauseExecution": "ActionInput",
    "resumeExecution": "ActionInput",
    "forceRun": "ActionInput",
    "approve": "DecideInput",
    "reject": "DecideInput",
}
EVENTS = """seq type at fromState toState attempt reason causedBy terminal channel
  actor { kind name } taskRun { key } data"""
PLAN = "plan { tasks { key plan why isNew reusedFrom { id } } }"
RUN = f"execution {{ {EXECUTION} }}"


def flow(id: str, tasks: str, head: str = "") -> str:
    """Returns a document in the namespace `semantics`; `head` has the keys before its tasks."""
    return f"id: {id}\nnamespace: semantics\n{head}tasks:\n{tasks}"


def held(id: str, go: Path, more: str = "") -> str:
    """Returns a task that runs until `go` exists."""
    run = '"until [ -e \\"$GO\\" ]; do sleep 0.02; done"'
    return f'  - {{id: {id}, type: shell, run: {run}, env: {{GO: "{go}"}}{more and ", " + more}}}\n'


def deaf(id: str, go: Path, more: str = "") -> str:
    """Returns such a task that ignores SIGTERM from `until_up` on."""
    return held(id, go, more).replace("until [", "trap '' TERM; touch $GO.up; until [")


async def until_up(go: Path) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(go.with_name("go.up").exists):
            pass


async def act(client: Client, name: str, what: str = RUN, **input: Any) -> dict[str, Any]:
    """Returns the payload of a mutation."""
    kind = _KINDS.get(name, f"{name[0].upper()}{name[1:]}Input")
    query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {what} {PROBLEM} }} }}"
    payload: dict[str, Any] = (await client.post(query, input=input))[name]
    return payload


async def does(client: Client, name: str, what: str = RUN, **input: Any) -> dict[str, Any]:
    """Returns the payload of a mutation that has to succeed."""
    payload = await act(client, name, what, **input)
    assert payload["problems"] == []
    return payload


async def acted(client: Client, name: str, **input: Any) -> dict[str, Any]:
    """Returns the execution after an action that has to succeed."""
    execution: dict[str, Any] = (await does(client, name, **input))["execution"]
    return execution


async def refused(
    client: Client, name: str, what: str = RUN, of: str | None = None, **input: Any
) -> dict[str, Any]:
    """Returns the only problem of an action, after checking that the execution `of` (its `id`) has not changed."""
    id = of or input.get("id")
    before = await client.show(id) if id else None
    payload = await act(client, name, what, **input)
    (problem,) = payload["problems"]
    if id:
        assert await client.show(id) == before
    refusal: dict[str, Any] = problem
    return refusal


async def ended(client: Client, source: str, **input: Any) -> dict[str, Any]:
    """Runs an execution of this flow to its end."""
    return await client.until_ended((await client.run(source, **input))["id"])


async def waits(client: Client, source: str, key: str = "w") -> str:
    """Returns the id of an execution of this flow in which only the task `key` waits for its event."""
    id = str((await client.run(source))["id"])
    query = "subscription ($id: ID!) { execution(id: $id) { taskRuns { key message } } }"
    async with client.subscribe(query, id=id) as messages:
        async for data in messages:
            said = {run["key"]: run["message"] for run in data["execution"]["taskRuns"]}
            if said.get(key):
                break
    return id


async def read(client: Client, id: str, what: str) -> dict[str, Any]:
    data = await client.post(f"query ($id: ID!) {{ execution(id: $id) {{ {what} }} }}", id=id)
    found: dict[str, Any] = data["execution"]
    return found


async def child_of(client: Client, id: str, but: int = 0) -> str:
    """Waits for the execution that its subflow starts; returns its id. `but` is the number of earlier children."""
    async with asyncio.timeout(20):
        while len(children := (await read(client, id, "children { id }"))["children"]) <= but:
            pass
    return max(str(child["id"]) for child in children)


async def events(client: Client, id: str, type: str | None = None) -> list[dict[str, Any]]:
    """Returns the execution's events; those of one type, if it is given."""
    found = (await read(client, id, f"events(first: 200) {{ {EVENTS} }}"))["events"]
    return [event for event in found if type is None or event["type"] == type]


async def moves(client: Client, id: str, key: str | None = None) -> list[str]:
    """Returns the states that the execution, or one of its task runs, went through."""
    return [
        event["toState"]
        for event in await events(client, id)
        if event["toState"] and (event["taskRun"] or {}).get("key") == key
    ]


def codes(waiting: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Returns each reason's code in `waitingFor` and the task run that it is about."""
    return [(one["code"], (one["taskRun"] or {}).get("key")) for one in waiting["waitingFor"]]


WAITING = "waitingFor { code message until taskRun { key } }"


@dataclass
class Tables:
    """Reads the tables of the server, and makes deferred commands due."""

    connection: Connection

    async def make_due(self, id: str, kind: str, what: str | None = None) -> None:
        """Makes those of an execution due now instead of at their time."""
        done = await self.connection.execute(
            """update deferred_commands set due_at = clock_timestamp() where execution_id = $1
               and command ->> 'kind' = $2 and ($3::text is null or command ->> 'what' = $3)""",
            untyped("exec", id),
            kind,
            what,
        )
        assert done != "UPDATE 0", f"no {kind} is deferred"
        for message in pack("tests", ["d"]):
            await self.connection.execute("select pg_notify($1, $2)", CHANNEL, message)

    async def pending(self, id: str) -> list[str]:
        rows = await self.connection.fetch(
            "select command ->> 'kind' as kind from deferred_commands where execution_id = $1 order by 1",
            untyped("exec", id),
        )
        return [row["kind"] for row in rows]

    async def until_none_pending(self, id: str) -> None:
        """Waits until the execution has no deferred commands."""
        async with asyncio.timeout(10):
            while await self.pending(id):
                pass

    async def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.connection.fetch(query, *values)]


class People:
    """Creates people by name, each with one role."""

    def __init__(self, served: Served) -> None:
        self._served = served

    async def __call__(self, name: str, role: str = "approver") -> Client:
        async with asyncpg.create_pool(self._served.database_url, min_size=1, max_size=1) as pool:
            await pool.execute(
                """delete from role_grants where principal_id in (select id from principals where name = $1)""",
                name,
            )
            return Client(self._served.url, await enrolled(pool, name, role))
