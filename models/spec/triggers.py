"""Triggers, which start a flow automatically: schedules."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from models.errors import Problem, ProblemCode
from models.expressions import has_expressions
from models.inputs.inputs import InputSpec, coerce, input_sentence
from models.inputs.values import Key, Part, Text, Word
from models.schedule import CatchUp, check_cron, check_zone
from models.similar import did_you_mean

Cron = Annotated[str, BeforeValidator(check_cron), WithJsonSchema({"type": "string"})]
Zone = Annotated[str, BeforeValidator(check_zone), WithJsonSchema({"type": "string"})]
TRIGGER_TYPES = ("schedule",)


class ScheduleTrigger(Part):
    """Without `enabled`, a new schedule is enabled, and a new revision does not change that setting."""

    id: Key
    type: Literal["schedule"]
    cron: Cron
    timezone: Zone = "UTC"
    inputs: dict[str, Any] = Field(default_factory=dict)
    labels: dict[str, Text] = Field(default_factory=dict)
    catch_up: Annotated[CatchUp, Word(CatchUp, lower=True)] = CatchUp.NONE
    enabled: Annotated[bool, Field(strict=True)] | None = None


def given_problems(specs: Sequence[InputSpec], given: Mapping[str, Any]) -> Iterator[Problem]:
    """Checks the inputs of a trigger as far as possible before they are evaluated."""
    known = {spec.id: spec for spec in specs}
    for name, value in given.items():
        if name not in known:
            yield _problem(name, f"there is no input `{name:.80}`{did_you_mean(name, known)}")
        elif value is not None and not has_expressions(value):
            try:
                coerce(known[name], value)
            except ValueError as error:
                yield _problem(name, input_sentence(name, error))
    for spec in specs:
        if spec.required and spec.default is None and given.get(spec.id) is None:
            yield _problem(spec.id, f"the input `{spec.id}` is required; give it a value")


def _problem(name: str, sentence: str) -> Problem:
    return Problem(ProblemCode.VALIDATION, sentence, ("inputs", name))
