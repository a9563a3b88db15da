"""From a text that nobody saved to the `Create` that runs it: as any execution, but counted nowhere."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from models.access.viewer import Scope
from models.labels import TEST
from models.lifecycle.commands.commands import Create
from models.spec import FlowSpec
from runner.expressions.evaluator import Evaluator
from runner.launch.input_defaults import names_of_defaults
from runner.launch.inputs import complete_inputs, digested_inputs
from runner.service.encryption import Cipher
from runner.store.flows.flow_changes import save_unlisted_revision
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool


@dataclass(frozen=True, slots=True)
class UnsavedRun:
    """`spec` is what `source` says."""

    source: str
    spec: FlowSpec
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None


async def prepare_unsaved_run(
    pool: Pool,
    plans: Plans,
    evaluator: Evaluator,
    vault: Cipher,
    trial: UnsavedRun,
    actor: str,
    scope: Scope,
) -> Create:
    """Raises Refused with every input that is wrong, before anything is stored.

    It neither waits for a slot of the flow nor holds one, and reuses no results.
    """
    names = await names_of_defaults(pool, trial.spec, trial.labels, None)
    inputs = await complete_inputs(pool, evaluator, vault, trial.spec, trial.inputs, names.values)
    async with pool.acquire() as connection:
        revision = await save_unlisted_revision(connection, trial.spec, trial.source, actor)
        plan = await plans.of(connection, revision)
    return Create(
        plan=plan,
        id=names.id,
        inputs=inputs,
        labels=trial.labels,
        system_labels={TEST: "true"},
        idempotency_key=trial.idempotency_key,
        digest=_digest(vault, trial) if trial.idempotency_key else None,
        shares_slot=True,
        no_cache=True,
        scope=scope,
    )


def _digest(vault: Cipher, trial: UnsavedRun) -> str:
    inputs = digested_inputs(vault, trial.spec.inputs, trial.inputs)
    said = ("test", trial.source, inputs, trial.labels)
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
