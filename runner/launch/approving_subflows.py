"""Finds the subflow tasks whose flows contain approvals: skipping such a task would skip its approvals."""

from collections.abc import Mapping
from uuid import UUID

from models.lifecycle.approvals.consent import undecided_within
from models.lifecycle.snapshot import CompiledFlow, Execution
from models.spec import SubflowTask
from runner.store.execution.snapshots import read_executions
from runner.store.flow_lookup import Named
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool


async def asking_subflows(
    pool: Pool, plans: Plans, plan: CompiledFlow, source: Execution | None = None
) -> Mapping[str, str | None]:
    """Returns the task keys, each with the reason why the decisions made in the child of `source` do not apply (None if
    they apply)."""
    asking = await _asking(pool, plans, plan, {})
    return {key: await _undecided(pool, plans, source, key) for key in sorted(asking)}


async def _asking(
    pool: Pool, plans: Plans, plan: CompiledFlow, known: dict[Named, bool]
) -> set[str]:
    """Finds approvals at any depth. Each flow is read once, even if it starts itself."""
    found = set()
    for key, spec in plan.tasks.items():
        if not isinstance(spec, SubflowTask) or spec.disabled or not spec.wait:
            continue
        named = Named(spec.namespace or plan.spec.namespace, spec.flow, spec.revision)
        if named not in known:
            known[named] = False
            child = await _plan_of(pool, plans, named)
            known[named] = bool(
                child and (child.asking or await _asking(pool, plans, child, known))
            )
        if known[named]:
            found.add(key)
    return found | _enclosing(plan, found)


def _enclosing(plan: CompiledFlow, keys: set[str]) -> set[str]:
    """Returns the foreach tasks that contain one of these tasks."""
    found = set()
    for key in keys:
        parent = plan.parents[key]
        while parent is not None:
            found.add(parent)
            parent = plan.parents[parent]
    return found


async def _plan_of(pool: Pool, plans: Plans, named: Named) -> CompiledFlow | None:
    row = (await plans.launches.find(pool, [named])).get(named)
    if row is None or row["revision_id"] is None:
        return None
    async with pool.acquire() as connection:
        plan = (await plans.by_id(connection, [row["revision_id"]]))[row["revision_id"]]
    return None if plan.unreadable else plan


async def _undecided(pool: Pool, plans: Plans, source: Execution | None, key: str) -> str | None:
    """Checks the executions that the task run or its iterations started, and their descendants."""
    run = source.tasks.get(key) if source else None
    if source is None or run is None:
        return "needs approvals in the flow that it starts"
    if run.outputs_from is not None and run.child is None:
        return None if run.decided_on else f"was not decided in {source.name}"
    ids = _children(source, key)
    seen: set[UUID] = set()
    while ids:
        found = await read_executions(pool, plans, sorted(ids))
        seen |= ids
        if len(found) < len(ids):
            return "was decided in an execution that has been deleted"
        for child in found.values():
            if why := undecided_within(child):
                return why
        ids = {id for child in found.values() for id in _children(child)} - seen
    return None


def _children(execution: Execution, within: str | None = None) -> set[UUID]:
    """Returns the children of all task runs, or of the task run `within` and its iterations."""
    return {
        task.child
        for task in execution.tasks.values()
        if task.child
        and (within is None or task.path == within or task.path.startswith(f"{within}["))
    }
