"""Executions as they were, kept while somebody looks at one moment after the other: events never change, so the facts
are read once, and folding goes on from the nearest moment that was folded before."""

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
"""Characters that are kept, of all executions together; what they become takes several times as many bytes."""
_EVENT: Final = 100
"""Characters that an event or a task run counts beside its data."""
_AGE: Final = 300.0
"""Seconds that an execution is kept after somebody looked at it."""
_MOMENTS: Final = 8
"""Of one execution."""


@dataclass(slots=True)
class _Told:
    plan: CompiledFlow
    events: list[Event] = field(default_factory=list)
    moments: OrderedDict[int, Execution] = field(default_factory=OrderedDict)
    length: int = 0
    until: asyncio.TimerHandle | None = None

    @property
    def size(self) -> int:
        """A moment shares with its neighbours what is alike in both."""
        counted = len(self.events) + sum(len(one.tasks) for one in self.moments.values()) // 8
        return self.length + _EVENT * counted


@dataclass(frozen=True, slots=True)
class Moment:
    """An execution as of an event, and the facts up to that."""

    execution: Execution
    events: list[Event]


class Retold:
    """One a process."""

    def __init__(self, room: int = _ROOM, age: float = _AGE) -> None:
        self._room = room
        self._age = age
        self._kept: OrderedDict[UUID, _Told] = OrderedDict()

    async def at(
        self, connection: Connection, plan: CompiledFlow, id: UUID, seq: int
    ) -> Moment | None:
        """None: it has no such event any more."""
        told = self._kept.get(id)
        if told is None or told.plan.unreadable != plan.unreadable:
            self._drop(id)
            told = self._kept[id] = _Told(plan)
        self._kept.move_to_end(id)
        have = len(told.events)
        if have < seq:
            more, lengths = await facts_after(connection, id, have, seq)
            read_meanwhile = len(told.events) - have  # by others
            told.events += more[read_meanwhile:]
            told.length += sum(lengths[read_meanwhile:])
        if len(told.events) < seq:
            self._drop(id)
            return None
        found = Moment(await _folded(told, seq), told.events[:seq])
        self._make_room()
        self._keep_for_a_while(id)
        return found

    def _keep_for_a_while(self, id: UUID) -> None:
        if told := self._kept.get(id):
            if told.until:
                told.until.cancel()
            told.until = asyncio.get_running_loop().call_later(self._age, self._drop, id)

    def _make_room(self) -> None:
        size = sum(told.size for told in self._kept.values())
        while size > self._room and self._kept:
            size -= self._drop(next(iter(self._kept)))

    def _drop(self, id: UUID) -> int:
        """How much there was of it."""
        told = self._kept.pop(id, None)
        if told is None:
            return 0
        if told.until:
            told.until.cancel()
        return told.size


async def _folded(told: _Told, seq: int) -> Execution:
    begun = max((known for known in told.moments if known <= seq), default=0)
    execution = told.moments[begun] if begun else create(told.plan, told.events[0])
    pace = Checkpoint()
    for event in told.events[begun or 1 : seq]:
        execution = evolve(execution, event)
        await pace.keep()
    execution = copy_with(execution, tasks=dict_of(execution.tasks))
    told.moments[seq] = execution
    told.moments.move_to_end(seq)
    while len(told.moments) > _MOMENTS:
        told.moments.popitem(last=False)
    return execution
