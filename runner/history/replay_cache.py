"""Caches replayed executions while somebody reads one moment after the other: events never change, so they are read
once, and a replay continues from the nearest earlier moment."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from models.events.events import Event
from models.lifecycle.apply.evolve import create, evolve
from models.lifecycle.apply.task_runs import dict_of
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import CompiledFlow, Execution
from runner.service.event_loop import Checkpoint
from runner.store.execution.event_log import facts_after
from runner.store.postgres.connection import Connection

_ROOM: Final = 16_000_000
"""Characters of stored events to cache, of all executions together; as objects they take several times as many
bytes."""
_EVENT: Final = 100
"""Characters that are counted for an event or a task run, in addition to its data."""
_AGE: Final = 300.0
"""Seconds that an execution is cached after its last use."""
_MOMENTS: Final = 8
"""Moments to cache of one execution."""


@dataclass(slots=True)
class _Replay:
    plan: CompiledFlow
    events: list[Event] = field(default_factory=list)
    moments: OrderedDict[int, Execution] = field(default_factory=OrderedDict)
    length: int = 0
    until: asyncio.TimerHandle | None = None

    @property
    def size(self) -> int:
        """The size in characters; task runs count less, since moments share those that are equal."""
        counted = len(self.events) + sum(len(one.tasks) for one in self.moments.values()) // 8
        return self.length + _EVENT * counted


@dataclass(frozen=True, slots=True)
class Moment:
    """An execution as of an event, and the events up to that."""

    execution: Execution
    events: list[Event]


class ReplayCache:
    """One for each process."""

    def __init__(self, room: int = _ROOM, age: float = _AGE) -> None:
        self._room = room
        self._age = age
        self._kept: OrderedDict[UUID, _Replay] = OrderedDict()

    async def at(
        self, connection: Connection, plan: CompiledFlow, id: UUID, seq: int
    ) -> Moment | None:
        """The execution as of the event `seq`; None if the event does not exist (any more)."""
        replay = self._kept.get(id)
        if replay is None or replay.plan.unreadable != plan.unreadable:
            self._drop(id)
            replay = self._kept[id] = _Replay(plan)
        self._kept.move_to_end(id)
        have = len(replay.events)
        if have < seq:
            more, lengths = await facts_after(connection, id, have, seq)
            read_meanwhile = len(replay.events) - have  # by others
            replay.events += more[read_meanwhile:]
            replay.length += sum(lengths[read_meanwhile:])
        if len(replay.events) < seq:
            self._drop(id)
            return None
        found = Moment(await _folded(replay, seq), replay.events[:seq])
        self._make_room()
        self._keep_for_a_while(id)
        return found

    def _keep_for_a_while(self, id: UUID) -> None:
        if replay := self._kept.get(id):
            if replay.until:
                replay.until.cancel()
            replay.until = asyncio.get_running_loop().call_later(self._age, self._drop, id)

    def _make_room(self) -> None:
        size = sum(replay.size for replay in self._kept.values())
        while size > self._room and self._kept:
            size -= self._drop(next(iter(self._kept)))

    def _drop(self, id: UUID) -> int:
        """Drops an execution; returns its size."""
        replay = self._kept.pop(id, None)
        if replay is None:
            return 0
        if replay.until:
            replay.until.cancel()
        return replay.size


async def _folded(replay: _Replay, seq: int) -> Execution:
    begun = max((known for known in replay.moments if known <= seq), default=0)
    execution = replay.moments[begun] if begun else create(replay.plan, replay.events[0])
    pace = Checkpoint()
    for event in replay.events[begun or 1 : seq]:
        execution = evolve(execution, event)
        await pace.keep()
    execution = copy_with(execution, tasks=dict_of(execution.tasks))
    replay.moments[seq] = execution
    replay.moments.move_to_end(seq)
    while len(replay.moments) > _MOMENTS:
        replay.moments.popitem(last=False)
    return execution
