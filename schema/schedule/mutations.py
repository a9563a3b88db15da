"""The mutations of schedules."""

import strawberry

from schema.context import Info
from schema.mutation_payload import payload_of
from schema.schedule.inputs import (
    BackfillScheduleInput,
    DeleteScheduleInput,
    SaveScheduleInput,
    SetScheduleEnabledInput,
)
from schema.schedule.payloads import (
    BackfillSchedulePayload,
    DeleteSchedulePayload,
    SaveSchedulePayload,
    SetScheduleEnabledPayload,
)
from schema.schedule.schedules import (
    backfill_schedule,
    delete_schedule,
    save_schedule,
    set_schedule_enabled,
)


@strawberry.type
class ScheduleMutation:
    @strawberry.mutation
    async def save_schedule(self, info: Info, input: SaveScheduleInput) -> SaveSchedulePayload:
        return await payload_of(SaveSchedulePayload, info, save_schedule(info, input))

    @strawberry.mutation
    async def delete_schedule(
        self, info: Info, input: DeleteScheduleInput
    ) -> DeleteSchedulePayload:
        return await payload_of(DeleteSchedulePayload, info, delete_schedule(info, input))

    @strawberry.mutation
    async def set_schedule_enabled(
        self, info: Info, input: SetScheduleEnabledInput
    ) -> SetScheduleEnabledPayload:
        return await payload_of(SetScheduleEnabledPayload, info, set_schedule_enabled(info, input))

    @strawberry.mutation
    async def backfill_schedule(
        self, info: Info, input: BackfillScheduleInput
    ) -> BackfillSchedulePayload:
        return await payload_of(BackfillSchedulePayload, info, backfill_schedule(info, input))
