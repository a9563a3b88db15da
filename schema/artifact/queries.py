"""The queries of artifacts, lineage and pipelines."""

import strawberry

from models.access.viewer import Permission
from models.errors import ProblemCode, Refused
from models.ids import Prefix, untyped
from runner.history.lineage import Lineage, trace
from runner.store.artifacts import lineage as store
from runner.store.where import Arguments, compile_scope
from schema.access_checks import needs_somewhere
from schema.context import Info
from schema.enums import LineageDirection
from schema.external.inputs import ArtifactFilter
from schema.types.artifact.artifact import Artifact, ArtifactConnection, ArtifactEdge
from schema.types.artifact.lineage import LineageGraph, Pipeline
from schema.types.paging import Count, Paging, id_cursor, page_info

_DEFAULT_DEPTH, _MAX_DEPTH = 6, 50
_SIDES: dict[Prefix, store.Side] = {"exec": "execution_id", "art": "artifact_id"}


@strawberry.type
class TracingQuery:
    @strawberry.field
    async def artifacts(
        self,
        info: Info,
        where: ArtifactFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> ArtifactConnection:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        paging = Paging.of(first, after, last, before)
        return await _read_artifacts(info, where or ArtifactFilter(), paging)

    @strawberry.field
    async def lineage(
        self,
        info: Info,
        of: strawberry.ID,
        direction: LineageDirection = LineageDirection.BOTH,
        depth: int | None = None,
    ) -> LineageGraph:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        return LineageGraph.of(await _trace(info, of, direction, depth or _DEFAULT_DEPTH))

    @strawberry.field
    async def pipelines(self, info: Info) -> list[Pipeline]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        rows = await store.pipelines(info.context.services.pool, info.context.viewer.scope)
        return [
            Pipeline(
                namespace=row["namespace"],
                key=row["flow_key"],
                kinds=row["kinds"],
                execution_count=row["executions"],
            )
            for row in rows
        ]


async def _read_artifacts(info: Info, where: ArtifactFilter, paging: Paging) -> ArtifactConnection:
    pool = info.context.services.pool
    arguments, counting = Arguments(), Arguments()
    scope = info.context.viewer.scope
    page = await store.artifacts_page(
        pool,
        f"{compile_scope(scope, arguments)} and {where.to_condition(arguments, scope)}",
        arguments,
        paging.window("art"),
    )
    value, exact = await store.count_artifacts(
        pool,
        f"{compile_scope(scope, counting)} and {where.to_condition(counting, scope)}",
        counting,
    )
    nodes = [Artifact.of(row) for row in page.rows]
    cursors = [id_cursor("art", row["id"]) for row in page.rows]
    return ArtifactConnection(
        edges=[ArtifactEdge(node=n, cursor=c) for n, c in zip(nodes, cursors, strict=True)],
        nodes=nodes,
        page_info=page_info(page, cursors),
        total_count=Count(value=value, exact=exact),
    )


async def _trace(info: Info, of: str, direction: LineageDirection, depth: int) -> Lineage:
    if not 1 <= depth <= _MAX_DEPTH:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"depth must be between 1 and {_MAX_DEPTH}; got {depth}",
            "depth",
        )
    prefix = next((prefix for prefix in _SIDES if of.startswith(f"{prefix}_")), None)
    if prefix is None:
        return Lineage()
    try:
        key = untyped(prefix, of)
    except Refused:
        return Lineage()
    return await trace(
        info.context.services.pool,
        info.context.viewer.scope,
        _SIDES[prefix],
        key,
        up=direction is not LineageDirection.DOWNSTREAM,
        down=direction is not LineageDirection.UPSTREAM,
        depth=depth,
    )
