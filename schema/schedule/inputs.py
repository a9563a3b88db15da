"""The inputs of the mutations of schedules; `to_...` converts them to domain objects."""

from datetime import datetime

import strawberry
from pydantic import ValidationError

from models.errors import Problem, ProblemCode, Refused
from models.labels import check_labels
from models.payloads import check_payload
from models.schedule import CatchUp
from models.spec import ScheduleTrigger
from schema.labels import LabelInput, labels_from
from schema.lists.operators import StringFilter
from schema.scalars import JSON

_NAMES = {"id": "key", "catch_up": "catchUp"}


@strawberry.input
class ScheduleFilter:
    namespace: StringFilter | None = None
    flow: StringFilter | None = None
    key: StringFilter | None = None
    enabled: bool | None = None


@strawberry.input
class SaveScheduleInput:
    namespace: str
    flow: str
    key: str
    cron: str
    timezone: str | None = None
    inputs: JSON | None = None
    labels: list[LabelInput] | None = None
    catch_up: CatchUp | None = None
    enabled: bool | None = None

    def to_trigger(self) -> ScheduleTrigger:
        """Raises Refused with all problems that can be found without the flow."""
        inputs: object = {} if self.inputs is None else self.inputs
        if not isinstance(inputs, dict):
            raise Refused.because(
                ProblemCode.VALIDATION,
                'inputs must be an object of names and values, such as {"day": "{{ trigger.date }}"}',
                "inputs",
            )
        check_payload(inputs, "inputs")
        labels = labels_from(self.labels)
        check_labels(labels)
        given = {
            "id": self.key,
            "type": "schedule",
            "cron": self.cron,
            "timezone": self.timezone or "UTC",
            "inputs": inputs,
            "labels": labels,
            "catch_up": (self.catch_up or CatchUp.NONE).value.lower(),
            "enabled": self.enabled,
        }
        try:
            return ScheduleTrigger.model_validate(given)
        except ValidationError as error:
            raise Refused([_problem(detail) for detail in error.errors()]) from error


def _problem(detail: object) -> Problem:
    assert isinstance(detail, dict)
    name = str(detail["loc"][0])
    reason = detail.get("ctx", {}).get("error", detail["msg"])
    given = _NAMES.get(name, name)
    return Problem(ProblemCode.VALIDATION, f"{given}: {reason}", (given,))


@strawberry.input
class DeleteScheduleInput:
    id: strawberry.ID


@strawberry.input
class SetScheduleEnabledInput:
    id: strawberry.ID
    enabled: bool


@strawberry.input
class BackfillScheduleInput:
    id: strawberry.ID
    from_: datetime = strawberry.field(name="from")
    to: datetime
    plan: bool | None = None
    reason: str | None = None
