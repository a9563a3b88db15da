"""Bulk actions on many executions: preview, run, cancel and watch."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from models.access.viewer import Permission
from models.bulk import PERMISSIONS, BulkState
from models.errors import ProblemCode, Refused
from models.ids import typed, untyped
from models.lifecycle.actions import Action
from runner.bulk import previews, runs
from runner.bulk.requests import RequestBuilder
from runner.bulk.runs import Run
from runner.store import bulk as store
from runner.store.access import tokens
from schema.access_checks import needs, needs_everywhere, needs_somewhere
from schema.bulk.inputs import CancelBulkInput, PreviewBulkInput, RunBulkInput
from schema.context import Info
from schema.lists.filters import filter_from
from schema.types.bulk import Bulk, BulkPreview, find_bulk

COALESCE = 0.25
"""Minimum seconds between two messages of one bulk action."""


async def preview_bulk(info: Info, input: PreviewBulkInput) -> dict[str, Any]:
    needs_somewhere(info, Permission.VIEW_EXECUTION)
    instruction = input.to_instruction()
    ids, not_found = await _set_of(info, input)
    services = info.context.services
    row, found = await previews.preview(
        services.pool,
        services.engine.plans,
        info.context.viewer,
        instruction,
        ids,
        _audit_data(input),
        input.reason,
    )
    info.context.refresh()
    return {"preview": BulkPreview.of(row, found, not_found)}


async def _set_of(info: Info, input: PreviewBulkInput) -> tuple[Sequence[UUID], list[str]]:
    """Returns the selected executions, and those of `ids` that the viewer cannot see. Raises Refused."""
    if (input.ids is None) == (input.where is None and input.search is None):
        raise Refused.because(
            ProblemCode.VALIDATION,
            "name the executions either by ids, or by where and search",
            "ids",
        )
    if input.search is not None and not input.search.strip():
        raise Refused.because(
            ProblemCode.VALIDATION,
            "an empty search would match every execution; narrow it down",
            "search",
        )
    pool, scope = info.context.services.pool, info.context.viewer.scope
    if input.ids is None:
        return await previews.find_matching(pool, scope, filter_from(input.where, input.search)), []
    given: list[str] = list(dict.fromkeys(input.ids))
    previews.check_count(given)
    keys = {id: key for id in given if (key := _key(id))}
    visible = await store.visible(pool, scope, list(keys.values()))
    return (
        [key for key in dict.fromkeys(keys.values()) if key in visible],
        [id for id in given if keys.get(id) not in visible],
    )


def _key(id: str) -> UUID | None:
    try:
        return untyped("exec", id)
    except Refused:
        return None


def _audit_data(input: PreviewBulkInput) -> Any:
    """Describes the selection for the audit log: its filter, or the number of ids."""
    if input.ids is not None:
        return {"ids": len(input.ids)}
    where = {"where": _given(asdict(input.where))} if input.where else {}
    return where | ({"search": input.search} if input.search else {})


def _given(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.strip("_"): _given(one) for name, one in value.items() if one is not None}
    return [_given(one) for one in value] if isinstance(value, list) else value


async def run_bulk(info: Info, input: RunBulkInput) -> dict[str, Any]:
    services, viewer = info.context.services, info.context.viewer
    id = untyped("bulk", input.preview_id)
    row = await store.find(services.pool, id)
    if row is None or row["actor"] != viewer.actor:
        raise Refused.because(
            ProblemCode.NOT_FOUND, f"no preview {input.preview_id}; preview again", "previewId"
        )
    needs_somewhere(info, PERMISSIONS[Action(row["action"])])
    await _refuse_hidden(info, id)
    origin = info.context.origin(row["reason"] if input.reason is None else input.reason)
    instruction = store.instruction_of(row)
    instruction.check_reason(origin.reason)
    orders = RequestBuilder(
        services.pool,
        services.engine,
        services.evaluator,
        services.vault,
        instruction,
        origin,
        viewer,
    )
    token = viewer.credential and await tokens.of_credential(services.pool, viewer.credential)
    wanted = Run(
        row,
        input.mode,
        origin,
        viewer.grants,
        token["id"] if token else None,
        input.idempotency_key,
    )
    await runs.run(services.pool, services.engine, services.feed, wanted, orders)
    info.context.refresh()
    return {"bulk": await find_bulk(info, id)}


async def _refuse_hidden(info: Info, id: UUID) -> None:
    """Checks the scope again: it may have shrunk since the preview."""
    if await store.has_hidden(info.context.services.pool, info.context.viewer.scope, id):
        raise Refused.because(
            ProblemCode.CONFLICT,
            "you can no longer see all of these executions; preview again",
            "previewId",
        )


async def cancel_bulk(info: Info, input: CancelBulkInput) -> dict[str, Any]:
    services, viewer = info.context.services, info.context.viewer
    id = untyped("bulk", input.id)
    row = await store.find_seen(services.pool, viewer.scope, viewer.actor, id)
    if row is None:
        raise Refused.not_found(f"no bulk {input.id}")
    permission = PERMISSIONS[Action(row["action"])]
    if row["namespace"]:
        needs(info, permission, row["namespace"])
    elif row["actor"] != viewer.actor:
        needs_everywhere(info, permission)
    await runs.cancel(services.pool, services.feed, row, info.context.origin(input.reason))
    return {"bulk": await find_bulk(info, id)}


async def bulk_of(info: Info, id: str) -> Bulk | None:
    needs_somewhere(info, Permission.VIEW_EXECUTION)
    key = _bulk_key(id)
    return await find_bulk(info, key) if key else None


def _bulk_key(id: str) -> UUID | None:
    try:
        return untyped("bulk", id)
    except Refused:
        return None


async def watch_bulk(info: Info, id: str) -> AsyncGenerator[Bulk, None]:
    """Yields the bulk action, now and at every change, until it has ended."""
    needs_somewhere(info, Permission.VIEW_EXECUTION)
    key = untyped("bulk", id)
    seen: Any = None
    with info.context.services.feed.watch(f"b:{key}") as watch:
        while True:
            info.context.refresh()
            found = await find_bulk(info, key)
            if found is None:
                raise Refused.not_found(f"no bulk {typed('bulk', key)}")
            if (found.state, found.counts) != seen:
                seen = found.state, found.counts
                yield found
            if found.state is not BulkState.RUNNING:
                return
            await asyncio.sleep(COALESCE)
            await watch.changed()
