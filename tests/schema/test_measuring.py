"""Comparisons and statistics cover what their viewer may see; live statistics cost nothing while nothing changes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from models.access.viewer import Permission, Scope, Viewer
from models.errors import ProblemCode
from models.filters.filters import EVERYTHING as ALL
from models.ids import typed
from runner.store.postgres.connection import Pool
from schema.comparison.queries import watch_stats
from schema.context import Context
from server.app import POLICIES, create_operations
from server.graphql.fanout import Fanout, SharedSubscription
from server.graphql.requests import Request
from server.graphql.stream import Message
from tests.schema.test_bulk import EVERYTHING, MINE, Asker, asker

__all__ = ["asker"]

COMPARE = "query ($ids: [ID!]!) { compareExecutions(ids: $ids) { executions { id } } }"
STATS = """{ executionStats(since: "2026-01-01T00:00:00Z", bucket: WEEK) {
  total flows { namespace total } buckets { total } } }"""
LIVE = "subscription { stats { states { state count { value } } } }"
SCOPES = [(MINE, 2), (Scope(("theirs",)), 1), (Scope(("nobodys",)), 0), (Scope(), 4)]


async def four(asker: Asker) -> dict[str, str]:
    """Creates one execution in each namespace."""
    names = ("mine", "mine.below", "minefield", "theirs")
    return {name: typed("exec", await asker.create(name)) for name in names}


async def test_hidden_executions_cannot_be_compared(asker: Asker) -> None:
    ids = await four(asker)
    seen = [ids["mine"], ids["mine.below"]]
    found = await asker.post(COMPARE, ids=seen)
    assert [one["id"] for one in found["compareExecutions"]["executions"]] == seen
    for name in ("minefield", "theirs"):
        with pytest.raises(AssertionError, match=f"no execution {ids[name]}"):
            await asker.post(COMPARE, ids=[ids["mine"], ids[name]])
    with pytest.raises(AssertionError, match="VIEW_EXECUTION"):
        await asker.post(COMPARE, permissions=EVERYTHING - {Permission.VIEW_EXECUTION}, ids=seen)


@pytest.mark.parametrize(("scope", "number"), SCOPES)
async def test_hidden_executions_are_not_counted(asker: Asker, scope: Scope, number: int) -> None:
    await four(asker)
    stats = (await asker.post(STATS, scope=scope))["executionStats"]
    assert stats["total"] == number == sum(one["total"] for one in stats["buckets"])
    assert len(stats["flows"]) == number
    async for live in watch_stats(info_of(asker, scope, asker.pool), ALL):
        assert live.total.value == number
        break


async def test_without_the_permission_nothing_is_counted(asker: Asker) -> None:
    nobody = EVERYTHING - {Permission.VIEW_EXECUTION}
    with pytest.raises(AssertionError, match="VIEW_EXECUTION"):
        await asker.post(STATS, permissions=nobody)
    viewer = Viewer.holding("user:ada", nobody, Scope())
    stream = await asker.schema.subscribe(LIVE, context_value=Context(asker.services, viewer))
    result: Any = await anext(aiter(stream))
    assert [error.original_error.problems[0].code for error in result.errors] == [
        ProblemCode.FORBIDDEN
    ]


class Reads:
    """A pool that signals when it is read."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.number = pool, 0

    async def fetch(self, *statement: Any) -> Sequence[Any]:
        self.number += 1
        return await self.pool.fetch(*statement)


def info_of(asker: Asker, scope: Scope, pool: Any) -> Any:
    viewer = Viewer.holding("user:ada", EVERYTHING, scope)

    class Info:
        context = Context(replace(asker.services, pool=pool), viewer)

    return Info()


async def test_nothing_is_read_while_nothing_changes(asker: Asker) -> None:
    reads = Reads(asker.pool)
    stream = watch_stats(info_of(asker, Scope(), reads), ALL)
    assert (await anext(stream)).total.value == 0
    following = asyncio.ensure_future(anext(stream))
    done, _ = await asyncio.wait({following}, timeout=3)
    assert (done, reads.number) == (set(), 1)
    await asker.create("mine")
    async with asyncio.timeout(10):
        assert (await following).total.value == 1
    assert reads.number == 2
    await stream.aclose()


async def test_equal_subscriptions_share_one_driver(asker: Asker) -> None:
    operations = create_operations(asker.parts)
    woken = asyncio.Event()
    viewer = Viewer.holding("user:ada", EVERYTHING, MINE)

    def join(fanout: Fanout, who: Viewer) -> SharedSubscription:
        return fanout.join(operations.prepare(Request(LIVE)), who, woken.set)

    async def next_message(subscription: SharedSubscription) -> Any:
        async with asyncio.timeout(10):
            while (found := subscription.take()) is None:
                woken.clear()
                await woken.wait()
        assert isinstance(found, Message)
        return orjson.loads(found.text)["data"]["stats"]["states"]

    await four(asker)
    two = [{"state": "RUNNING", "count": {"value": 2}}]
    async with Fanout(operations, POLICIES) as fanout:
        first, same = join(fanout, viewer), join(fanout, viewer)
        assert (await next_message(first), await next_message(same)) == (two, two)
        assert fanout.drivers == 1
        other = join(fanout, Viewer.holding("user:ada", EVERYTHING))
        assert (await next_message(other))[0]["count"]["value"] == 4
        assert fanout.drivers == 2
        for one in (first, same, other):
            one.leave()
        assert fanout.drivers == 0
