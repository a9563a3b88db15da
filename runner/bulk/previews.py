"""Previews a bulk action: freezes the set of executions and checks each as it is now, without changing them."""

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
from runner.store.rows import BulkRow

SAMPLES = 5
_AT_ONCE = 100
"""Executions that are loaded together; the event loop can run between two rounds."""


@dataclass(slots=True)
class OutcomeGroup:
    """Executions with the same result of the check; `samples` are some of them."""

    code: ProblemCode | None
    reason: str | None
    count: int = 0
    samples: list[UUID] = field(default_factory=list)

    def add(self, id: UUID) -> None:
        self.count += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(id)


@dataclass(slots=True)
class PreviewResult:
    """`groups` are by the reason of the refusal, in the order in which they were found."""

    frozen: list[bulk.Frozen] = field(default_factory=list)
    groups: dict[Evaluation, OutcomeGroup] = field(default_factory=dict)

    def add(self, execution: Execution, found: Evaluation) -> None:
        spec = execution.plan.spec
        self.frozen.append(
            bulk.Frozen(execution.id, execution.name, spec.namespace, execution.state_seq)
        )
        group = self.groups.setdefault(found, OutcomeGroup(found.code, found.reason))
        group.add(execution.id)


async def find_matching(pool: Pool, scope: Scope, where: Filter) -> list[UUID]:
    """Returns the ids of the matches; raises Refused when there are too many."""
    found = await bulk.matching(pool, scope, where, MOST)
    if len(found) > MOST:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"more than {MOST} executions match, which is the limit of a bulk action; narrow the filter, "
            "for example by `createdAt`",
            "where",
        )
    return found


def check_count(ids: Sequence[object]) -> None:
    """Raises Refused for too many ids."""
    if len(ids) > MOST:
        sentence = f"{len(ids)} ids are more than {MOST}, which is the limit of a bulk action"
        raise Refused.because(ProblemCode.VALIDATION, sentence, "ids")


async def preview(
    pool: Pool,
    plans: Plans,
    viewer: Viewer,
    instruction: Instruction,
    ids: Sequence[UUID],
    source: Any,
    reason: str | None,
) -> tuple[BulkRow, PreviewResult]:
    """Returns the row of the frozen set, and the results. The viewer must be permitted to see all of `ids`."""
    result = await _check(pool, plans, viewer, instruction, ids)
    frozen = bulk.Preview(
        new_id(),
        instruction,
        source,
        shared_namespace([row.namespace for row in result.frozen]),
        viewer.actor,
        reason,
    )
    async with pool.acquire() as connection, connection.transaction():
        row = await bulk.freeze(connection, frozen, result.frozen)
    return row, result


async def _check(
    pool: Pool, plans: Plans, viewer: Viewer, instruction: Instruction, ids: Sequence[UUID]
) -> PreviewResult:
    result = PreviewResult()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found = await read_executions(pool, plans, some)
        for id in some:
            if execution := found.get(id):
                result.add(execution, evaluate(execution, instruction, viewer))
        await asyncio.sleep(0)
    return result
