"""The mutations of flows."""

import strawberry

from schema.context import Info
from schema.flow.changes import delete_flow, run_test, save_flow, set_flow_enabled
from schema.flow.inputs import DeleteFlowInput, RunTestInput, SaveFlowInput, SetFlowEnabledInput
from schema.flow.payloads import (
    DeleteFlowPayload,
    RunTestPayload,
    SaveFlowPayload,
    SetFlowEnabledPayload,
)
from schema.mutation_payload import payload_of


@strawberry.type
class FlowMutation:
    @strawberry.mutation
    async def save_flow(self, info: Info, input: SaveFlowInput) -> SaveFlowPayload:
        return await payload_of(SaveFlowPayload, info, save_flow(info, input.source))

    @strawberry.mutation
    async def delete_flow(self, info: Info, input: DeleteFlowInput) -> DeleteFlowPayload:
        return await payload_of(DeleteFlowPayload, info, delete_flow(info, input))

    @strawberry.mutation
    async def set_flow_enabled(
        self, info: Info, input: SetFlowEnabledInput
    ) -> SetFlowEnabledPayload:
        return await payload_of(SetFlowEnabledPayload, info, set_flow_enabled(info, input))

    @strawberry.mutation
    async def run_test(self, info: Info, input: RunTestInput) -> RunTestPayload:
        return await payload_of(RunTestPayload, info, run_test(info, input))
