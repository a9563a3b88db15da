"""Whether an execution may run now: a flow's limit against the executions that hold its slots. Pure.

Occupancy is what the rows say at the moment, read under the flow's lock; there is no counter.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from uuid import UUID

from models.states import ConcurrencyBehavior


@dataclass(frozen=True, slots=True)
class Slots:
    """`holders` oldest first; those in `going` are being killed, or will be. `line` is who waits, the next first."""

    limit: int
    behavior: ConcurrencyBehavior
    holders: Sequence[UUID] = ()
    going: frozenset[UUID] = frozenset()
    line: Sequence[UUID] = ()

    @property
    def free(self) -> int:
        return self.limit - len(self.holders)

    def is_next(self, id: UUID) -> bool:
        """Whether this one of the line has a slot now."""
        return id not in self.holders and id in self.line[: max(0, self.free)]

    def without(self, doomed: Set[UUID]) -> Self:
        """Once these are to make room: holders until they have ended, and no longer in the line."""
        going = self.going | (doomed & set(self.holders))
        return replace(self, going=going, line=[id for id in self.line if id not in doomed])


class Admission(StrEnum):
    RUN = "RUN"
    QUEUE = "QUEUE"
    CANCEL = "CANCEL"
    FAIL = "FAIL"


def admit(slots: Slots | None) -> tuple[Admission, UUID | None]:
    """Says what becomes of a newcomer, and which execution is cancelled for it.

    CANCEL_RUNNING keeps the newest: the oldest that runs is cancelled, or, when all of those are going already, the
    one that has waited longest. A slot that someone in the line is about to get is not free.
    """
    if slots is None:
        return Admission.RUN, None
    if slots.behavior is ConcurrencyBehavior.CANCEL_NEW:
        return (Admission.RUN if slots.free > 0 else Admission.CANCEL), None
    if slots.behavior is ConcurrencyBehavior.FAIL:
        return (Admission.RUN if slots.free > 0 else Admission.FAIL), None
    if slots.free > len(slots.line):
        return Admission.RUN, None
    if slots.behavior is ConcurrencyBehavior.QUEUE:
        return Admission.QUEUE, None
    spared = [id for id in slots.holders if id not in slots.going]
    staying = len(spared) + len(slots.line)
    if staying < slots.limit:
        return Admission.QUEUE, None
    return Admission.QUEUE, next(iter([*spared, *slots.line]), None)
