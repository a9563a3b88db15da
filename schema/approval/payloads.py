"""The payloads of `approve` and `reject`."""

import strawberry

from schema.types.approval import Approval
from schema.types.execution.execution import Execution
from schema.types.problems import Problem


@strawberry.type
class ApprovePayload:
    approval: Approval | None = None
    execution: Execution | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class RejectPayload(ApprovePayload):
    pass
