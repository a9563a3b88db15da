"""Locks, decides and writes one batch of commands in one transaction."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from models.errors import Fault, HeadwayError, Refused
from models.events.events import ENGINE, Event
from models.ids import new_id
from models.lifecycle.commands.commands import Beginning, Create
from models.lifecycle.commands.records import Delete
from models.lifecycle.commands.subflows import Adopt, ResumeChild
from models.lifecycle.decide import begin, decide
from models.lifecycle.external.moments import id_for
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Context, Deferred, Job, Transition
from runner.engine.idempotency import IdempotencyClaims
from runner.engine.obsolete import executed_bulk_items, executed_deferred, extended_leases
from runner.engine.quotas import Quotas, beyond_open_recordings
from runner.engine.request import (
    BatchRejected,
    CommandRequest,
    Outcome,
    acts,
    changed_parents,
    flow_with_slots,
    is_refused,
    kills,
    results,
)
from runner.engine.slots import BatchSlots
from runner.service.database_clock import ahead_of_this_machine
from runner.service.event_loop import Checkpoint
from runner.store import audit, bulk, deferred
from runner.store.execution.history import existing
from runner.store.execution.locks import lock_rows
from runner.store.execution.removal import remove
from runner.store.execution.snapshots import load_executions
from runner.store.execution.writes import ExecutionWrite, write
from runner.store.job_queue import acknowledge, enqueue, withdraw
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection, database_now
from runner.store.postgres.long_work import kept_open


@dataclass(slots=True)
class EngineTransaction:
    """After `run` and the commit it has the outcome of each command, and the stored jobs and deferred commands.

    With `atomic`, all commands are executed or none: `run` waits for locks, and raises BatchRejected if one is refused.
    """

    requests: Sequence[CommandRequest]
    known: Mapping[UUID, Execution]
    plans: Plans
    atomic: bool = False
    most_open_recordings: int = Quotas().open_recordings
    outcomes: dict[CommandRequest, Outcome] = field(default_factory=dict)
    executions: dict[UUID, Execution] = field(default_factory=dict)
    jobs: list[tuple[UUID, Job]] = field(default_factory=list)
    deferred: list[tuple[UUID, Deferred]] = field(default_factory=list)
    _withdrawn: list[str] = field(default_factory=list)
    _before: dict[UUID, Execution | None] = field(default_factory=dict)
    _events: dict[UUID, list[Event]] = field(default_factory=dict)
    _slots: BatchSlots = field(default_factory=BatchSlots)
    _removals: dict[UUID, Delete] = field(default_factory=dict)
    _overtaken: set[CommandRequest] = field(default_factory=set)
    _ids: Mapping[CommandRequest, UUID] = field(default_factory=dict)
    """The ids for new executions with an idempotency key."""
    _new_id: Callable[[], UUID] = new_id

    @property
    def changed(self) -> list[UUID]:
        return list(self._before)

    @property
    def events(self) -> Mapping[UUID, Sequence[Event]]:
        """By execution, those that were stored."""
        return {id: events for id, events in self._events.items() if id not in self._removals}

    @property
    def to_kill(self) -> list[UUID]:
        """Executions with attempts that workers must end."""
        return [id for id, events in self._events.items() if any(map(kills, events))]

    @property
    def changed_parents(self) -> set[UUID]:
        return changed_parents(self.executions, self._events)

    async def run(self, connection: Connection) -> None:
        await self._lock(connection)
        now = await database_now(connection)  # under the locks, so later events have later times
        self._new_id = partial(new_id, ahead_of_this_machine(now))
        await self._lock_slots(connection)
        await self._refuse_obsolete(connection)
        keys = IdempotencyClaims(self.requests, self.outcomes, self.executions, self.plans)
        await keys.answer_notes(connection)
        for request, id in await extended_leases(connection, self._undecided()):
            self.outcomes[request] = Transition(self.executions[id])
        await keys.claim(connection, now, self._new_id)
        self._ids = keys.ids
        first = [one for one in self.requests if one not in keys.repeated]
        self.outcomes |= await beyond_open_recordings(connection, first, self.most_open_recordings)
        undecided = [one for one in self._undecided() if one not in keys.repeated]
        await kept_open(connection, self._decide_all(undecided, now))
        await keys.answer_repeated(connection)
        if self.atomic:
            self._reject_unless_all()
        await self._write(connection)

    def _undecided(self) -> list[CommandRequest]:
        return [request for request in self.requests if request not in self.outcomes]

    async def _refuse_obsolete(self, connection: Connection) -> None:
        obsolete = await executed_deferred(connection, self._undecided())
        if not self.atomic:
            obsolete = {**obsolete, **await executed_bulk_items(connection, self.requests)}
        self._overtaken |= obsolete.keys()
        self.outcomes |= obsolete

    async def _lock_slots(self, connection: Connection) -> None:
        """Locks the slots of flows whose concurrency limit this batch may need. Except for Create, which has the limit
        itself, such commands are rare."""
        needed = {
            request: flow
            for request in self.requests
            if (flow := flow_with_slots(request, self.executions))
        }
        elsewhere = await self._slots.lock(
            connection, needed.values(), len(self.requests), self.atomic
        )
        self.outcomes |= {request: None for request, flow in needed.items() if flow in elsewhere}

    async def _decide_all(self, undecided: Sequence[CommandRequest], now: datetime) -> None:
        checkpoint = Checkpoint()
        for request in undecided:
            self.outcomes[request] = await self._decided(request, now)
            await checkpoint.keep()

    def _reject_unless_all(self) -> None:
        refused = {
            request: outcome
            for request, outcome in self.outcomes.items()
            if isinstance(outcome, HeadwayError)
        }
        if refused:
            raise BatchRejected(refused)

    async def _lock(self, connection: Connection) -> None:
        ids = set().union(*(request.locked_ids for request in self.requests))
        if not ids:
            return
        locked = await lock_rows(connection, ids, wait=self.atomic)
        stale = [
            id for id, seq in locked.items() if id not in self.known or self.known[id].seq != seq
        ]
        self.executions = {id: self.known[id] for id in locked.keys() - set(stale)}
        if stale:
            self.executions |= await load_executions(connection, self.plans, stale)
        if missed := ids - locked.keys():
            await self._skip_locked(connection, missed)

    async def _skip_locked(self, connection: Connection, missed: set[UUID]) -> None:
        """Commands of executions that are locked elsewhere are retried; those without an execution are refused."""
        exist = await existing(connection, list(missed))
        for request in self.requests:
            if lacking := request.locked_ids & missed:
                gone = not lacking <= exist
                self.outcomes[request] = Refused.not_found("no such execution") if gone else None

    async def _decided(self, request: CommandRequest, now: datetime) -> Outcome:
        """Decides in a thread if the execution has many task runs, so that the event loop is not blocked. Nothing else
        uses the batch meanwhile."""
        execution = self.executions.get(request.execution_id) if request.execution_id else None
        if execution and request.concerns_many(execution):
            return await asyncio.to_thread(self._decide, request, now)
        return self._decide(request, now)

    def _decide(self, request: CommandRequest, now: datetime) -> Outcome:
        slots = self._slots.of(flow_with_slots(request, self.executions))
        parent_ref = request.parent
        parent = self.executions.get(parent_ref.execution_id) if parent_ref else None
        context = Context(now, self._new_id, random.random, request.origin, slots, parent)
        adopted = None
        try:
            if isinstance(request.command, Beginning):
                id = self._ids.get(request) or id_for(request.command, now, self._new_id)
                transition = begin(request.command, context, id)
                before = None
            else:
                assert request.execution_id
                if request.execution_id in self._removals:
                    return Refused.not_found("it was deleted just now")
                before = self.executions[request.execution_id]
                transition = decide(before, request.command, context)
            if parent_ref and parent and isinstance(request.command, Create | ResumeChild):
                child = transition.execution
                adopt = Adopt(parent_ref.path, parent_ref.attempt, child.id, child.seq)
                adopted = decide(parent, adopt, replace(context, origin=ENGINE, slots=None))
        except Refused as refused:
            return refused
        except Exception as error:
            fault = Fault(f"{type(request.command).__name__} could not be decided: {error!r}")
            fault.__cause__ = error
            return fault
        self._apply(before, transition)
        if adopted:
            self._apply(parent, adopted)
        return transition

    def _apply(self, before: Execution | None, transition: Transition) -> None:
        after = transition.execution
        if transition.removal:
            self._removals[after.id] = transition.removal
        if transition.events or transition.removal:
            self._before.setdefault(after.id, before)
            self._events.setdefault(after.id, []).extend(transition.events)
        self.executions[after.id] = after
        self._slots.apply(before, transition)
        self._withdraw(transition.withdrawn)
        self.jobs += [(after.id, job) for job in transition.jobs]
        self.deferred += [(after.id, command) for command in transition.deferred]

    def _withdraw(self, keys: Sequence[str]) -> None:
        if keys:
            self._withdrawn += keys
            withdrawn = set(keys)
            self.jobs = [(id, job) for id, job in self.jobs if job.key not in withdrawn]

    async def _write(self, connection: Connection) -> None:
        changes = [
            ExecutionWrite(before, self.executions[id], self._events[id])
            for id, before in self._before.items()
            if id not in self._removals
        ]
        await write(connection, changes)
        await remove(connection, self._removals)
        await audit.record_acts(connection, acts(self.outcomes))
        own = {one: outcome for one, outcome in self.outcomes.items() if one not in self._overtaken}
        await bulk.settle(connection, list(results(own)))
        decided = [request for request, outcome in self.outcomes.items() if outcome is not None]
        refused = [request for request in decided if is_refused(self.outcomes[request])]
        # Jobs of refused starts are deleted first, since the same job may be enqueued again below. Jobs of accepted
        # starts are deleted last, since they may be among those just enqueued.
        await acknowledge(connection, [id for request in refused if (id := request.job_id)])
        await withdraw(connection, self._withdrawn, [job.key for _, job in self.jobs])
        await enqueue(connection, self.jobs)
        await deferred.store(connection, self.deferred)
        await acknowledge(connection, [id for request in decided if (id := request.job_id)])
        failed = {request for request in decided if isinstance(self.outcomes[request], Fault)}
        done = set(decided) - failed - self._overtaken
        await deferred.settle(connection, [row for one in done if (row := one.deferred_id)])
