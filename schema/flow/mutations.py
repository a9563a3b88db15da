"""The roots of acting on flows, beside saving them."""

import strawberry

from schema.answers import answered
from schema.context import Info
from schema.flow.changes import delete_flow, run_test, save_flow, set_flow_enabled
from schema.flow.inputs import DeleteFlowInput, RunTestInput, SaveFlowInput, SetFlowEnabledInput
from schema.flow.payloads import (
    DeleteFlowPayload,
    RunTestPayload,
    SaveFlowPayload,
    SetFlowEnabledPayload,
)


@strawberry.type
class FlowMutation:
    @strawberry.mutation
    async def save_flow(self, info: Info, input: SaveFlowInput) -> SaveFlowPayload:
        return await answered(SaveFlowPayload, info, save_flow(info, input.source))

    @strawberry.mutation
    async def delete_flow(self, info: Info, input: DeleteFlowInput) -> DeleteFlowPayload:
        return await answered(DeleteFlowPayload, info, delete_flow(info, input))

    @strawberry.mutation
    async def set_flow_enabled(
        self, info: Info, input: SetFlowEnabledInput
    ) -> SetFlowEnabledPayload:
        return await answered(SetFlowEnabledPayload, info, set_flow_enabled(info, input))

    @strawberry.mutation
    async def run_test(self, info: Info, input: RunTestInput) -> RunTestPayload:
        return await answered(RunTestPayload, info, run_test(info, input))
