"""What mutations answer: what changed, and the problems; one of the two is always there."""

import strawberry

from schema.types.approval import Approval
from schema.types.execution import Execution
from schema.types.flow import Flow, FlowRevision
from schema.types.problems import Problem
from schema.types.schedule import BackfillTick, Schedule


@strawberry.type
class SaveFlowPayload:
    flow: Flow | None = None
    revision: FlowRevision | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class CreateExecutionPayload:
    execution: Execution | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class CancelExecutionPayload(CreateExecutionPayload):
    pass


@strawberry.type
class PauseExecutionPayload(CreateExecutionPayload):
    pass


@strawberry.type
class ResumeExecutionPayload(CreateExecutionPayload):
    pass


@strawberry.type
class RetryFailedPayload(CreateExecutionPayload):
    pass


@strawberry.type
class SetLabelsPayload(CreateExecutionPayload):
    pass


@strawberry.type
class ApprovePayload:
    approval: Approval | None = None
    execution: Execution | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class RejectPayload(ApprovePayload):
    pass


@strawberry.type
class SaveSchedulePayload:
    schedule: Schedule | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class DeleteSchedulePayload(SaveSchedulePayload):
    pass


@strawberry.type
class SetScheduleEnabledPayload(SaveSchedulePayload):
    pass


@strawberry.type
class BackfillSchedulePayload(SaveSchedulePayload):
    ticks: list[BackfillTick] = strawberry.field(default_factory=list)
