"""The inputs of the mutations of flows."""

import strawberry

from schema.labels import LabelInput
from schema.scalars import JSON


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


@strawberry.input
class SaveFlowInput:
    source: str
