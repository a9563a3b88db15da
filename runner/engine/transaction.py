"""Locks, decides and writes one batch of commands in one transaction."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from models.concurrency import Slots
from models.errors import Fault, HeadwayError, ProblemCode, Refused
from models.events.events import ENGINE, Event
from models.ids import new_id
from models.lifecycle.commands.commands import (
    Beginning,
    Create,
    Lose,
    MakeRoom,
)
from models.lifecycle.commands.records import Delete
from models.lifecycle.commands.subflows import Adopt, ResumeChild
from models.lifecycle.decide import begin, decide
from models.lifecycle.external.moments import id_for
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Context, Deferred, Job, Transition
from models.states import OCCUPIES_SLOT, ExecutionState
from runner.engine.idempotency import key_of, note_key
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
from runner.service.database_clock import ahead_of_this_machine
from runner.service.event_loop import Checkpoint
from runner.store import audit, bulk, deferred, idempotency
from runner.store.execution import leases
from runner.store.execution.history import existing
from runner.store.execution.locks import lock_rows
from runner.store.execution.removal import remove
from runner.store.execution.slots import lock_slots, locked_elsewhere
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
    _slots: dict[UUID, Slots] = field(default_factory=dict)
    _removals: dict[UUID, Delete] = field(default_factory=dict)
    _overtaken: set[CommandRequest] = field(default_factory=set)
    _ids: dict[CommandRequest, UUID] = field(default_factory=dict)
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
        now: datetime = await database_now(connection)
        self._new_id = partial(new_id, ahead_of_this_machine(now))
        await self._lock(connection)
        await self._lock_slots(connection)
        await self._check_deferred(connection)
        await self._check_bulk_items(connection)
        await self._claim_note_keys(connection)
        await self._check_leases(connection)
        repeated = await self._claim_idempotency_keys(connection, now)
        first = [one for one in self.requests if one not in repeated]
        self.outcomes |= await beyond_open_recordings(connection, first, self.most_open_recordings)
        undecided = [
            one for one in self.requests if one not in self.outcomes.keys() | repeated.keys()
        ]
        await kept_open(connection, self._decide_all(undecided, now))
        await self._answer_repeated(connection, repeated)
        if self.atomic:
            self._reject_unless_all()
        await self._write(connection)

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

    async def _check_deferred(self, connection: Connection) -> None:
        """Refuses deferred commands that this or another process has executed since they were claimed."""
        ids = [request.deferred_id for request in self.requests if request.deferred_id]
        left = await deferred.still_pending(connection, ids) if ids else set()
        for request in self.requests:
            if request.deferred_id and request not in self.outcomes:
                if request.deferred_id not in left:
                    self._overtaken.add(request)
                    self.outcomes[request] = Refused.because(
                        ProblemCode.CONFLICT, "the deferred command was executed already"
                    )
                left.discard(request.deferred_id)

    async def _check_bulk_items(self, connection: Connection) -> None:
        """Refuses rows of bulk actions that another process has executed, or whose bulk action was cancelled."""
        items = {
            request: request.bulk_item
            for request in self.requests
            if request.bulk_item and not self.atomic
        }
        left = await bulk.still_left(connection, list(items.values()))
        for request, item in items.items():
            if item not in left:
                self._overtaken.add(request)
                self.outcomes[request] = Refused.because(
                    ProblemCode.CONFLICT,
                    "the bulk action was cancelled, or has executed this row already",
                )

    async def _check_leases(self, connection: Connection) -> None:
        """Ignores Lose commands for attempts whose lease was extended since it was found expired."""
        lost = {
            request: request.command.lease
            for request in self.requests
            if isinstance(request.command, Lose) and request not in self.outcomes
        }
        left = await leases.run_out(connection, lost.values()) if lost else set()
        for request, lease in lost.items():
            if lease not in left:
                assert request.execution_id
                self.outcomes[request] = Transition(self.executions[request.execution_id])

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

    async def _lock_slots(self, connection: Connection) -> None:
        """Locks the slots of flows whose concurrency limit this batch may need. Except for Create, which has the limit
        itself, such commands are rare."""
        needed = {
            request: flow
            for request in self.requests
            if (flow := flow_with_slots(request, self.executions))
        }
        if not needed:
            return
        flows = set(needed.values())
        self._slots = await lock_slots(connection, flows, len(self.requests), wait=self.atomic)
        elsewhere = await locked_elsewhere(connection, flows - self._slots.keys())
        self.outcomes |= {request: None for request, flow in needed.items() if flow in elsewhere}

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
        flow = flow_with_slots(request, self.executions)
        slots = self._slots.get(flow) if flow else None
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
        self._count_slot(before, after)
        self._account_preempted(transition)
        self._withdraw(transition.withdrawn)
        self.jobs += [(after.id, job) for job in transition.jobs]
        self.deferred += [(after.id, command) for command in transition.deferred]

    def _count_slot(self, before: Execution | None, after: Execution) -> None:
        """Counts executions that this batch has admitted or queued, for its next decisions. Freed slots do not count
        yet: with each, the deferred command that admits the next execution is stored."""
        flow = after.plan.flow_id
        slots = self._slots.get(flow) if flow else None
        if (
            not flow
            or slots is None
            or after.shares_slot
            or (before and before.state is after.state)
        ):
            return
        line = [id for id in slots.line if id != after.id]
        holders = list(slots.holders)
        if after.state is ExecutionState.QUEUED:
            line.append(after.id)
        elif after.state in OCCUPIES_SLOT and after.id not in holders:
            holders.append(after.id)
        self._slots[flow] = replace(slots, holders=holders, line=line)

    def _account_preempted(self, transition: Transition) -> None:
        """Removes preempted executions from the slots, so that the next newcomer preempts a different one."""
        doomed = {
            each.to
            for each in transition.deferred
            if each.to and isinstance(each.command, MakeRoom)
        }
        flow = transition.execution.plan.flow_id
        if doomed and flow in self._slots:
            self._slots[flow] = self._slots[flow].without(doomed)

    def _withdraw(self, keys: Sequence[str]) -> None:
        if keys:
            self._withdrawn += keys
            withdrawn = set(keys)
            self.jobs = [(id, job) for id, job in self.jobs if job.key not in withdrawn]

    async def _claim_idempotency_keys(
        self, connection: Connection, now: datetime
    ) -> dict[CommandRequest, idempotency.Key]:
        """Returns the requests whose key was used before, each with the stored key. Done before anything is decided,
        because a new execution may take a slot."""
        begun = [(one, one.command) for one in self.requests if isinstance(one.command, Beginning)]
        keyed = [(one, command) for one, command in begun if command.idempotency_key is not None]
        self._ids = {one: id_for(command, now, self._new_id) for one, command in keyed}
        mine = {
            request: key_of(request, id)
            for request, id in self._ids.items()
            if request not in self.outcomes
        }
        stored = await idempotency.take(connection, list(mine.values()))
        return {
            request: stored[key.name]
            for request, key in mine.items()
            if stored[key.name].answer != key.answer
        }

    async def _answer_repeated(
        self, connection: Connection, repeated: Mapping[CommandRequest, idempotency.Key]
    ) -> None:
        """Answers repeated requests like the first one. Releases the keys of executions that could not be begun."""
        begun = {id: request for request, id in self._ids.items()}
        for request, found in repeated.items():
            first = begun.get(found.answer)
            refused = self.outcomes.get(first) if first else None
            if isinstance(refused, HeadwayError):
                self.outcomes[request] = refused
            else:
                key = key_of(request, self._ids[request])
                self.outcomes[request] = await self._first_answer(connection, key, found)
        unused = [
            key_of(request, id)
            for request, id in self._ids.items()
            if request not in repeated and isinstance(self.outcomes[request], HeadwayError)
        ]
        await idempotency.release(connection, unused)

    async def _claim_note_keys(self, connection: Connection) -> None:
        """Answers requests for notes whose key was used before: the note is not added again."""
        mine = {
            request: key
            for request in self.requests
            if request not in self.outcomes and (key := note_key(request))
        }
        stored = await idempotency.take(connection, list(mine.values()))
        for request, key in mine.items():
            found = stored[key.name]
            if found.answer != key.answer:
                assert request.execution_id
                same = found.digest == key.digest
                self.outcomes[request] = (
                    Transition(self.executions[request.execution_id])
                    if same
                    else idempotency.conflict(key)
                )

    async def _first_answer(
        self, connection: Connection, key: idempotency.Key, found: idempotency.Key
    ) -> Outcome:
        if found.digest != key.digest:
            return idempotency.conflict(key)
        first = self.executions.get(found.answer)
        if first is None:
            loaded = await load_executions(connection, self.plans, [found.answer])
            first = loaded.get(found.answer)
        if first is None:
            return Refused.not_found(
                "the execution created with this idempotency key has been deleted"
            )
        return Transition(first)

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
