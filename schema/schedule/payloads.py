"""The payloads of the mutations of schedules."""

import strawberry

from schema.types.flow.schedule import BackfillTick, Schedule
from schema.types.problems import Problem


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
