"""The roots of acting on flows, beside saving them."""

import strawberry

from schema.context import Info
from schema.execution.actions import answered
from schema.flow.changes import delete_flow, run_test, set_flow_enabled
from schema.flow.inputs import (
    DeleteFlowInput,
    DeleteFlowPayload,
    RunTestInput,
    RunTestPayload,
    SetFlowEnabledInput,
    SetFlowEnabledPayload,
)


@strawberry.type
class FlowMutation:
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
