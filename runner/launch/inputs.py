"""Completes the inputs of an execution: evaluates defaults and conditions, finds files, encrypts secrets."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.errors import Problem, ProblemCode, Refused
from models.inputs.inputs import InputSpec, InputType, validate_inputs
from models.secrets import MASKED, SEALED_INPUT, Sealed, sealed_text
from models.spec import FlowSpec
from runner.expressions.evaluator import Evaluator
from runner.launch.input_defaults import evaluated_defaults
from runner.service.encryption import Cipher, DecryptionFailed
from runner.store.artifacts import files
from runner.store.postgres.connection import Pool


async def complete_inputs(
    pool: Pool,
    evaluator: Evaluator,
    cipher: Cipher,
    spec: FlowSpec,
    given: Mapping[str, Any],
    names: Mapping[str, Any],
) -> dict[str, Any]:
    """Returns all declared inputs in the form in which they are stored. `names` has the variables that defaults may use
    besides `inputs`.

    Raises Refused with the problems of all inputs.
    """
    known = await evaluated_defaults(evaluator, spec.inputs, given, names)
    values = validate_inputs(spec.inputs, given, known.evaluated, absent=known.absent)
    values = await _found_files(pool, spec, values)
    return _sealed(cipher, spec.inputs, values)


def given_to_rerun(
    specs: Sequence[InputSpec], stored: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Adds the encrypted SECRET inputs of the source, unless new values are given. The masked value, as it is shown,
    counts as not given."""
    kept = {
        spec.id: Sealed.of(text)
        for spec in specs
        if spec.type is InputType.SECRET
        and (text := sealed_text(stored.get(spec.id)))
        and given.get(spec.id) in (None, MASKED, stored[spec.id])
    }
    return {**given, **kept}


def digested_inputs(
    cipher: Cipher, specs: Sequence[InputSpec], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the inputs for a digest. SECRET values are replaced by keyed hashes, so that the digest does not help to
    guess them."""
    secret = {spec.id for spec in specs if spec.type is InputType.SECRET}
    return {
        name: _fingerprint(cipher, value) if name in secret else value
        for name, value in values.items()
    }


def _fingerprint(cipher: Cipher, value: Any) -> str | None:
    """Returns the same hash for a value whether it is encrypted or not."""
    sealed = sealed_text(value)
    try:
        text = str(value) if sealed is None else cipher.open(sealed, SEALED_INPUT)
    except DecryptionFailed:
        text = str(value)
    return None if value is None else cipher.fingerprint(text)


async def _found_files(pool: Pool, spec: FlowSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Replaces FILE values by the URIs of the stored files."""
    requested = {
        each.id: values[each.id]
        for each in spec.inputs
        if each.type is InputType.FILE and values.get(each.id) is not None
    }
    if not requested:
        return dict(values)
    uris = await files.find_uris(pool, spec.namespace, list(requested.values()))
    problems = [
        Problem(
            ProblemCode.VALIDATION,
            f"{name}: there is no file {value:.80} for {spec.namespace}; upload it: POST /files",
            ("inputs", name),
        )
        for name, value in requested.items()
        if value not in uris
    ]
    if problems:
        raise Refused(problems)
    return {**values, **{name: uris[value] for name, value in requested.items()}}


def _sealed(
    cipher: Cipher, specs: Sequence[InputSpec], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Encrypts SECRET values that are not encrypted yet."""
    secret = {spec.id for spec in specs if spec.type is InputType.SECRET}
    return {
        name: Sealed.of(cipher.seal(value, SEALED_INPUT))
        if name in secret and isinstance(value, str)
        else value
        for name, value in values.items()
    }
