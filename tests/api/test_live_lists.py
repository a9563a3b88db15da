"""Live lists of any filter and order, when folded, equal a query: after any changes, disconnects and resumes."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import pytest

from tests.api.client import PROBLEM, Client
from tests.api.live_list import Follower
from tests.api.servers import Served

ROUNDS = int(os.environ.get("HEADWAY_ROUNDS", "15"))
FLOW = """id: {key}
namespace: {namespace}
tasks:
  - {{id: a, type: log, message: a}}
  - {{id: held, type: wait, event: go, needs: [a]}}
"""
LISTS: tuple[dict[str, Any], ...] = (
    {"first": 4},
    {"first": 100},
    {"first": 3, "orderBy": "CREATED_ASC"},
    {"first": 3, "search": "is:running", "orderBy": "STARTED_ASC"},
    {"first": 5, "search": "not is:running", "orderBy": "ENDED_DESC"},
    {"first": 4, "search": "label.shade:dark or flow:one", "orderBy": "STATE_ASC"},
    {"first": 50, "search": "not label.shade:dark", "orderBy": "FLOW_DESC"},
    {"first": 50, "search": "label.shade:dark"},
    {"first": 7, "search": "is:running label.shade:light", "orderBy": "CREATED_ASC"},
    {"first": 4, "orderBy": "PROGRESS_DESC"},
    {"first": 4, "orderBy": "DURATION_DESC"},
    {"first": 3, "search": "is:archived"},
    {"first": 10, "search": "started<-2s"},
    {"first": 5, "search": "metric.loss>1"},
    {"first": 5, "search": "has:notes"},
    {"first": 5, "search": "error:*"},
    {"first": 4, "orderByValue": {"column": "metric.loss", "direction": "ASC"}},
    {"first": 50, "orderByValue": {"column": "property.lr", "direction": "DESC"}},
    {"first": 4, "orderByValue": {"column": "property.lr", "direction": "ASC"}},
    {
        "first": 5,
        "orderByValue": {"column": "label.shade", "direction": "DESC"},
        "search": "is:running",
    },
)


@asynccontextmanager
async def following(*followers: Follower) -> AsyncIterator[None]:
    """Runs a follower; the test fails when the follower does."""
    with suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.follow()) for each in followers]
            yield
            for task in tasks:
                task.cancel()


class Acts:
    """A person who does anything to the executions of one namespace, at one of two processes."""

    def __init__(self, random: Random, doors: list[Client], namespace: str) -> None:
        self.random, self.doors, self.namespace = random, doors, namespace
        self.ids: list[str] = []
        self.measured = 0

    async def save(self) -> None:
        for key in ("one", "two"):
            await self.doors[0].save(FLOW.format(key=key, namespace=self.namespace))

    async def act(self) -> str:
        """The names of the actions that were done."""
        client = self.random.choice(self.doors)
        act = self.random.choice(
            (self.create, self.create, self.end, self.end, self.label, self.archive, self.delete,
             self.pause, self.measure, self.measure, self.set_property, self.set_property, self.note)
        )  # fmt: skip
        if len(self.ids) < 4:
            act = self.create
        await act(client)
        return act.__name__

    async def create(self, client: Client) -> None:
        key = self.random.choice(("one", "two"))
        labels = [{"key": "shade", "value": self.random.choice(("dark", "light"))}]
        made = await client.create(f"{self.namespace}/{key}", labels=labels)
        self.ids.append(made["id"])

    async def end(self, client: Client) -> None:
        id = self.random.choice(self.ids)
        if self.random.random() < 0.4:
            await self._do(client, "cancelExecution", "CancelExecutionInput", id=id)
        else:
            await self._do(client, "sendEvent", "SendEventInput", name="go", executionId=id)

    async def label(self, client: Client) -> None:
        labels = [{"key": "shade", "value": self.random.choice(("dark", "light"))}]
        id = self.random.choice(self.ids)
        await self._do(client, "setLabels", "SetLabelsInput", id=id, labels=labels)

    async def archive(self, client: Client) -> None:
        name = self.random.choice(("archiveExecutions", "unarchiveExecutions"))
        await self._do(client, name, "ManyInput", ids=self.random.sample(self.ids, 2))

    async def delete(self, client: Client) -> None:
        """Returns the action with ended executions only."""
        ids = self.random.sample(self.ids, 2)
        await self._do(client, "deleteExecutions", "DeleteExecutionsInput", ids=ids)

    async def pause(self, client: Client) -> None:
        name = self.random.choice(("pauseExecution", "resumeExecution"))
        await self._do(client, name, "ActionInput", id=self.random.choice(self.ids))

    async def note(self, client: Client) -> None:
        id = self.random.choice(self.ids)
        await self._do(client, "addNote", "AddNoteInput", id=id, text="seen")

    async def measure(self, client: Client) -> None:
        """Records an external run, one of few; its metrics are recorded without a notification."""
        key = f"{self.namespace}.{self.random.randrange(4)}"
        recorded = await client.post(
            f"""mutation ($input: RecordExecutionInput!) {{
              recordExecution(input: $input) {{ execution {{ id }} {PROBLEM} }} }}""",
            input={"namespace": self.namespace, "pipeline": "elsewhere", "idempotencyKey": key},
        )
        id = recorded["recordExecution"]["execution"]["id"]
        self.measured += 1
        at = f"2026-01-01T00:00:00.{self.measured:06}Z"
        metrics = [{"name": "loss", "value": self.random.choice((0.5, 2.0, 7.0)), "at": at}]
        await self._do(
            client, "recordMetrics", "RecordMetricsInput", executionId=id, metrics=metrics
        )

    async def set_property(self, client: Client) -> None:
        properties = {"lr": self.random.choice((1, 2.5, "3", "wide", True, None, [1]))}
        id = self.random.choice(self.ids)
        await self._do(
            client,
            "recordProperties",
            "RecordPropertiesInput",
            executionId=id,
            properties=properties,
        )

    async def _do(self, client: Client, mutation: str, kind: str, /, **input: Any) -> None:
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {PROBLEM} }} }}"
        await client.post(query, input=input)


@pytest.mark.timeout(180)
async def test_folded_changes_equal_a_query(
    client: Client, served: Served, second_server: Served
) -> None:
    seed = int(os.environ.get("HEADWAY_SEED", time.time_ns() % 10**9))
    random, namespace = Random(seed), f"lists.x{seed}"
    acts = Acts(random, [client, second_server.client], namespace)
    await acts.save()
    followers = []
    for n, variables in enumerate(LISTS):
        search = (
            f"namespace:{namespace} ({variables['search']})"
            if "search" in variables
            else f"namespace:{namespace}"
        )
        door = (client, second_server.client)[n % 2]
        followers.append(Follower(door, Random(seed + n), {**variables, "search": search}))
    done: list[str] = []
    try:
        async with following(*followers):
            for _ in range(ROUNDS):
                done += [await acts.act() for _ in range(random.randint(1, 4))]
                await asyncio.gather(*(follower.catches_up() for follower in followers))
    except BaseException as error:
        error.add_note(f"HEADWAY_SEED={seed} {done}")
        raise
    assert sum(follower.resumed for follower in followers) > 5
    assert [follower.resets for follower in followers] == [1] * len(followers)
