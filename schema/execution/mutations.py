"""The mutations of executions."""

import strawberry

from models.ids import untyped
from models.lifecycle.commands.commands import (
    Cancel,
    ForceRun,
    Pause,
    Restart,
    Resume,
    RetryFailed,
    SetLabels,
)
from models.lifecycle.commands.records import Archive, Unarchive
from models.states import LabelMode
from schema.context import Info
from schema.execution import records
from schema.execution.actions import act, change_state, change_task_run_state, launch, send_event
from schema.execution.inputs import (
    ActionInput,
    AddNoteInput,
    CancelExecutionInput,
    ChangeStateInput,
    ChangeTaskRunStateInput,
    CreateExecutionInput,
    DeleteExecutionsInput,
    ManyInput,
    PrepareExecutionInput,
    ReplayExecutionInput,
    RestartExecutionInput,
    RetryFailedInput,
    SendEventInput,
    SetLabelsInput,
)
from schema.execution.overrides import may_override_of
from schema.execution.payloads import (
    AddNotePayload,
    ArchiveExecutionsPayload,
    CancelExecutionPayload,
    ChangeStatePayload,
    ChangeTaskRunStatePayload,
    CreateExecutionPayload,
    DeleteExecutionsPayload,
    ForceRunPayload,
    PauseExecutionPayload,
    PrepareExecutionPayload,
    ReplayExecutionPayload,
    RestartExecutionPayload,
    ResumeExecutionPayload,
    RetryFailedPayload,
    SendEventPayload,
    SetLabelsPayload,
    UnarchiveExecutionsPayload,
)
from schema.execution.reruns import draft, replay, rerun_in_place
from schema.labels import labels_from
from schema.mutation_payload import payload_of


@strawberry.type
class ExecutionMutation:
    @strawberry.mutation
    async def create_execution(
        self, info: Info, input: CreateExecutionInput
    ) -> CreateExecutionPayload:
        return await payload_of(CreateExecutionPayload, info, launch(info, input))

    @strawberry.mutation
    async def cancel_execution(
        self, info: Info, input: CancelExecutionInput
    ) -> CancelExecutionPayload:
        command = Cancel(force=bool(input.force), cascade=input.cascades)
        return await payload_of(CancelExecutionPayload, info, act(info, input, command))

    @strawberry.mutation
    async def pause_execution(self, info: Info, input: ActionInput) -> PauseExecutionPayload:
        return await payload_of(
            PauseExecutionPayload, info, act(info, input, Pause(input.cascades))
        )

    @strawberry.mutation
    async def resume_execution(self, info: Info, input: ActionInput) -> ResumeExecutionPayload:
        return await payload_of(
            ResumeExecutionPayload, info, act(info, input, Resume(input.cascades))
        )

    @strawberry.mutation
    async def retry_failed(self, info: Info, input: RetryFailedInput) -> RetryFailedPayload:
        return await payload_of(
            RetryFailedPayload, info, rerun_in_place(info, input, RetryFailed())
        )

    @strawberry.mutation
    async def restart_execution(
        self, info: Info, input: RestartExecutionInput
    ) -> RestartExecutionPayload:
        return await payload_of(
            RestartExecutionPayload, info, rerun_in_place(info, input, Restart())
        )

    @strawberry.mutation
    async def replay_execution(
        self, info: Info, input: ReplayExecutionInput
    ) -> ReplayExecutionPayload:
        return await payload_of(ReplayExecutionPayload, info, replay(info, input))

    @strawberry.mutation
    async def prepare_execution(
        self, info: Info, input: PrepareExecutionInput
    ) -> PrepareExecutionPayload:
        return await payload_of(PrepareExecutionPayload, info, draft(info, input))

    @strawberry.mutation
    async def force_run(self, info: Info, input: ActionInput) -> ForceRunPayload:
        return await payload_of(ForceRunPayload, info, act(info, input, ForceRun(input.cascades)))

    @strawberry.mutation
    async def change_state(self, info: Info, input: ChangeStateInput) -> ChangeStatePayload:
        return await payload_of(ChangeStatePayload, info, change_state(info, input))

    @strawberry.mutation
    async def change_task_run_state(
        self, info: Info, input: ChangeTaskRunStateInput
    ) -> ChangeTaskRunStatePayload:
        return await payload_of(ChangeTaskRunStatePayload, info, change_task_run_state(info, input))

    @strawberry.mutation
    async def send_event(self, info: Info, input: SendEventInput) -> SendEventPayload:
        return await payload_of(SendEventPayload, info, send_event(info, input))

    @strawberry.mutation
    async def set_labels(self, info: Info, input: SetLabelsInput) -> SetLabelsPayload:
        action = ActionInput(id=input.id, reason=input.reason)

        async def change() -> dict[str, object]:
            labels, mode = labels_from(input.labels), input.mode or LabelMode.MERGE
            may = await may_override_of(info, untyped("exec", input.id))
            return await act(info, action, SetLabels(labels, mode, may))

        return await payload_of(SetLabelsPayload, info, change())

    @strawberry.mutation
    async def add_note(self, info: Info, input: AddNoteInput) -> AddNotePayload:
        return await payload_of(AddNotePayload, info, records.add_note(info, input))

    @strawberry.mutation
    async def archive_executions(self, info: Info, input: ManyInput) -> ArchiveExecutionsPayload:
        work = records.act_on_many(info, input, Archive())
        return await payload_of(ArchiveExecutionsPayload, info, work)

    @strawberry.mutation
    async def unarchive_executions(
        self, info: Info, input: ManyInput
    ) -> UnarchiveExecutionsPayload:
        work = records.act_on_many(info, input, Unarchive())
        return await payload_of(UnarchiveExecutionsPayload, info, work)

    @strawberry.mutation
    async def delete_executions(
        self, info: Info, input: DeleteExecutionsInput
    ) -> DeleteExecutionsPayload:
        return await payload_of(DeleteExecutionsPayload, info, records.delete(info, input))
