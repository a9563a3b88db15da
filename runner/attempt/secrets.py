"""Decrypts secrets: only those that a task's texts name, and only on the worker that renders the texts."""

from collections.abc import Sequence
from typing import Any

from models.expressions import Reference, read, strings
from models.inputs.inputs import InputType
from models.lifecycle.snapshot import Execution
from models.secrets import SEALED_INPUT, sealed_text, without_secrets
from runner.attempt.masking import Mask
from runner.expressions.evaluator import EvaluationFailed
from runner.service.encryption import Cipher, DecryptionFailed
from runner.service.retry import retry_until_available
from runner.store import secrets
from runner.store.postgres.connection import Pool


def uses_secrets(execution: Execution, templates: Any) -> bool:
    secret = any(spec.type is InputType.SECRET for spec in execution.plan.spec.inputs)
    return any(
        each.root == "secrets" or (secret and each.root == "inputs")
        for _, text in strings(templates)
        for each in read(text).references
    )


async def resolve_secrets(
    pool: Pool, cipher: Cipher, execution: Execution, templates: Any, mask: Mask
) -> dict[str, Any]:
    """Returns the variables `secrets` and `inputs` for these texts, and adds the secret values to `mask`.

    Raises EvaluationFailed for secrets that do not exist or cannot be decrypted.
    """
    used = [each for _, text in strings(templates) for each in read(text).references]
    names = sorted({each.name for each in used if each.root == "secrets" and each.name})
    try:
        inputs = _decrypt_inputs(cipher, execution, used)
        found = await _decrypt_named(pool, cipher, execution.plan.spec.namespace, names)
    except DecryptionFailed as error:
        raise EvaluationFailed(f"a secret cannot be read: {error}") from error
    mask.hide([*found.values(), *inputs.values()])
    return {"secrets": found, "inputs": {**without_secrets(execution.inputs), **inputs}}


def _decrypt_inputs(
    cipher: Cipher, execution: Execution, used: Sequence[Reference]
) -> dict[str, str]:
    """Returns the SECRET inputs that are used; all of them when `inputs` is used as a whole."""
    names = {each.name for each in used if each.root == "inputs"}
    return {
        spec.id: cipher.open(sealed, SEALED_INPUT)
        for spec in execution.plan.spec.inputs
        if spec.type is InputType.SECRET
        and (spec.id in names or None in names)
        and (sealed := sealed_text(execution.inputs.get(spec.id)))
    }


async def _decrypt_named(
    pool: Pool, cipher: Cipher, namespace: str, names: Sequence[str]
) -> dict[str, str]:
    if not names:
        return {}
    found = await retry_until_available(
        pool, lambda: secrets.decrypted(pool, cipher, namespace, names)
    )
    if missing := [name for name in names if name not in found]:
        raise EvaluationFailed(
            f"{namespace} has no secret {missing[0]}, nor have the namespaces above it; "
            f"save it: headway secret set {namespace} {missing[0]}"
        )
    return found
