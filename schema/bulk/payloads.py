"""The payloads of the mutations of bulk actions."""

import strawberry

from schema.types.bulk import Bulk, BulkPreview
from schema.types.problems import Problem


@strawberry.type
class PreviewBulkPayload:
    preview: BulkPreview | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class RunBulkPayload:
    bulk: Bulk | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class CancelBulkPayload(RunBulkPayload):
    pass
