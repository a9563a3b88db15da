"""Retention rules for ended executions: the first rule that matches an execution applies."""

from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from models.durations import parse_duration
from models.inputs.values import Key, Namespace, Part
from models.states import EXECUTION_ENDS, ExecutionState

FOREVER = "forever"


def _kept(value: object) -> float | None:
    if isinstance(value, str) and value.strip().lower() == FOREVER:
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ValueError(f"{str(error).replace('must be', f'must be {FOREVER}, or')}") from error


def _states(value: object) -> object:
    """Reads one or several terminal states, in upper or lower case."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        raise ValueError(f"must be states, got {value!r:.80}")
    ends = {state.value for state in EXECUTION_ENDS}
    found = [str(word).strip().upper() for word in words]
    if wrong := [word for word in found if word not in ends]:
        raise ValueError(
            f"only terminal states can be pruned: {', '.join(sorted(ends))}; got {wrong[0]:.80}"
        )
    return tuple(found)


class RetentionRule(Part):
    """`keep` is in seconds after the end; None is forever. `namespace` includes those below it; `flow` is the flow's
    key; without `states` the rule applies to every terminal state."""

    keep: Annotated[float | None, BeforeValidator(_kept)]
    namespace: Namespace | None = None
    flow: Key | None = None
    states: Annotated[tuple[ExecutionState, ...], BeforeValidator(_states)] = ()

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.keep == 0:
            raise ValueError("`keep` must be greater than 0")
        return self


def shortest(rules: tuple[RetentionRule, ...]) -> float | None:
    """Returns the seconds for which every ended execution is kept; None if no rule ever deletes any."""
    return min((rule.keep for rule in rules if rule.keep is not None), default=None)
