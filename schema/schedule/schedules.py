"""Lists, saves and deletes schedules, and runs backfills."""

from typing import Any
from uuid import UUID

from models.access.viewer import Permission
from models.errors import Problem, ProblemCode, Refused
from models.ids import untyped
from models.spec import given_problems, trigger_input_faults
from runner.launch.backfill import backfill, plan_backfill
from runner.store.flows import flows as flows_store
from runner.store.flows import schedules as store
from runner.store.rows import FlowRow
from runner.store.where import Arguments, compile_scope
from schema.access_checks import needs, needs_on, needs_somewhere
from schema.context import Info
from schema.lists.operators import text_conditions
from schema.schedule.inputs import (
    BackfillScheduleInput,
    DeleteScheduleInput,
    SaveScheduleInput,
    ScheduleFilter,
    SetScheduleEnabledInput,
)
from schema.types.flow.schedule import BackfillTick, Schedule, ScheduleConnection, ScheduleEdge
from schema.types.paging import Count, Paging, id_cursor, page_info


async def read_schedules(
    info: Info, where: ScheduleFilter | None, paging: Paging
) -> ScheduleConnection:
    pool = info.context.services.pool
    arguments = Arguments()
    page = await store.schedules_page(
        pool, _condition(info, where, arguments), arguments, paging.window("sched")
    )
    counting = Arguments()
    value, exact = await store.count_schedules(pool, _condition(info, where, counting), counting)
    nodes = [Schedule.of(row) for row in page.rows]
    cursors = [id_cursor("sched", row["id"]) for row in page.rows]
    return ScheduleConnection(
        edges=[ScheduleEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)],
        nodes=nodes,
        page_info=page_info(page, cursors),
        total_count=Count(value=value, exact=exact),
    )


def _condition(info: Info, where: ScheduleFilter | None, arguments: Arguments) -> str:
    parts = [compile_scope(info.context.viewer.scope_of(Permission.LIST_FLOWS), arguments)]
    if where is None:
        return parts[0]
    for column, given in (
        ("namespace", where.namespace),
        ("flow_key", where.flow),
        ("key", where.key),
    ):
        parts += text_conditions(column, given, arguments)
    if where.enabled is not None:
        parts.append(f"enabled = {arguments.add(where.enabled)}")
    return " and ".join(parts)


async def save_schedule(info: Info, input: SaveScheduleInput) -> dict[str, Any]:
    needs_somewhere(info, Permission.UPDATE_FLOW)
    services = info.context.services
    trigger = input.to_trigger()
    scope = info.context.viewer.scope_of(Permission.LIST_FLOWS)
    flow = await flows_store.find_flow(services.pool, scope, input.namespace, input.flow)
    if flow is None:
        raise Refused.because(
            ProblemCode.NOT_FOUND, f"no flow {input.namespace}/{input.flow}", "flow"
        )
    needs(info, Permission.UPDATE_FLOW, flow["namespace"], "namespace")
    await _check_inputs(info, flow, trigger.inputs)
    async with services.pool.acquire() as connection:
        id = await store.save(
            connection, flow, trigger, info.context.origin(), info.context.viewer.reach
        )
    return {"schedule": Schedule.of(await _row(info, id))}


async def _check_inputs(info: Info, flow: FlowRow, given: dict[str, Any]) -> None:
    """Checks inputs against the flow's latest revision. A later revision may declare others; its ticks are then refused
    with the reason."""
    services = info.context.services
    row = await flows_store.find_revision(services.pool, flow["id"], flow["latest_revision"])
    assert row
    async with services.pool.acquire() as connection:
        plan = await services.engine.plans.of(connection, row["id"])
    problems = [
        Problem(fault.code, fault.message, tuple(map(str, fault.path)))
        for fault in trigger_input_faults(given)
    ]
    problems += given_problems(plan.spec.inputs, given)
    if problems:
        raise Refused(problems)


async def delete_schedule(info: Info, input: DeleteScheduleInput) -> dict[str, Any]:
    row = await _visible(info, input.id, Permission.UPDATE_FLOW)
    await store.remove(info.context.services.pool, row, info.context.origin())
    return {"schedule": Schedule.of(row)}


async def set_schedule_enabled(info: Info, input: SetScheduleEnabledInput) -> dict[str, Any]:
    row = await _visible(info, input.id, Permission.UPDATE_FLOW)
    pool = info.context.services.pool
    await store.set_enabled(pool, row, input.enabled, info.context.origin())
    return {"schedule": Schedule.of(await _row(info, row["id"]))}


async def backfill_schedule(info: Info, input: BackfillScheduleInput) -> dict[str, Any]:
    services = info.context.services
    row = await _visible(info, input.id, Permission.RUN_FLOW)
    schedule = store.Schedule.of(row)
    found = await plan_backfill(services.pool, schedule, input.from_, input.to)
    if not input.plan:
        found = await backfill(
            services.pool,
            services.engine,
            services.evaluator,
            services.vault,
            schedule,
            found,
            info.context.origin(input.reason),
            info.context.viewer.scope_of(Permission.RUN_FLOW),
        )
    info.context.refresh()
    return {
        "schedule": Schedule.of(row),
        "ticks": [
            BackfillTick(
                execution_key=one.execution_id, scheduled_at=one.tick, ran_before=one.before
            )
            for one in found
        ],
    }


async def _visible(info: Info, id: str, permission: Permission) -> store.ScheduleRow:
    """Returns the row of a schedule that the viewer may see and has the permission for. Raises Refused."""
    row = await _row(info, untyped("sched", id))
    needs_on(info, permission, row)
    if row is None:
        raise Refused.not_found(f"no schedule {id}")
    return row


async def _row(info: Info, id: UUID) -> store.ScheduleRow | None:
    info.context.refresh()
    return await info.context.loaders.schedule.load(id)
