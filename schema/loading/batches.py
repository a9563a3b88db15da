"""Batched reads whose keys are more than one id, or that take arguments: one statement for all rows of a list."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from models.lifecycle.snapshot import CompiledFlow
from runner.history.point_in_time import moment_of
from runner.store.artifacts import lineage, metric_lists
from runner.store.artifacts.metric_lists import MetricsOf
from runner.store.execution import event_log, history
from runner.store.execution.event_log import EventRow
from runner.store.flows import flow_runs, flows
from runner.store.flows.flow_runs import FlowPage
from runner.store.lists import neighbours
from runner.store.lists.neighbours import Side
from runner.store.lists.orders import ListedRow
from runner.store.pages import Page
from runner.store.plans import readable
from runner.store.rows import ExecutionRow
from schema.context import Info

Row: TypeAlias = Any


async def neighbour(info: Info, row: ExecutionRow, side: Side) -> ExecutionRow | None:
    """Returns the previous or next execution of the same flow and kind."""
    pool, scope = info.context.services.pool, info.context.viewer.scope
    load = partial(neighbours.neighbours, pool, scope, side)
    found: ExecutionRow | None = await info.context.loaders.once(side, load).load(
        neighbours.anchor_of(row)
    )
    return found


async def resolved_by(info: Info, row: ExecutionRow) -> ExecutionRow | None:
    """Returns the successful rerun or replay that resolved the failure of this execution."""
    load = partial(neighbours.resolved_by, info.context.services.pool, info.context.viewer.scope)
    found: ExecutionRow | None = await info.context.loaders.once("resolved_by", load).load(
        neighbours.anchor_of(row)
    )
    return found


async def made_from(info: Info, most: int, ids: Sequence[UUID]) -> Sequence[Row]:
    """Returns reruns, replays and children of these executions, oldest first, at most `most`."""
    pool, scope = info.context.services.pool, info.context.viewer.scope
    load = partial(history.made_from, pool, scope, most)
    rows: Sequence[Row] = await info.context.loaders.once(("made_from", most), load).load(
        tuple(ids)
    )
    return rows


async def numbered_revision(info: Info, flow_id: UUID, number: int) -> Row | None:
    load = partial(flows.numbered_revisions, info.context.services.pool)
    return await info.context.loaders.once("numbered_revision", load).load((flow_id, number))


async def revisions_of(info: Info, flow_id: UUID, first: int) -> Sequence[Row]:
    """Returns the newest `first` revisions of a flow, newest first."""
    load = partial(flows.revisions_of, info.context.services.pool, first)
    rows: Sequence[Row] = await info.context.loaders.once(("revisions_of", first), load).load(
        flow_id
    )
    return rows


async def plan_of_revision(info: Info, id: UUID) -> CompiledFlow:
    """Raises Refused if this server cannot read the revision."""
    plan: CompiledFlow = await info.context.loaders.once(
        "plan_of_revision", partial(_plans, info)
    ).load(id)
    return readable(plan)


async def _plans(info: Info, ids: Sequence[UUID]) -> list[CompiledFlow]:
    services = info.context.services
    async with services.pool.acquire() as connection:
        found = await services.engine.plans.by_id(connection, ids)
    return [found[id] for id in ids]


async def runs_of_flow(info: Info, page: FlowPage) -> Page[ListedRow]:
    load = partial(flow_runs.pages, info.context.services.pool, info.context.viewer.scope)
    found: Page[ListedRow] = await info.context.loaders.once("runs_of_flow", load).load(page)
    return found


async def count_of_flow(info: Info, namespace: str, key: str) -> tuple[int, bool]:
    load = partial(flow_runs.counts, info.context.services.pool, info.context.viewer.scope)
    found: tuple[int, bool] = await info.context.loaders.once("count_of_flow", load).load(
        (namespace, key)
    )
    return found


async def versions_of(info: Info, namespace: str, name: str) -> Sequence[Row]:
    load = partial(lineage.versions, info.context.services.pool)
    rows: Sequence[Row] = await info.context.loaders.once("versions_of", load).load(
        (namespace, name)
    )
    return rows


async def events_in(
    info: Info, window: event_log.Window, backwards: bool = False
) -> Sequence[EventRow]:
    """Returns the first events of a window or, if `backwards`, the last; in ascending order."""
    load = partial(event_log.windows, info.context.services.pool, backwards)
    rows: Sequence[EventRow] = await info.context.loaders.once(("events_in", backwards), load).load(
        window
    )
    return rows


async def metrics_of(
    info: Info, execution: UUID, first: int, task_run: UUID | None = None, name: str | None = None
) -> Sequence[Row]:
    """Returns the first metrics of an execution, optionally only of one task run or name."""
    load = partial(metric_lists.first_of_executions, info.context.services.pool, first)
    wanted = MetricsOf(execution, moment_of(execution), task_run, name)
    rows: Sequence[Row] = await info.context.loaders.once(("metrics_of", first), load).load(wanted)
    return rows


async def metrics_of_task_run(
    info: Info, execution: UUID, first: int, task_run: UUID, attempt: int | None = None
) -> Sequence[Row]:
    """Returns the first metrics of a task run, or of one of its attempts. The metrics of all task runs of the execution
    are read together."""
    by_attempt = attempt is not None
    load = partial(metric_lists.first_of_each, info.context.services.pool, first, by_attempt)
    loader = info.context.loaders.once(("metrics_of_task_run", first, by_attempt), load)
    found = await loader.load((execution, moment_of(execution)))
    rows: Sequence[Row] = found.get((task_run, attempt), ())
    return rows


async def last_metrics_then(info: Info, execution: UUID) -> Mapping[str, float]:
    """Returns the last value of each metric of a historical execution, by name."""
    load = partial(metric_lists.last_until, info.context.services.pool)
    found: Mapping[str, float] = await info.context.loaders.once("last_metrics_then", load).load(
        (execution, moment_of(execution))
    )
    return found
