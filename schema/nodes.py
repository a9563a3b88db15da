"""`node` and `nodes`: find an object by its id; null if it does not exist or the viewer may not see it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from models.access.viewer import Permission
from models.errors import ProblemCode, Refused
from models.ids import untyped, untyped_part
from runner.history.visibility import seen_uses
from runner.store import audit
from runner.store.execution import nodes as store
from runner.store.rows import AttemptRow, FlowRow, RevisionRow, StoredEventRow
from runner.store.workers import ListedWorker
from schema.access.roots import find_principal, find_token
from schema.context import Info
from schema.loading.batched_pool import batched_pool
from schema.loading.visibility import seen_attempt
from schema.search.searches import find_filter
from schema.types.approval import Approval
from schema.types.artifact.artifact import ArtifactUse, find_artifact
from schema.types.audit import AuditEvent
from schema.types.bulk import find_bulk, find_bulk_result
from schema.types.execution.event import views_of
from schema.types.execution.execution import Execution
from schema.types.execution.log_pages import find_line
from schema.types.execution.note import Note
from schema.types.execution.task_run import Attempt, TaskRun
from schema.types.flow.flow import Flow, FlowRevision
from schema.types.flow.schedule import Schedule
from schema.types.node import Node
from schema.types.viewer import Worker

MAX_IDS: Final = 200
"""Maximum number of ids in one call."""
Find = Callable[[Info, UUID], Awaitable[Node | None]]
FindPart = Callable[[Info, UUID, int], Awaitable[Node | None]]


async def find_nodes(info: Info, ids: Sequence[str]) -> list[Node | None]:
    """Raises Refused for more than `MAX_IDS` ids."""
    if len(ids) > MAX_IDS:
        sentence = (
            f"`nodes` takes at most {MAX_IDS} ids, got {len(ids)}; query the others separately"
        )
        raise Refused.because(ProblemCode.VALIDATION, sentence, "ids")
    return await asyncio.gather(*(_find(info, id) for id in ids))


async def _find(info: Info, id: str) -> Node | None:
    prefix = id.partition("_")[0]
    if find_part := PARTS.get(prefix):
        return await _part(info, find_part, prefix, id)
    find = FINDERS.get(prefix)
    if find is None:
        return None
    try:
        key = untyped(prefix, id)  # type: ignore[arg-type]
    except Refused:
        return None
    return await find(info, key)


async def _part(info: Info, find: FindPart, prefix: str, id: str) -> Node | None:
    try:
        whole, number = untyped_part(prefix, id)  # type: ignore[arg-type]
    except Refused:
        return None
    return await find(info, whole, number)


async def _execution(info: Info, key: UUID) -> Node | None:
    return Execution.maybe(await info.context.loaders.execution.load(key))


async def _flow(info: Info, key: UUID) -> Node | None:
    row: FlowRow | None = await info.context.loaders.flow.load(key)
    return Flow.of(row) if row else None


async def _revision(info: Info, key: UUID) -> Node | None:
    row: RevisionRow | None = await info.context.loaders.revision.load(key)
    return FlowRevision.of(row) if row else None


async def _worker(info: Info, key: UUID) -> Node | None:
    if not info.context.viewer.may_somewhere(Permission.VIEW_EXECUTION):
        return None
    row: ListedWorker | None = await batched_pool(info).fetchrow(store.WORKER, key)
    return Worker.of(row) if row else None


async def _audit_event(info: Info, key: UUID) -> Node | None:
    scope = info.context.viewer.scope_of(Permission.READ_AUDIT)
    row = await audit.find_entry(batched_pool(info), scope, key)
    return AuditEvent.of(row) if row else None


async def _task_run(info: Info, key: UUID) -> Node | None:
    row = await info.context.loaders.task_run.load(key)
    if row is None or not await info.context.loaders.execution.load(row["execution_id"]):
        return None
    return TaskRun.of(row)


async def _attempt(info: Info, key: UUID) -> Node | None:
    row: AttemptRow | None = await _row_of_an_execution(info, store.ATTEMPT, key)
    return Attempt.of(await seen_attempt(info.context.loaders.visibility, row)) if row else None


async def _artifact_use(info: Info, key: UUID) -> Node | None:
    row: store.UseRow | None = await _row_of_an_execution(info, store.ARTIFACT_USE, key)
    found = seen_uses(info.context.viewer.scope, [row] if row else [])
    return ArtifactUse.of(found[0]) if found else None


async def _event(info: Info, key: UUID) -> Node | None:
    row: StoredEventRow | None = await _row_of_an_execution(info, store.EVENT, key)
    return (await views_of(info, row["execution_id"], [store.event_of(row)]))[0] if row else None


async def _schedule(info: Info, key: UUID) -> Node | None:
    row = await info.context.loaders.schedule.load(key)
    return Schedule.of(row) if row else None


async def _log_line(info: Info, execution: UUID, number: int) -> Node | None:
    if not await info.context.loaders.execution.load(execution):
        return None
    try:
        return await find_line(info, execution, number)
    except Refused:  # without the permission to read logs
        return None


def _of_an_execution(sql: str, view: Callable[[Any], Node]) -> Find:
    async def find(info: Info, key: UUID) -> Node | None:
        row = await _row_of_an_execution(info, sql, key)
        return view(row) if row else None

    return find


async def _row_of_an_execution(info: Info, sql: str, key: UUID) -> Any:
    """Reads a row; None if the viewer may not see its execution. The caller states the type of the row, which the
    statement decides."""
    row = await batched_pool(info).fetchrow(sql, key)
    if row is None or not await info.context.loaders.execution.load(row["execution_id"]):
        return None
    return row


FINDERS: Final[Mapping[str, Find]] = {
    "exec": _execution,
    "flow": _flow,
    "rev": _revision,
    "wrk": _worker,
    "aud": _audit_event,
    "bulk": find_bulk,
    "note": _of_an_execution(store.NOTE, Note.of),
    "sched": _schedule,
    "filt": find_filter,
    "prin": find_principal,
    "tok": find_token,
    "run": _task_run,
    "att": _attempt,
    "appr": _of_an_execution(store.APPROVAL, Approval.of),
    "art": find_artifact,
    "use": _artifact_use,
    "evt": _event,
}
PARTS: Final[Mapping[str, FindPart]] = {"line": _log_line, "bres": find_bulk_result}
"""Finders of objects whose id is that of another object and a number."""
