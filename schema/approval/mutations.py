"""The mutations that decide approval requests."""

import strawberry

from models.states import VoteDecision
from schema.approval.decisions import decide
from schema.approval.inputs import DecideInput
from schema.approval.payloads import ApprovePayload, RejectPayload
from schema.context import Info
from schema.mutation_payload import payload_of


@strawberry.type
class ApprovalMutation:
    @strawberry.mutation
    async def approve(self, info: Info, input: DecideInput) -> ApprovePayload:
        return await payload_of(ApprovePayload, info, decide(info, input, VoteDecision.APPROVE))

    @strawberry.mutation
    async def reject(self, info: Info, input: DecideInput) -> RejectPayload:
        return await payload_of(RejectPayload, info, decide(info, input, VoteDecision.REJECT))
