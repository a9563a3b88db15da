"""The mutations of bulk actions."""

import strawberry

from schema.bulk.bulk import cancel_bulk, preview_bulk, run_bulk
from schema.bulk.inputs import CancelBulkInput, PreviewBulkInput, RunBulkInput
from schema.bulk.payloads import CancelBulkPayload, PreviewBulkPayload, RunBulkPayload
from schema.context import Info
from schema.mutation_payload import payload_of


@strawberry.type
class BulkMutation:
    @strawberry.mutation
    async def preview_bulk(self, info: Info, input: PreviewBulkInput) -> PreviewBulkPayload:
        return await payload_of(PreviewBulkPayload, info, preview_bulk(info, input))

    @strawberry.mutation
    async def run_bulk(self, info: Info, input: RunBulkInput) -> RunBulkPayload:
        return await payload_of(RunBulkPayload, info, run_bulk(info, input))

    @strawberry.mutation
    async def cancel_bulk(self, info: Info, input: CancelBulkInput) -> CancelBulkPayload:
        return await payload_of(CancelBulkPayload, info, cancel_bulk(info, input))
