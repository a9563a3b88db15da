"""The roots of acting: input -> command -> view. States, votes and limits are judged in models/lifecycle."""

import strawberry

from models.lifecycle.commands import Cancel, Pause, Resume, RetryFailed, SetLabels
from models.states import LabelMode, VoteDecision
from schema.acting import act, answered, decide, launch, save
from schema.context import Info
from schema.inputs import (
    ActionInput,
    CancelExecutionInput,
    CreateExecutionInput,
    DecideInput,
    SaveFlowInput,
    SetLabelsInput,
    labels_from,
)
from schema.payloads import (
    ApprovePayload,
    BackfillSchedulePayload,
    CancelExecutionPayload,
    CreateExecutionPayload,
    DeleteSchedulePayload,
    PauseExecutionPayload,
    RejectPayload,
    ResumeExecutionPayload,
    RetryFailedPayload,
    SaveFlowPayload,
    SaveSchedulePayload,
    SetLabelsPayload,
    SetScheduleEnabledPayload,
)
from schema.schedule_inputs import (
    BackfillScheduleInput,
    DeleteScheduleInput,
    SaveScheduleInput,
    SetScheduleEnabledInput,
)
from schema.scheduling import (
    backfill_schedule,
    delete_schedule,
    save_schedule,
    set_schedule_enabled,
)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def save_flow(self, info: Info, input: SaveFlowInput) -> SaveFlowPayload:
        return await answered(SaveFlowPayload, info, save(info, input.source))

    @strawberry.mutation
    async def create_execution(
        self, info: Info, input: CreateExecutionInput
    ) -> CreateExecutionPayload:
        return await answered(CreateExecutionPayload, info, launch(info, input))

    @strawberry.mutation
    async def cancel_execution(
        self, info: Info, input: CancelExecutionInput
    ) -> CancelExecutionPayload:
        command = Cancel(force=bool(input.force))
        return await answered(CancelExecutionPayload, info, act(info, input, command))

    @strawberry.mutation
    async def pause_execution(self, info: Info, input: ActionInput) -> PauseExecutionPayload:
        return await answered(PauseExecutionPayload, info, act(info, input, Pause()))

    @strawberry.mutation
    async def resume_execution(self, info: Info, input: ActionInput) -> ResumeExecutionPayload:
        return await answered(ResumeExecutionPayload, info, act(info, input, Resume()))

    @strawberry.mutation
    async def retry_failed(self, info: Info, input: ActionInput) -> RetryFailedPayload:
        return await answered(RetryFailedPayload, info, act(info, input, RetryFailed()))

    @strawberry.mutation
    async def set_labels(self, info: Info, input: SetLabelsInput) -> SetLabelsPayload:
        action = ActionInput(id=input.id, reason=input.reason)

        async def change() -> dict[str, object]:
            labels = labels_from(input.labels)
            return await act(info, action, SetLabels(labels, input.mode or LabelMode.MERGE))

        return await answered(SetLabelsPayload, info, change())

    @strawberry.mutation
    async def approve(self, info: Info, input: DecideInput) -> ApprovePayload:
        return await answered(ApprovePayload, info, decide(info, input, VoteDecision.APPROVE))

    @strawberry.mutation
    async def reject(self, info: Info, input: DecideInput) -> RejectPayload:
        return await answered(RejectPayload, info, decide(info, input, VoteDecision.REJECT))

    @strawberry.mutation
    async def save_schedule(self, info: Info, input: SaveScheduleInput) -> SaveSchedulePayload:
        return await answered(SaveSchedulePayload, info, save_schedule(info, input))

    @strawberry.mutation
    async def delete_schedule(
        self, info: Info, input: DeleteScheduleInput
    ) -> DeleteSchedulePayload:
        return await answered(DeleteSchedulePayload, info, delete_schedule(info, input))

    @strawberry.mutation
    async def set_schedule_enabled(
        self, info: Info, input: SetScheduleEnabledInput
    ) -> SetScheduleEnabledPayload:
        return await answered(SetScheduleEnabledPayload, info, set_schedule_enabled(info, input))

    @strawberry.mutation
    async def backfill_schedule(
        self, info: Info, input: BackfillScheduleInput
    ) -> BackfillSchedulePayload:
        return await answered(BackfillSchedulePayload, info, backfill_schedule(info, input))
