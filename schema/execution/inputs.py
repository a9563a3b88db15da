"""The inputs of the mutations of executions; `to_...` converts them to domain objects."""

from datetime import datetime
from enum import Enum

import strawberry

from models.ids import untyped
from models.run_options import RunOptions
from models.states import ExecutionState, FailureAction, LabelMode, TaskRunState
from runner.launch.launch import Launch
from schema.labels import LabelInput, labels_from
from schema.scalars import JSON, object_of


@strawberry.input
class CreateExecutionInput:
    namespace: str
    flow: str
    revision: int | None = None
    inputs: JSON | None = None
    labels: list[LabelInput] | None = None
    kind: str | None = None
    on_failure: FailureAction | None = None
    disabled_tasks: list[str] | None = None
    rerun_of: strawberry.ID | None = None
    no_cache: bool | None = None
    priority: int | None = None
    scheduled_at: datetime | None = None
    idempotency_key: str | None = None
    reason: str | None = None

    def to_launch(self) -> Launch:
        return Launch(
            namespace=self.namespace,
            flow=self.flow,
            revision=self.revision,
            inputs=object_of(self.inputs, "inputs") or {},
            labels=labels_from(self.labels),
            kind=self.kind,
            on_failure=self.on_failure,
            options=RunOptions(
                disabled_tasks=tuple(self.disabled_tasks or ()),
                priority=self.priority or 0,
                no_cache=bool(self.no_cache),
                scheduled_at=self.scheduled_at,
            ),
            idempotency_key=self.idempotency_key,
            rerun_of=untyped("exec", self.rerun_of) if self.rerun_of else None,
        )


@strawberry.input
class OnExecution:
    """Fields that every action on an execution takes. Not in the schema itself; inputs extend it."""

    id: strawberry.ID
    reason: str | None = None
    expected_seq: int | None = None


@strawberry.input
class ActionInput(OnExecution):
    cascade: bool | None = None

    @property
    def cascades(self) -> bool:
        return self.cascade is not False


@strawberry.input
class CancelExecutionInput(ActionInput):
    force: bool | None = None


@strawberry.input
class RetryFailedInput(OnExecution):
    plan: bool | None = None


@strawberry.input
class RestartExecutionInput(RetryFailedInput):
    pass


@strawberry.enum
class RevisionChoice(Enum):
    SAME = "SAME"
    LATEST = "LATEST"


@strawberry.input
class ReplayExecutionInput:
    id: strawberry.ID
    from_task: str | None = None
    revision: RevisionChoice | None = None
    inputs: JSON | None = None
    reason: str | None = None
    override_approvals: bool | None = None
    plan: bool | None = None
    idempotency_key: str | None = None


@strawberry.input
class PrepareExecutionInput:
    id: strawberry.ID
    revision: RevisionChoice | None = None


@strawberry.input
class ChangeStateInput:
    id: strawberry.ID
    state: ExecutionState
    reason: str
    expected_seq: int | None = None


@strawberry.input
class ChangeTaskRunStateInput:
    task_run_id: strawberry.ID
    state: TaskRunState
    reason: str
    outputs: JSON | None = None
    expected_seq: int | None = None


@strawberry.input
class SendEventInput:
    name: str
    execution_id: strawberry.ID | None = None
    namespace: str | None = None
    data: JSON | None = None
    reason: str | None = None


@strawberry.input
class SetLabelsInput:
    id: strawberry.ID
    labels: list[LabelInput]
    mode: LabelMode | None = None
    reason: str | None = None


@strawberry.input
class AddNoteInput:
    id: strawberry.ID
    text: str
    idempotency_key: str | None = None


@strawberry.input
class ManyInput:
    ids: list[strawberry.ID]
    reason: str | None = None


@strawberry.input
class DeleteExecutionsInput(ManyInput):
    logs: bool = True
    metrics: bool = True
    artifacts: bool = True
