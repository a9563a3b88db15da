"""The subflow tasks whose flows ask people: leaving one out would leave out who is asked there."""

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
    """By key; with why the decisions that were made in the child of `source` do not stand, where they do not."""
    asking = await _asking(pool, plans, plan, {})
    return {key: await _undecided(pool, plans, source, key) for key in sorted(asking)}


async def _asking(
    pool: Pool, plans: Plans, plan: CompiledFlow, known: dict[Named, bool]
) -> set[str]:
    """However deep it asks; each flow is looked at once, also one that starts itself."""
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
    return found | _around(plan, found)


def _around(plan: CompiledFlow, keys: set[str]) -> set[str]:
    """Each foreach that has one of them in it."""
    found = set()
    for key in keys:
        around = plan.parents[key]
        while around is not None:
            found.add(around)
            around = plan.parents[around]
    return found


async def _plan_of(pool: Pool, plans: Plans, named: Named) -> CompiledFlow | None:
    row = (await plans.launches.find(pool, [named])).get(named)
    if row is None or row["revision_id"] is None:
        return None
    async with pool.acquire() as connection:
        plan = (await plans.by_id(connection, [row["revision_id"]]))[row["revision_id"]]
    return None if plan.unreadable else plan


async def _undecided(pool: Pool, plans: Plans, source: Execution | None, key: str) -> str | None:
    """Looks at the executions that the task run, or one of its iterations, started, and those that they started."""
    run = source.tasks.get(key) if source else None
    if source is None or run is None:
        return "asks people in the flow that it starts"
    if run.outputs_from is not None and run.child is None:
        return None if run.decided_on else f"was not decided in {source.name}"
    ids = _children(source, key)
    seen: set[UUID] = set()
    while ids:
        found = await read_executions(pool, plans, sorted(ids))
        seen |= ids
        if len(found) < len(ids):
            return "was decided in an execution that is gone"
        for child in found.values():
            if why := undecided_within(child):
                return why
        ids = {id for child in found.values() for id in _children(child)} - seen
    return None


def _children(execution: Execution, within: str | None = None) -> set[UUID]:
    """Of all its task runs, or of one and what is within it."""
    return {
        task.child
        for task in execution.tasks.values()
        if task.child
        and (within is None or task.path == within or task.path.startswith(f"{within}["))
    }
