"""The roots of decisions."""

import strawberry

from models.states import VoteDecision
from schema.answers import answered
from schema.approval.decisions import decide
from schema.approval.inputs import DecideInput
from schema.approval.payloads import ApprovePayload, RejectPayload
from schema.context import Info


@strawberry.type
class ApprovalMutation:
    @strawberry.mutation
    async def approve(self, info: Info, input: DecideInput) -> ApprovePayload:
        return await answered(ApprovePayload, info, decide(info, input, VoteDecision.APPROVE))

    @strawberry.mutation
    async def reject(self, info: Info, input: DecideInput) -> RejectPayload:
        return await answered(RejectPayload, info, decide(info, input, VoteDecision.REJECT))
