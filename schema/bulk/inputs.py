"""The inputs of the mutations of bulk actions."""

import strawberry

from models.bulk import BulkMode, Instruction
from models.lifecycle.actions import Action
from models.states import ExecutionState, LabelMode
from schema.execution.inputs import RevisionChoice
from schema.labels import LabelInput, labels_from
from schema.lists.filters import ExecutionFilter


@strawberry.input
class PreviewBulkInput:
    action: Action
    ids: list[strawberry.ID] | None = None
    where: ExecutionFilter | None = None
    search: str | None = None
    labels: list[LabelInput] | None = None
    mode: LabelMode | None = None
    state: ExecutionState | None = None
    text: str | None = None
    cascade: bool | None = None
    force: bool | None = None
    from_task: str | None = None
    revision: RevisionChoice | None = None
    logs: bool | None = None
    metrics: bool | None = None
    artifacts: bool | None = None
    reason: str | None = None

    def to_instruction(self) -> Instruction:
        """Raises Refused."""
        instruction = Instruction(
            action=self.action,
            labels=None if self.labels is None else labels_from(self.labels),
            mode=self.mode,
            state=self.state,
            text=self.text,
            cascade=self.cascade,
            force=self.force,
            from_task=self.from_task,
            latest=None if self.revision is None else self.revision is RevisionChoice.LATEST,
            logs=self.logs,
            metrics=self.metrics,
            artifacts=self.artifacts,
        )
        instruction.check()
        return instruction


@strawberry.input
class RunBulkInput:
    preview_id: strawberry.ID
    mode: BulkMode
    reason: str | None = None
    idempotency_key: str | None = None


@strawberry.input
class CancelBulkInput:
    id: strawberry.ID
    reason: str | None = None
