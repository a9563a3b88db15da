"""The roots of bulk actions."""

import strawberry

from schema.answers import answered
from schema.bulk.bulk import cancel_bulk, preview_bulk, run_bulk
from schema.bulk.inputs import CancelBulkInput, PreviewBulkInput, RunBulkInput
from schema.bulk.payloads import CancelBulkPayload, PreviewBulkPayload, RunBulkPayload
from schema.context import Info


@strawberry.type
class BulkMutation:
    @strawberry.mutation
    async def preview_bulk(self, info: Info, input: PreviewBulkInput) -> PreviewBulkPayload:
        return await answered(PreviewBulkPayload, info, preview_bulk(info, input))

    @strawberry.mutation
    async def run_bulk(self, info: Info, input: RunBulkInput) -> RunBulkPayload:
        return await answered(RunBulkPayload, info, run_bulk(info, input))

    @strawberry.mutation
    async def cancel_bulk(self, info: Info, input: CancelBulkInput) -> CancelBulkPayload:
        return await answered(CancelBulkPayload, info, cancel_bulk(info, input))
