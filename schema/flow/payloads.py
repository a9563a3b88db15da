"""The payloads of the mutations of flows."""

import strawberry

from schema.execution.payloads import CreateExecutionPayload
from schema.types.flow.flow import Flow, FlowRevision
from schema.types.problems import Problem


@strawberry.type
class SaveFlowPayload:
    flow: Flow | None = None
    revision: FlowRevision | None = None
    is_new: bool = False
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class DeleteFlowPayload:
    flow: Flow | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class SetFlowEnabledPayload(DeleteFlowPayload):
    pass


@strawberry.type
class RunTestPayload(CreateExecutionPayload):
    pass
