"""Inputs and payloads of the mutations of flows other than saving."""

import strawberry

from schema.execution.payloads import CreateExecutionPayload
from schema.labels import LabelInput
from schema.scalars import JSON
from schema.types.flow.flow import Flow
from schema.types.problems import Problem


@strawberry.input
class DeleteFlowInput:
    namespace: str
    key: str
    reason: str | None = None


@strawberry.input
class SetFlowEnabledInput:
    namespace: str
    key: str
    enabled: bool
    reason: str | None = None


@strawberry.input
class RunTestInput:
    source: str
    inputs: JSON | None = None
    labels: list[LabelInput] | None = None
    idempotency_key: str | None = None
    reason: str | None = None


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
