"""Reads the plan and snapshot of an execution, which may be deleted meanwhile."""

from uuid import UUID

from models.errors import Refused
from models.lifecycle.snapshot import CompiledFlow, Execution
from runner.store.rows import ExecutionRow
from schema.context import Info


async def row_of(info: Info, key: UUID) -> ExecutionRow:
    """Reads the row of an execution. Raises Refused NOT_FOUND when it was deleted since."""
    row = await info.context.loaders.execution.load(key)
    if row is None:
        raise Refused.not_found("the execution was deleted just now")
    return row


async def snapshot_of(info: Info, key: UUID) -> Execution:
    """Reads the snapshot of an execution. Raises Refused NOT_FOUND when it was deleted since."""
    snapshot = await info.context.loaders.snapshot.load(key)
    if snapshot is None:
        raise Refused.not_found("the execution was deleted just now")
    return snapshot


async def plan_of(info: Info, key: UUID) -> CompiledFlow:
    """Reads the plan of an execution. Raises Refused NOT_FOUND when it was deleted since."""
    plan = await info.context.loaders.plan.load(key)
    if plan is None:
        raise Refused.not_found("the execution was deleted just now")
    return plan
