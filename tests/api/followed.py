"""A client of one execution that relies on the contract only: it folds changes, is disconnected, and resumes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.api.client import Client

_OWN = (
    "id name state seq progress outputs labels { key value } properties priority archived endedAt"
)
_TASK_RUN = """id key state progress message retryAt startedAt endedAt inputs outputs
  error { code message exitCode } task { key type needs } iteration { index item } child { id }
  stateHistory { seq state at reason } approval { id state }
  attempts { number state worker startedAt endedAt exitCode error { code message } outputs message }"""
_LISTS = {
    "approvals": "id state message votes { decision comment }",
    "metrics": "id name value step taskKey taskRunId attempt",
    "artifacts": "id name version uri direction taskKey taskRunId",
    "notes": "id text seq",
    "children": "id name state labels { key value }",
}
_EVENT = "id seq type toState data taskRun { key }"
_LISTED = " ".join(f"{name} {{ {fields} }}" for name, fields in _LISTS.items())
VIEW = f"""query ($id: ID!, $at: Int) {{ execution(id: $id, at: $at) {{
  cursor {_OWN} taskRuns {{ {_TASK_RUN} }} {_LISTED} }} }}"""
CHANGES = f"""subscription ($id: ID!, $after: String) {{ executionChanges(id: $id, after: $after) {{
  reset cursor seq more execution {{ {_OWN} }} taskRuns {{ {_TASK_RUN} }} {_LISTED} goneArtifactIds
  events {{ {_EVENT} }} }} }}"""
_EVENTS = f"""query ($id: ID!, $after: Int) {{ execution(id: $id) {{
  events(first: 1000, after: $after) {{ {_EVENT} }} }} }}"""
Row = dict[str, Any]


@dataclass
class Followed:
    """The state that a page keeps of an execution: lists by id, in the order in which their rows first arrived."""

    own: Row = field(default_factory=dict)
    lists: dict[str, dict[str, Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, view: Row) -> "Followed":
        names = ("taskRuns", *_LISTS)
        own = {name: value for name, value in view.items() if name not in (*names, "cursor")}
        return cls(own, {name: {row["id"]: row for row in view[name]} for name in names})

    def fold(self, change: Row) -> None:
        self.own = change["execution"]
        for name, rows in self.lists.items():
            rows.update({row["id"]: row for row in change[name]})
        for id in change["goneArtifactIds"]:
            self.lists["artifacts"].pop(id, None)


@dataclass
class Follower:
    """Follows one execution; at random it disconnects and resumes from its cursor, at any of the servers."""

    doors: list[Client]
    random: Random
    id: str
    cuts: float = 0.3
    view: Followed = field(default_factory=Followed)
    events: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    resets: int = 0
    resumed: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def follow(self) -> None:
        after = await self._anew()
        while True:
            door = self.random.choice(self.doors)
            async with door.subscribe(CHANGES, id=self.id, after=after) as messages:
                async for message in messages:
                    change = message["executionChanges"]
                    after = await self._fold(change)
                    if change["reset"]:
                        after = await self._anew()
                        break
                    if self.random.random() < self.cuts:
                        self.resumed += 1
                        break

    async def _anew(self) -> str:
        view = (await self.doors[0].post(VIEW, id=self.id))["execution"]
        async with self.changed:
            self.view = Followed.of(view)
            self.events = [{"seq": view["seq"]}]
        return str(view["cursor"])

    async def _fold(self, change: Row) -> str:
        async with self.changed:
            self.messages.append(change)
            if change["reset"]:
                self.resets += 1
            else:
                self.view.fold(change)
                self.events += change["events"]
            self.changed.notify_all()
        return str(change["cursor"])

    async def catches_up(self, seconds: float = 15) -> None:
        """Waits until the folded state equals that of a query, and checks that no event was left out or sent twice."""
        queried = Followed()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    view = (await self.doors[-1].post(VIEW, id=self.id))["execution"]
                    queried = Followed.of(view)
                    if self.view == queried and self.events[-1]["seq"] == view["seq"]:
                        break
                    await self._wait_for_change()
        except TimeoutError:
            raise AssertionError(differences(self.view, queried)) from None
        seqs = [event["seq"] for event in self.events]
        assert seqs == list(range(seqs[0], seqs[-1] + 1))

    async def _wait_for_change(self) -> None:
        async with self.changed:
            try:
                async with asyncio.timeout(0.3):
                    await self.changed.wait()
            except TimeoutError:
                pass  # the query may have read a newer state


def differences(folded: Followed, queried: Followed) -> list[Any]:
    found: list[Any] = [("own", folded.own, queried.own)] if folded.own != queried.own else []
    for name in queried.lists:
        mine, theirs = folded.lists.get(name, {}), queried.lists[name]
        ids = dict.fromkeys([*mine, *theirs])
        found += [
            (name, mine.get(id), theirs.get(id)) for id in ids if mine.get(id) != theirs.get(id)
        ]
    return found


@asynccontextmanager
async def following(*followers: Follower) -> AsyncIterator[None]:
    """Runs a follower; the test fails when the follower does."""
    with suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.follow()) for each in followers]
            yield
            for task in tasks:
                task.cancel()
