"""Following an execution by its changes: what was folded is what a query gives, whatever happens to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random

from tests.api.client import Client
from tests.api.followed import Follower
from tests.api.servers import Served

EACH = """id: each
namespace: followed
tasks:
  - id: each
    type: foreach
    items: [a, b, c, d]
    max_parallel: 2
    tasks:
      - {id: say, type: log, message: "{{ item }}"}
      - {id: fail, type: fail, when: "{{ index == 2 }}", needs: [say]}
  - {id: end, type: log, message: done, needs: [each]}
"""


@asynccontextmanager
async def following(*followers: Follower) -> AsyncIterator[None]:
    """A follower that fails fails the test."""
    with suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.follow()) for each in followers]
            yield
            for task in tasks:
                task.cancel()


async def test_a_foreach_that_fails_and_is_restarted(client: Client, beside: Served) -> None:
    execution = await client.run(EACH)
    doors = [client, beside.client]
    followers = [Follower(doors, Random(seed), execution["id"], seed / 4) for seed in range(3)]
    async with following(*followers):
        await client.until_ended(execution["id"])
        for follower in followers:
            await follower.catches_up()
        await client.mutate("restartExecution", id=execution["id"])
        for follower in followers:
            await follower.catches_up()
        await client.until_ended(execution["id"])
        for follower in followers:
            await follower.catches_up()
