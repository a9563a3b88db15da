"""Evaluates defaults of inputs that are expressions, one after the other: each after the inputs that it uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.expressions import has_expressions
from models.graph import Graph
from models.ids import new_id, typed
from models.inputs.inputs import InputSpec, InputType, coerce, names_in_default
from models.secrets import MASKED
from models.spec import FlowSpec
from runner.expressions.evaluator import EvaluationFailed, Evaluator
from runner.service.database_clock import ahead_of_this_machine
from runner.store.postgres.connection import Pool
from runner.store.postgres.database import read_clock


@dataclass(frozen=True, slots=True)
class Names:
    """The variables that defaults may use besides `inputs`. `id` is that of the execution if a default uses it."""

    values: Mapping[str, Any]
    id: UUID | None = None


async def names_of_defaults(
    pool: Pool, spec: FlowSpec, labels: Mapping[str, str], trigger: Mapping[str, Any] | None
) -> Names:
    all_labels = {**spec.labels, **labels}
    values: dict[str, Any] = {
        "flow": {"id": spec.id, "namespace": spec.namespace},
        "labels": all_labels,
        "trigger": dict(trigger or {}),
    }
    if not any("execution" in names_in_default(one.default) for one in spec.inputs):
        return Names(values)
    now = await read_clock(pool)
    id = new_id(ahead_of_this_machine(now))
    values["execution"] = {
        "id": typed("exec", id),
        "name": spec.name_of(id),
        "namespace": spec.namespace,
        "flow": spec.id,
        "labels": all_labels,
        "createdAt": now.isoformat(),
        "startedAt": None,
    }
    return Names(values, id)


@dataclass(slots=True)
class Known:
    """Inputs as expressions see them so far; None if they have no value. `evaluated` has evaluated defaults, `absent`
    the inputs that are not needed, by their `depends_on` or `when`. `unread` has invalid inputs and those that depend
    on them, `missing` required ones that are not given; the errors are reported by `validate_inputs`."""

    values: dict[str, Any]
    evaluated: dict[str, Any] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def depends_on_invalid(self, spec: InputSpec, given: Mapping[str, Any]) -> bool:
        """True if the input cannot be evaluated, because inputs that it depends on or uses are invalid or missing."""
        used = names_in_default(spec.default).get("inputs", frozenset())
        uses_nothing = given.get(spec.id) is not None
        of_default = set() if uses_nothing else (self.unread | self.missing) & used
        return bool(of_default or self.unread.intersection(spec.depends_on))


async def evaluated_defaults(
    evaluator: Evaluator,
    specs: Sequence[InputSpec],
    given: Mapping[str, Any],
    names: Mapping[str, Any],
) -> Known:
    """Raises Refused for a default or a condition that cannot be evaluated."""
    known = Known(dict.fromkeys((spec.id for spec in specs), None))
    for spec in _in_order(specs):
        if known.depends_on_invalid(spec, given):
            known.unread.add(spec.id)
            known.absent.add(spec.id)
            continue
        if spec.depends_on and not await _is_needed(evaluator, spec, known.values):
            known.absent.add(spec.id)
            continue
        value = given.get(spec.id)
        if value is None and has_expressions(spec.default):
            value = await _evaluated(evaluator, spec, {**names, "inputs": known.values})
            known.evaluated[spec.id] = value
        _take(known, spec, spec.default if value is None else value)
    return known


def _in_order(specs: Sequence[InputSpec]) -> list[InputSpec]:
    """Sorts the inputs so that each comes after those that it depends on or that its default uses."""
    by_id = {spec.id: spec for spec in specs}
    used = {
        spec.id: [*names_in_default(spec.default).get("inputs", ()), *spec.depends_on]
        for spec in specs
    }
    return [by_id[id] for id in Graph.of(used).order]


def _take(known: Known, spec: InputSpec, value: Any) -> None:
    if value is None:
        known.missing |= {spec.id} if spec.required else set()
        return
    try:
        coerced = coerce(spec, value)
    except ValueError:
        known.unread.add(spec.id)
    else:
        known.values[spec.id] = MASKED if spec.type is InputType.SECRET else coerced


async def _evaluated(evaluator: Evaluator, spec: InputSpec, names: Mapping[str, Any]) -> Any:
    try:
        return await evaluator.render(spec.default, names)
    except EvaluationFailed as failed:
        sentence = f"the default of {spec.id} cannot be evaluated: {failed}"
        raise Refused.because(ProblemCode.VALIDATION, sentence, "inputs", spec.id) from failed


async def _is_needed(evaluator: Evaluator, spec: InputSpec, values: Mapping[str, Any]) -> bool:
    if spec.when is None:
        return all(values.get(name) not in (None, False) for name in spec.depends_on)
    known = {name: values.get(name) for name in spec.depends_on}
    try:
        held = await evaluator.render(spec.when, {"inputs": known})
    except EvaluationFailed as failed:
        raise Refused.because(
            ProblemCode.VALIDATION, f"`when` of {spec.id} cannot be evaluated: {failed}", "inputs"
        ) from failed
    return held.strip().lower() not in ("", "false") if isinstance(held, str) else bool(held)
