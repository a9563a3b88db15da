"""How long what has ended is kept: of the rules that are set, the first that an execution meets decides."""

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
    """One or several ends, in either case."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        raise ValueError(f"must be states, got {value!r:.80}")
    ends = {state.value for state in EXECUTION_ENDS}
    found = [str(word).strip().upper() for word in words]
    if wrong := [word for word in found if word not in ends]:
        raise ValueError(f"only what has ended goes: {', '.join(sorted(ends))}; got {wrong[0]:.80}")
    return tuple(found)


class RetentionRule(Part):
    """`keep` is in seconds after the end, None is for ever. `namespace` means those below it too; `flow` is its key;
    without `states` every end is meant."""

    keep: Annotated[float | None, BeforeValidator(_kept)]
    namespace: Namespace | None = None
    flow: Key | None = None
    states: Annotated[tuple[ExecutionState, ...], BeforeValidator(_states)] = ()

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.keep == 0:
            raise ValueError("`keep` must be longer than nothing")
        return self


def shortest(rules: tuple[RetentionRule, ...]) -> float | None:
    """Seconds for which all that has ended is kept; None where nothing ever goes."""
    return min((rule.keep for rule in rules if rule.keep is not None), default=None)
