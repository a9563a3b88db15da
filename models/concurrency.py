"""Admission of executions under a flow's concurrency limit. Pure.

There is no counter: the slots in use are read from the rows, under the flow's lock.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from uuid import UUID

from models.states import ConcurrencyBehavior


@dataclass(frozen=True, slots=True)
class Slots:
    """`holders` hold slots, oldest first; those in `leaving` are being killed, or will be. `line` is the queue in
    order."""

    limit: int
    behavior: ConcurrencyBehavior
    holders: Sequence[UUID] = ()
    leaving: frozenset[UUID] = frozenset()
    line: Sequence[UUID] = ()

    @property
    def free(self) -> int:
        return self.limit - len(self.holders)

    def is_next(self, id: UUID) -> bool:
        """Returns whether this queued execution may take a slot now."""
        return id not in self.holders and id in self.line[: max(0, self.free)]

    def without(self, doomed: Set[UUID]) -> Self:
        """Returns the slots after these were preempted: they hold their slots until they end, and leave the queue."""
        leaving = self.leaving | (doomed & set(self.holders))
        return replace(self, leaving=leaving, line=[id for id in self.line if id not in doomed])


class Admission(StrEnum):
    RUN = "RUN"
    QUEUE = "QUEUE"
    CANCEL = "CANCEL"
    FAIL = "FAIL"


def admit(slots: Slots | None) -> tuple[Admission, UUID | None]:
    """Returns how a new execution is admitted, and which execution is cancelled for it.

    CANCEL_RUNNING keeps the newest: the oldest running execution is cancelled, or, if all of them are being killed
    already, the first in the queue. A slot that a queued execution will get is not free.
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
    staying = [id for id in slots.holders if id not in slots.leaving]
    count = len(staying) + len(slots.line)
    if count < slots.limit:
        return Admission.QUEUE, None
    return Admission.QUEUE, next(iter([*staying, *slots.line]), None)
