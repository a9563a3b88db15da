"""Builds the `Create` command for a test run of an unsaved text: an ordinary execution that no statistics count."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from models.access.viewer import Scope
from models.labels import TEST
from models.lifecycle.commands.commands import Create
from models.run_options import RunOptions
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
    """`spec` is parsed from `source`."""

    source: str
    spec: FlowSpec
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None


async def prepare_unsaved_run(
    pool: Pool,
    plans: Plans,
    evaluator: Evaluator,
    cipher: Cipher,
    run: UnsavedRun,
    actor: str,
    scope: Scope,
) -> Create:
    """Raises Refused with the problems of all inputs, before anything is stored.

    A test run needs no slot of the flow and reuses no results.
    """
    names = await names_of_defaults(pool, run.spec, run.labels, None)
    inputs = await complete_inputs(pool, evaluator, cipher, run.spec, run.inputs, names.values)
    async with pool.acquire() as connection:
        revision = await save_unlisted_revision(connection, run.spec, run.source, actor)
        plan = await plans.of(connection, revision)
    return Create(
        plan=plan,
        id=names.id,
        inputs=inputs,
        labels=run.labels,
        system_labels={TEST: "true"},
        idempotency_key=run.idempotency_key,
        digest=_digest(cipher, run) if run.idempotency_key else None,
        shares_slot=True,
        options=RunOptions(no_cache=True),
        scope=scope,
    )


def _digest(cipher: Cipher, run: UnsavedRun) -> str:
    inputs = digested_inputs(cipher, run.spec.inputs, run.inputs)
    parts = ("test", run.source, inputs, run.labels)
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
