"""Bulk actions: previews, and running or ended bulk actions with the outcome of each execution."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from models.bulk import BulkMode, BulkOutcome, BulkState
from models.errors import ProblemCode
from models.ids import part_of, typed
from models.lifecycle.actions import Action
from models.states import Channel
from runner.bulk.previews import OutcomeGroup, PreviewResult
from runner.store import bulk, bulk_results
from runner.store.bulk import ProgressRow
from runner.store.pages import COUNT_LIMIT
from runner.store.rows import BulkItemRow, BulkRow
from schema.context import Info
from schema.loading.batched_pool import batched_pool
from schema.types.actors import Actor
from schema.types.execution.execution import Execution
from schema.types.node import Node
from schema.types.paging import Count, PageInfo, Paging, decode_cursor, encode_cursor, page_info
from schema.types.problems import Problem, problem_of


async def _executions(info: Info, keys: Sequence[UUID]) -> list[Execution]:
    rows = await info.context.loaders.execution.load_many(list(keys))
    return [Execution.of(row) for row in rows if row]


@strawberry.type
class BulkRefusal:
    keys: strawberry.Private[list[UUID]]
    code: ProblemCode
    reason: str
    count: int

    @classmethod
    def of(cls, alike: OutcomeGroup) -> Self:
        return cls(
            keys=alike.samples,
            code=alike.code or ProblemCode.INVALID_STATE,
            reason=alike.reason or "",
            count=alike.count,
        )

    @strawberry.field
    async def samples(self, info: Info) -> list[Execution]:
        return await _executions(info, self.keys)


@strawberry.type
class BulkPreview:
    keys: strawberry.Private[list[UUID]]
    id: strawberry.ID
    action: Action
    total: int
    would_apply: int
    not_allowed: list[BulkRefusal]
    forbidden: int
    not_found: list[strawberry.ID]
    expires_at: datetime

    @classmethod
    def of(cls, row: BulkRow, found: PreviewResult, not_found: Sequence[str]) -> Self:
        groups = found.groups.values()
        allowed = next((group for group in groups if group.code is None), OutcomeGroup(None, None))
        refused = [group for group in groups if group.code is not None]
        return cls(
            keys=allowed.samples,
            id=strawberry.ID(typed("bulk", row["id"])),
            action=Action(row["action"]),
            total=row["total"],
            would_apply=allowed.count,
            not_allowed=[
                BulkRefusal.of(group) for group in refused if group.code is not _FORBIDDEN
            ],
            forbidden=sum(group.count for group in refused if group.code is _FORBIDDEN),
            not_found=[strawberry.ID(id) for id in not_found],
            expires_at=row["expires_at"],
        )

    @strawberry.field
    async def samples(self, info: Info) -> list[Execution]:
        return await _executions(info, self.keys)


_FORBIDDEN = ProblemCode.FORBIDDEN


@strawberry.type
class BulkCounts:
    total: int
    done: int
    refused: int
    left: int


@strawberry.type
class BulkResult(Node):
    execution_key: strawberry.Private[UUID]
    made_key: strawberry.Private[UUID | None]
    execution_id: strawberry.ID
    name: str
    outcome: BulkOutcome
    problem: Problem | None
    at: datetime | None

    @classmethod
    def of(cls, row: BulkItemRow) -> Self:
        problem = bulk_results.problem_of(row)
        return cls(
            id=strawberry.ID(part_of("bres", row["bulk_id"], row["position"])),
            execution_key=row["execution_id"],
            made_key=row["made"],
            execution_id=strawberry.ID(typed("exec", row["execution_id"])),
            name=row["name"],
            outcome=BulkOutcome(row["outcome"] or BulkOutcome.LEFT),
            problem=problem_of(problem) if problem else None,
            at=row["at"],
        )

    @strawberry.field
    async def execution(self, info: Info) -> Execution | None:
        return Execution.maybe(await info.context.loaders.execution.load(self.execution_key))

    @strawberry.field
    async def started(self, info: Info) -> Execution | None:
        if self.made_key is None:
            return None
        return Execution.maybe(await info.context.loaders.execution.load(self.made_key))


@strawberry.type
class BulkResultEdge:
    node: BulkResult
    cursor: str


@strawberry.type
class BulkResultConnection:
    bulk_key: strawberry.Private[UUID]
    outcome: strawberry.Private[BulkOutcome | None]
    edges: list[BulkResultEdge]
    nodes: list[BulkResult]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: Info) -> Count:
        scope, pool = info.context.viewer.scope, batched_pool(info)
        found = await bulk_results.count(pool, scope, self.bulk_key, self.outcome)
        return Count(value=found, exact=found <= COUNT_LIMIT)


@strawberry.type
class Bulk(Node):
    key: strawberry.Private[UUID]
    action: Action
    mode: BulkMode
    state: BulkState
    counts: BulkCounts
    progress: float
    actor: Actor
    channel: Channel
    reason: str | None
    started_at: datetime
    ended_at: datetime | None
    cancelled_by: Actor | None

    @classmethod
    def of(cls, row: ProgressRow) -> Self:
        assert row["mode"]
        assert row["state"]
        assert row["channel"]
        assert row["started_at"]
        total, left = row["total"], row["left"]
        return cls(
            id=strawberry.ID(typed("bulk", row["id"])),
            key=row["id"],
            action=Action(row["action"]),
            mode=BulkMode(row["mode"]),
            state=BulkState(row["state"]),
            counts=BulkCounts(total=total, done=row["done"], refused=row["refused"], left=left),
            progress=(total - left) / total if total else 1.0,
            actor=Actor.of(row["actor"]),
            channel=Channel(row["channel"]),
            reason=row["reason"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            cancelled_by=Actor.of(row["cancelled_by"]) if row["cancelled_by"] else None,
        )

    @strawberry.field
    async def results(
        self,
        info: Info,
        outcome: BulkOutcome | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> BulkResultConnection:
        paging = Paging.of(first, after, last, before)
        cursor = int(decode_cursor("bulk", paging.cursor), 16) if paging.cursor else None
        pool, scope = batched_pool(info), info.context.viewer.scope
        page = await bulk_results.page(
            pool, scope, self.key, outcome, paging.size, cursor, paging.backwards
        )
        nodes = [BulkResult.of(row) for row in page.rows]
        cursors = [encode_cursor("bulk", f"{row['position']:x}") for row in page.rows]
        return BulkResultConnection(
            bulk_key=self.key,
            outcome=outcome,
            edges=[BulkResultEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)],
            nodes=nodes,
            page_info=page_info(page, cursors),
        )


async def find_bulk(info: Info, key: UUID) -> Bulk | None:
    """Returns a bulk action that the viewer may see. Concurrent callers share one read."""
    viewer, services = info.context.viewer, info.context.services
    row = (await services.bulks.find(services.pool, [key])).get(key)
    return Bulk.of(row) if row and bulk.is_seen(row, viewer.scope, viewer.actor) else None


async def find_bulk_result(info: Info, key: UUID, position: int) -> BulkResult | None:
    """Returns a result whose bulk action and execution the viewer may see."""
    if await find_bulk(info, key) is None:
        return None
    scope = info.context.viewer.scope
    row = await bulk_results.find(batched_pool(info), scope, key, position)
    return BulkResult.of(row) if row else None
