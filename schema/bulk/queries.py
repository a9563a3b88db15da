"""The query of bulk actions."""

import strawberry

from schema.bulk.bulk import bulk_of
from schema.context import Info
from schema.types.bulk import Bulk


@strawberry.type
class BulkQuery:
    @strawberry.field
    async def bulk(self, info: Info, id: strawberry.ID) -> Bulk | None:
        return await bulk_of(info, id)
