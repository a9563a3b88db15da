"""People who follow executions to their ends on sockets; after a disconnect they subscribe again and continue."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, ClassVar, Final

import asyncpg
import websockets
from websockets.typing import Subprotocol

from models.ids import untyped
from tests.api.client import EVENTS
from tests.soak.load import Load

LINES: Final = """subscription ($id: ID!, $after: String) { logs(executionId: $id, after: $after) {
  lines { line text } cursor complete lineCount sha256 } }"""
_ENDED_WITHIN = 180.0
_LAST_EVENTS = """
select execution_id as id, max(seq) as last, max(seq) filter (where terminal) as ended from events group by 1
"""
_LOGS = """
select execution_id as id, count(*) as lines,
  encode(sha256(convert_to(string_agg(text || E'\\n', '' order by line), 'UTF8')), 'hex') as text
from logs where execution_id = any($1::uuid[]) group by 1
"""


def _gap(numbers: Sequence[int]) -> Sequence[int]:
    """Returns the numbers around the first gap in 1, 2, 3, ...; empty if there is none."""
    for at, number in enumerate(numbers):
        if number != at + 1:
            return numbers[max(at - 3, 0) : at + 3]
    return ()


@dataclass
class Events:
    """The events of one execution, as a subscriber received them."""

    id: str
    query: ClassVar[str] = EVENTS
    seen: list[int] = field(default_factory=list)

    @property
    def after(self) -> int:
        return self.seen[-1] if self.seen else 0

    def take(self, data: dict[str, Any]) -> None:
        self.seen.append(data["executionEvents"]["seq"])

    def differences(self, ended: int, last: int) -> list[str]:
        """Checks that each event came once and in order, up to the terminal one or a later one."""
        found = []
        if gap := _gap(self.seen):
            found.append(f"the events of {self.id} came as {gap}")
        if not ended <= self.after <= last:
            found.append(
                f"the events of {self.id} end with {self.after} of {last}, its end is {ended}"
            )
        return found


@dataclass
class Lines:
    """The log of one execution, as a subscriber read it."""

    id: str
    query: ClassVar[str] = LINES
    after: str | None = None
    numbers: list[int] = field(default_factory=list)
    text: Any = field(default_factory=sha256)
    reported_end: tuple[int, str] | None = None

    def take(self, data: dict[str, Any]) -> None:
        batch = data["logs"]
        for line in batch["lines"]:
            self.numbers.append(line["line"])
            self.text.update(f"{line['text']}\n".encode())
        self.after = batch["cursor"]
        if batch["complete"]:
            self.reported_end = (batch["lineCount"], batch["sha256"])

    def differences(self, lines: int, text: str) -> list[str]:
        found = []
        if gap := _gap(self.numbers):
            found.append(f"the lines of {self.id} came as {gap}")
        read = (len(self.numbers), self.text.hexdigest())
        if not read == self.reported_end == (lines, text):
            found.append(
                f"of {self.id} were read {read}, reported {self.reported_end}, stored {(lines, text)}"
            )
        return found


class Followers:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._stage, self._tally, self._random = load.stage, load.tally, load.random
        self.events: list[Events] = []
        self.logs: list[Lines] = []
        """Streams that were followed to their ends."""

    async def follow_for_ever(self) -> None:
        """Follows one execution after the other, the newest each time."""
        await self._load.begun.wait()
        while not self._load.over.is_set():
            _, id = list(self._tally.created.values())[-1]
            events = Events(id)
            if await self._follow(events):
                self.events.append(events)

    async def read_for_ever(self) -> None:
        """Reads one log after the other, long ones first."""
        await self._load.begun.wait()
        read: set[str] = set()
        while not self._load.over.is_set():
            newest = list(reversed(self._tally.created.values()))
            loud = [id for kind, id in newest if kind == "loud" and id not in read]
            lines = Lines(loud[0] if loud else newest[0][1])
            read.add(lines.id)
            if await self._follow(lines):
                self.logs.append(lines)

    async def differences(self, raw: "asyncpg.Connection[Any]") -> list[str]:
        """Returns the differences between the received and the stored data."""
        found: list[str] = []
        last = {row["id"]: row for row in await raw.fetch(_LAST_EVENTS)}
        for events in self.events:
            row = last[untyped("exec", events.id)]
            found += events.differences(row["ended"], row["last"])
        ids = [untyped("exec", lines.id) for lines in self.logs]
        kept = {row["id"]: (row["lines"], row["text"]) for row in await raw.fetch(_LOGS, ids)}
        for id, lines in zip(ids, self.logs, strict=True):
            found += lines.differences(*kept.get(id, (0, sha256().hexdigest())))
        return found

    async def _follow(self, received: Events | Lines) -> bool:
        """Returns whether the end was received in time."""
        while True:
            try:
                async with asyncio.timeout(_ENDED_WITHIN):
                    if await self._follow_on(received):
                        return True
            except (OSError, websockets.WebSocketException):
                self._tally.refused["socket"] += 1
            except TimeoutError:
                self._tally.wrong.append(
                    f"no end of {received.id} was received after {received.after}"
                )
                return False
            await asyncio.sleep(0.1)

    async def _follow_on(self, received: Events | Lines) -> bool:
        """Returns True when the stream completed."""
        url = self._random.choice(self._stage.urls)
        async with websockets.connect(
            f"{url.replace('http', 'ws')}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            max_size=None,
            open_timeout=20,
        ) as socket:
            await socket.send(
                json.dumps({"type": "connection_init", "payload": {"token": self._stage.token}})
            )
            payload = {
                "query": received.query,
                "variables": {"id": received.id, "after": received.after},
            }
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "connection_ack":
                    await socket.send(
                        json.dumps({"id": "1", "type": "subscribe", "payload": payload})
                    )
                elif message["type"] == "ping":
                    await socket.send('{"type":"pong"}')
                elif message["type"] == "complete":
                    return True
                elif message["type"] == "error":
                    return False
                elif message["type"] == "next":
                    self._tally.messages += 1
                    received.take(message["payload"]["data"])
        return False
