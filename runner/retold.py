"""Executions as they were, kept while somebody looks at one moment after the other: events never change, so the facts
are read once, and folding goes on from the nearest moment that was folded before."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from models.events import Event
from models.lifecycle.evolve import create, evolve
from models.lifecycle.snapshot import Execution, Plan, replace
from models.lifecycle.task_runs import dict_of
from runner.pace import Pace
from runner.store.connection import Connection
from runner.store.event_log import facts_after

_ROOM: Final = 80_000
"""Events and task runs that are kept, of all executions together."""
_MOMENTS: Final = 8
"""Of one execution."""


@dataclass(slots=True)
class _Told:
    plan: Plan
    events: list[Event] = field(default_factory=list)
    moments: OrderedDict[int, Execution] = field(default_factory=OrderedDict)

    @property
    def size(self) -> int:
        """A moment shares with its neighbours what is alike in both."""
        return len(self.events) + sum(len(one.tasks) for one in self.moments.values()) // 8


@dataclass(frozen=True, slots=True)
class Moment:
    """An execution as of an event, and the facts up to that."""

    execution: Execution
    events: list[Event]


class Retold:
    """One a process."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[UUID, _Told] = OrderedDict()

    async def at(self, connection: Connection, plan: Plan, id: UUID, seq: int) -> Moment | None:
        """None: it has no such event any more."""
        told = self._kept.get(id)
        if told is None or told.plan.unreadable != plan.unreadable:
            told = self._kept[id] = _Told(plan)
        self._kept.move_to_end(id)
        have = len(told.events)
        if have < seq:
            more = await facts_after(connection, id, have, seq)
            told.events += more[len(told.events) - have :]  # others may have read some meanwhile
        if len(told.events) < seq:
            self._kept.pop(id, None)
            return None
        found = Moment(await _folded(told, seq), told.events[:seq])
        self._forget()
        return found

    def _forget(self) -> None:
        size = sum(told.size for told in self._kept.values())
        while size > self._room and self._kept:
            _, oldest = self._kept.popitem(last=False)
            size -= oldest.size


async def _folded(told: _Told, seq: int) -> Execution:
    begun = max((known for known in told.moments if known <= seq), default=0)
    execution = told.moments[begun] if begun else create(told.plan, told.events[0])
    pace = Pace()
    for event in told.events[begun or 1 : seq]:
        execution = evolve(execution, event)
        await pace.keep()
    execution = replace(execution, tasks=dict_of(execution.tasks))
    told.moments[seq] = execution
    told.moments.move_to_end(seq)
    while len(told.moments) > _MOMENTS:
        told.moments.popitem(last=False)
    return execution
