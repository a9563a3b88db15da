"""The slots of concurrency limits, as the commands of one batch take them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

from models.concurrency import Slots
from models.lifecycle.commands.commands import CancelForNewer
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Transition
from models.states import OCCUPIES_SLOT, ExecutionState
from runner.store.execution.slots import lock_slots, locked_elsewhere
from runner.store.postgres.connection import Connection


@dataclass(slots=True)
class BatchSlots:
    """The locked slots by flow, with what the decisions of this batch have changed."""

    _of_flows: dict[UUID, Slots] = field(default_factory=dict)

    async def lock(
        self, connection: Connection, flows: Iterable[UUID], room: int, wait: bool
    ) -> set[UUID]:
        """Locks the slots of the flows. Returns the flows that another process has locked. `room` is the number of
        commands in the batch: no more queued executions can leave."""
        needed = set(flows)
        if not needed:
            return set()
        self._of_flows = await lock_slots(connection, needed, room, wait=wait)
        return await locked_elsewhere(connection, needed - self._of_flows.keys())

    def of(self, flow: UUID | None) -> Slots | None:
        return self._of_flows.get(flow) if flow else None

    def apply(self, before: Execution | None, transition: Transition) -> None:
        """Counts what a decision changes, for the next decisions of the batch."""
        self._count(before, transition.execution)
        self._remove_preempted(transition)

    def _count(self, before: Execution | None, after: Execution) -> None:
        """Counts executions that were admitted or queued. Freed slots do not count yet: with each, the deferred command
        that admits the next execution is stored."""
        flow = after.plan.flow_id
        slots = self.of(flow)
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
        self._of_flows[flow] = replace(slots, holders=holders, line=line)

    def _remove_preempted(self, transition: Transition) -> None:
        """Removes preempted executions, so that the next newcomer preempts a different one."""
        doomed = {
            each.to
            for each in transition.deferred
            if each.to and isinstance(each.command, CancelForNewer)
        }
        flow = transition.execution.plan.flow_id
        if doomed and flow in self._of_flows:
            self._of_flows[flow] = self._of_flows[flow].without(doomed)
