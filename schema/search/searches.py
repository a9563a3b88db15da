"""Facets, search fields and saved filters."""

import json
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import strawberry

from models.access.viewer import Permission
from models.errors import ProblemCode, Refused
from models.ids import new_id, untyped
from models.search import parse_search
from runner.store.lists import saved_filters
from runner.store.lists.facets import FacetField, FacetWish, facets
from runner.store.rows import SavedFilterRow
from schema.access_checks import needs_somewhere
from schema.context import Info
from schema.lists.filters import ExecutionFilter, filter_from
from schema.lists.orders import order_from
from schema.loading.batched_pool import batched_pool
from schema.mutation_payload import payload_of
from schema.types.comparison.facet import Facet
from schema.types.paging import Paging
from schema.types.saved_filter import (
    DeleteFilterInput,
    DeleteFilterPayload,
    SavedFilter,
    SaveFilterInput,
    SaveFilterPayload,
    may_change,
)
from schema.types.search_field import SearchField, search_fields

_LONGEST_NAME: Final = 100


@strawberry.type
class SearchQuery:
    @strawberry.field
    async def facets(
        self,
        info: Info,
        field: FacetField,
        where: ExecutionFilter | None = None,
        search: str | None = None,
        contains: str | None = None,
        first: int | None = None,
    ) -> list[Facet]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        size, scope = Paging.of(first).size, info.context.viewer.scope
        condition = filter_from(where, search)
        wish = FacetWish(field, size, contains or "")
        found = await facets(info.context.services.pool, scope, condition, wish)
        return [Facet.of(field, one) for one in found]

    @strawberry.field
    def search_fields(self, info: Info) -> list[SearchField]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        return search_fields()

    @strawberry.field
    async def saved_filters(self, info: Info) -> list[SavedFilter]:
        needs_somewhere(info, Permission.VIEW_EXECUTION)
        viewer = info.context.viewer
        rows = await saved_filters.seen_by(info.context.services.pool, viewer.actor)
        return [SavedFilter.of(row, viewer) for row in rows]


@strawberry.type
class SearchMutation:
    @strawberry.mutation
    async def save_filter(self, info: Info, input: SaveFilterInput) -> SaveFilterPayload:
        return await payload_of(SaveFilterPayload, info, save_filter(info, input))

    @strawberry.mutation
    async def delete_filter(self, info: Info, input: DeleteFilterInput) -> DeleteFilterPayload:
        return await payload_of(DeleteFilterPayload, info, delete_filter(info, input))


async def save_filter(info: Info, input: SaveFilterInput) -> dict[str, Any]:
    needs_somewhere(info, Permission.VIEW_EXECUTION)
    viewer, pool = info.context.viewer, info.context.services.pool
    parse_search(input.search)
    order_from(input.order_by, input.order_by_value)
    name = _checked_name(input.name)
    old = await _changeable(info, input.id) if input.id else None
    if (
        old is None
        and await saved_filters.count_of(pool, viewer.actor) >= saved_filters.MOST_OF_ONE
    ):
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"you already have {saved_filters.MOST_OF_ONE} filters, the maximum; delete one first",
        )
    shared = old["shared"] if old and input.shared is None else bool(input.shared)
    given = saved_filters.Filter(
        old["id"] if old else new_id(),
        name,
        old["owner"] if old else viewer.actor,
        shared,
        input.search,
        input.order_by.value if input.order_by else None,
        json.dumps(asdict(input.order_by_value)) if input.order_by_value else None,
    )
    row = await saved_filters.save(pool, given, info.context.origin())
    return {"filter": SavedFilter.of(row, viewer)}


async def delete_filter(info: Info, input: DeleteFilterInput) -> dict[str, Any]:
    needs_somewhere(info, Permission.VIEW_EXECUTION)
    row = await _changeable(info, input.id)
    await saved_filters.delete(info.context.services.pool, row["id"], info.context.origin())
    return {"filter": SavedFilter.of(row, info.context.viewer)}


async def find_filter(info: Info, key: UUID) -> SavedFilter | None:
    viewer = info.context.viewer
    row = await saved_filters.find(batched_pool(info), viewer.actor, key)
    return SavedFilter.of(row, viewer) if row else None


async def _changeable(info: Info, id: str) -> SavedFilterRow:
    """Returns a filter that the viewer may change. Raises Refused if they may not see or change it."""
    viewer = info.context.viewer
    row = await saved_filters.find(info.context.services.pool, viewer.actor, untyped("filt", id))
    if row is None:
        raise Refused.not_found(f"no filter {id}; `savedFilters` lists what there is")
    if not may_change(row, viewer):
        raise Refused.because(
            ProblemCode.FORBIDDEN,
            f"this filter is {row['owner']}'s; save one of your own with the same search",
            "id",
        )
    return row


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST_NAME or "\0" in name:
        raise Refused.because(
            ProblemCode.VALIDATION, f"a name must have 1 to {_LONGEST_NAME} characters", "name"
        )
    return name
