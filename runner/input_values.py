"""The inputs of an execution, from what was given to what is stored: defaults, conditions, files, secrets."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.errors import Problem, ProblemCode, Refused
from models.inputs import (
    InputSpec,
    InputType,
    coerce,
    input_defaults_with_expressions,
    validate_inputs,
)
from models.secrets import MASKED, SEALED_INPUT, Sealed, sealed_text
from models.spec import FlowSpec
from runner.evaluator import EvaluationFailed, Evaluator
from runner.store import files
from runner.store.connection import Pool
from runner.vault import CannotOpen, Vault


def names_of_defaults(
    spec: FlowSpec, labels: Mapping[str, str], trigger: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What expressions of defaults may use, beside the inputs that are given."""
    return {
        "flow": {"id": spec.id, "namespace": spec.namespace},
        "labels": {**spec.labels, **labels},
        "trigger": dict(trigger or {}),
    }


async def complete_inputs(
    pool: Pool,
    evaluator: Evaluator,
    vault: Vault,
    spec: FlowSpec,
    given: Mapping[str, Any],
    names: Mapping[str, Any],
) -> dict[str, Any]:
    """Every declared input as it is stored. `names` is what defaults may use beside the inputs that were given.

    Raises Refused with every input that is wrong.
    """
    evaluated = await _evaluated_defaults(evaluator, spec, given, names)
    absent = await _absent(evaluator, spec.inputs, given, evaluated)
    values = validate_inputs(spec.inputs, given, evaluated, absent=absent)
    values = await _found_files(pool, spec, values)
    return _sealed(vault, spec.inputs, values)


def given_to_rerun(
    specs: Sequence[InputSpec], stored: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """SECRET inputs that are not given anew, or as they are shown, keep the encrypted value of the source."""
    kept = {
        spec.id: Sealed.of(text)
        for spec in specs
        if spec.type is InputType.SECRET
        and (text := sealed_text(stored.get(spec.id)))
        and given.get(spec.id) in (None, MASKED, stored[spec.id])
    }
    return {**given, **kept}


def digested_inputs(
    vault: Vault, specs: Sequence[InputSpec], values: Mapping[str, Any]
) -> dict[str, Any]:
    """To tell the same inputs from others, without a digest from which a secret could be guessed."""
    secret = {spec.id for spec in specs if spec.type is InputType.SECRET}
    return {
        name: _fingerprint(vault, value) if name in secret else value
        for name, value in values.items()
    }


def _fingerprint(vault: Vault, value: Any) -> str | None:
    """The same for a value that is encrypted and for one that is still to be."""
    sealed = sealed_text(value)
    try:
        text = str(value) if sealed is None else vault.open(sealed, SEALED_INPUT)
    except CannotOpen:
        text = str(value)
    return None if value is None else vault.fingerprint(text)


async def _evaluated_defaults(
    evaluator: Evaluator, spec: FlowSpec, given: Mapping[str, Any], names: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Defaults that are expressions; they may use the inputs that were given."""
    templates = input_defaults_with_expressions(spec.inputs, given)
    if not templates:
        return {}
    secret = {each.id for each in spec.inputs if each.type is InputType.SECRET}
    shown = {name: MASKED if name in secret else value for name, value in given.items()}
    try:
        rendered: Mapping[str, Any] = await evaluator.render(templates, {**names, "inputs": shown})
    except EvaluationFailed as failed:
        raise Refused.because(
            ProblemCode.VALIDATION, f"a default cannot be evaluated: {failed}", "inputs"
        ) from failed
    return rendered


async def _absent(
    evaluator: Evaluator,
    specs: Sequence[InputSpec],
    given: Mapping[str, Any],
    evaluated: Mapping[str, Any],
) -> set[str]:
    """Inputs that what they depend on does not ask for. They stand after what they depend on."""
    absent: set[str] = set()
    if not any(spec.depends_on for spec in specs):
        return absent
    values: dict[str, Any] = {}
    for spec in specs:
        if spec.depends_on and not await _asked_for(evaluator, spec, values):
            absent.add(spec.id)
            values[spec.id] = None
        else:
            values[spec.id] = _told(spec, given.get(spec.id), evaluated)
    return absent


async def _asked_for(evaluator: Evaluator, spec: InputSpec, values: Mapping[str, Any]) -> bool:
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


def _told(spec: InputSpec, given: Any, evaluated: Mapping[str, Any]) -> Any:
    """The value as conditions see it; None when it is wrong, which `validate_inputs` then says."""
    value = evaluated.get(spec.id, spec.default) if given is None else given
    if value is None:
        return None
    try:
        coerced = coerce(spec, value)
    except ValueError:
        return None
    return MASKED if spec.type is InputType.SECRET else coerced


async def _found_files(pool: Pool, spec: FlowSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """FILE values as the URIs where the files are kept."""
    wanted = {
        each.id: values[each.id]
        for each in spec.inputs
        if each.type is InputType.FILE and values.get(each.id) is not None
    }
    if not wanted:
        return dict(values)
    uris = await files.find_uris(pool, spec.namespace, list(wanted.values()))
    problems = [
        Problem(
            ProblemCode.VALIDATION,
            f"{name}: there is no file {value:.80} for {spec.namespace}; upload it: POST /files",
            ("inputs", name),
        )
        for name, value in wanted.items()
        if value not in uris
    ]
    if problems:
        raise Refused(problems)
    return {**values, **{name: uris[value] for name, value in wanted.items()}}


def _sealed(vault: Vault, specs: Sequence[InputSpec], values: Mapping[str, Any]) -> dict[str, Any]:
    """SECRET values encrypted; those that are already stay as they are."""
    secret = {spec.id for spec in specs if spec.type is InputType.SECRET}
    return {
        name: Sealed.of(vault.seal(value, SEALED_INPUT))
        if name in secret and isinstance(value, str)
        else value
        for name, value in values.items()
    }
