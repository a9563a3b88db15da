"""A client of live lists that relies on the contract only: it folds changes, is disconnected, and resumes."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.api.client import Client

_ROW = "id seq state archived labels { key value }"
_LIVE = f"""
subscription ($where: ExecutionFilter, $search: String, $orderBy: ExecutionOrder, $orderByValue: ValueOrder,
  $first: Int, $after: String) {{
  executionList(where: $where, search: $search, orderBy: $orderBy, orderByValue: $orderByValue,
    first: $first, after: $after) {{
    reset cursor totalCount {{ value exact }}
    enter {{ before node {{ {_ROW} }} }} update {{ {_ROW} }} leave {{ id reason }} }} }}"""
_PAGE = f"""query (
  $where: ExecutionFilter, $search: String, $orderBy: ExecutionOrder, $orderByValue: ValueOrder, $first: Int) {{
  executions(where: $where, search: $search, orderBy: $orderBy, orderByValue: $orderByValue, first: $first) {{
    totalCount {{ value exact }} nodes {{ {_ROW} }} }} }}"""
Row = dict[str, Any]


@dataclass
class Listed:
    """The visible state of a list: `rows` in their order, and the total count."""

    rows: list[Row] = field(default_factory=list)
    count: Any = None

    def fold(self, change: dict[str, Any]) -> None:
        self.count = change["totalCount"]
        if change["reset"]:
            assert not change["update"] and not change["leave"]
            self.rows = [enter["node"] for enter in change["enter"]]
            return
        left = {leave["id"] for leave in change["leave"]}
        assert left <= {row["id"] for row in self.rows}
        self.rows = [row for row in self.rows if row["id"] not in left]
        for enter in change["enter"]:
            ids = [row["id"] for row in self.rows]
            assert enter["node"]["id"] not in ids
            at = ids.index(enter["before"]) if enter["before"] else len(ids)
            self.rows.insert(at, enter["node"])
        updated = {row["id"]: row for row in change["update"]}
        assert updated.keys() <= {row["id"] for row in self.rows}
        self.rows = [updated.get(row["id"], row) for row in self.rows]


@dataclass
class Follower:
    """Follows one list; at random it disconnects and resumes from its cursor."""

    client: Client
    random: Random
    variables: dict[str, Any]
    cuts: float = 0.3
    listed: Listed = field(default_factory=Listed)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    resets: int = 0
    resumed: int = 0

    async def follow(self) -> None:
        after: str | None = None
        while True:
            async with self.client.subscribe(_LIVE, **self.variables, after=after) as messages:
                self.resumed += after is not None
                async for message in messages:
                    after = await self._fold(message["executionList"])
                    if self.random.random() < self.cuts:
                        break

    async def _fold(self, change: dict[str, Any]) -> str:
        async with self.changed:
            self.resets += change["reset"]
            self.listed.fold(change)
            self.changed.notify_all()
        return str(change["cursor"])

    async def catches_up(self, seconds: float = 15) -> None:
        """Waits until the folded state equals that of a query."""
        try:
            async with asyncio.timeout(seconds):
                while self.listed != (queried := await self._query()):
                    await self._wait_for_change()
        except TimeoutError:
            raise AssertionError((self.variables, self.listed, queried)) from None

    async def _query(self) -> Listed:
        page = (await self.client.post(_PAGE, **self.variables))["executions"]
        return Listed(page["nodes"], page["totalCount"])

    async def _wait_for_change(self) -> None:
        async with self.changed:
            try:
                async with asyncio.timeout(0.3):
                    await self.changed.wait()
            except TimeoutError:
                pass  # the query may have read a newer state
