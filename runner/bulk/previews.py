"""Freezing a set of executions and judging each as it is now; nothing of them changes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.access.viewer import Scope, Viewer
from models.bulk import MOST, Evaluation, Instruction, evaluate, shared_namespace
from models.errors import ProblemCode, Refused
from models.filters.filters import Filter
from models.ids import new_id
from models.lifecycle.snapshot import Execution
from runner.store import bulk
from runner.store.execution.snapshots import read_executions
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool

SAMPLES = 5
_AT_ONCE = 100
"""Executions loaded together: between two rounds others have their turn."""


@dataclass(slots=True)
class Alike:
    """Executions that are judged alike; `samples` are some of them."""

    code: ProblemCode | None
    reason: str | None
    count: int = 0
    samples: list[UUID] = field(default_factory=list)

    def add(self, id: UUID) -> None:
        self.count += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(id)


@dataclass(slots=True)
class Judged:
    """`groups` by what stands against it, in the order in which they were met."""

    frozen: list[bulk.Frozen] = field(default_factory=list)
    groups: dict[Evaluation, Alike] = field(default_factory=dict)

    def add(self, execution: Execution, found: Evaluation) -> None:
        spec = execution.plan.spec
        self.frozen.append(
            bulk.Frozen(execution.id, execution.name, spec.namespace, execution.state_seq)
        )
        alike = self.groups.setdefault(found, Alike(found.code, found.reason))
        alike.add(execution.id)


async def find_matching(pool: Pool, scope: Scope, where: Filter) -> list[UUID]:
    """Raises Refused when there are too many."""
    found = await bulk.matching(pool, scope, where, MOST)
    if len(found) > MOST:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"more than {MOST} executions match, which is the most at once; narrow the filter, "
            "for instance by `createdAt`",
            "where",
        )
    return found


def check_count(ids: Sequence[Any]) -> None:
    """Raises Refused for too many ids."""
    if len(ids) > MOST:
        sentence = f"{len(ids)} ids are more than {MOST}, which is the most at once"
        raise Refused.because(ProblemCode.VALIDATION, sentence, "ids")


async def preview(
    pool: Pool,
    plans: Plans,
    viewer: Viewer,
    instruction: Instruction,
    ids: Sequence[UUID],
    source: Any,
    reason: str | None,
) -> tuple[Any, Judged]:
    """The row of the frozen set, and what it found. The viewer may see all of `ids`."""
    judged = await _judge(pool, plans, viewer, instruction, ids)
    frozen = bulk.Preview(
        new_id(),
        instruction,
        source,
        shared_namespace([row.namespace for row in judged.frozen]),
        viewer.actor,
        reason,
    )
    async with pool.acquire() as connection, connection.transaction():
        row = await bulk.freeze(connection, frozen, judged.frozen)
    return row, judged


async def _judge(
    pool: Pool, plans: Plans, viewer: Viewer, instruction: Instruction, ids: Sequence[UUID]
) -> Judged:
    judged = Judged()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found = await read_executions(pool, plans, some)
        for id in some:
            if execution := found.get(id):
                judged.add(execution, evaluate(execution, instruction, viewer))
        await asyncio.sleep(0)
    return judged
