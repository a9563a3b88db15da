"""The payloads of the mutations of executions: the changed object, or problems."""

import strawberry

from schema.types.execution.execution import Execution
from schema.types.execution.note import Note
from schema.types.execution.plan import ExecutionDraft, Plan
from schema.types.execution.task_run import TaskRun
from schema.types.problems import Problem


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
    plan: Plan | None = None


@strawberry.type
class RestartExecutionPayload(RetryFailedPayload):
    pass


@strawberry.type
class ReplayExecutionPayload(RetryFailedPayload):
    pass


@strawberry.type
class ForceRunPayload(CreateExecutionPayload):
    pass


@strawberry.type
class ChangeStatePayload(CreateExecutionPayload):
    pass


@strawberry.type
class ChangeTaskRunStatePayload(CreateExecutionPayload):
    task_run: TaskRun | None = None


@strawberry.type
class PrepareExecutionPayload:
    draft: ExecutionDraft | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class SendEventPayload:
    executions: list[Execution] = strawberry.field(default_factory=list)
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class SetLabelsPayload(CreateExecutionPayload):
    pass


@strawberry.type
class AddNotePayload:
    note: Note | None = None
    execution: Execution | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class ArchiveExecutionsPayload:
    executions: list[Execution] = strawberry.field(default_factory=list)
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class UnarchiveExecutionsPayload(ArchiveExecutionsPayload):
    pass


@strawberry.type
class DeleteExecutionsPayload:
    deleted: list[strawberry.ID] = strawberry.field(default_factory=list)
    problems: list[Problem] = strawberry.field(default_factory=list)
