"""The result cache: reuses results of whole executions when they are created, and of tasks when a worker runs them."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import orjson

from models.errors import ProblemCode, Refused
from models.lifecycle.approvals.consent import never_reused
from models.lifecycle.approvals.decided_on import context
from models.lifecycle.commands.commands import Create
from models.lifecycle.provenance import Reused
from models.secrets import without_secrets
from models.spec import CacheSpec
from models.states import SUCCESSFUL_ENDS, TaskRunState
from runner.expressions.evaluator import EvaluationFailed, Evaluator
from runner.launch.inputs import digested_inputs
from runner.service.encryption import Cipher
from runner.store import cache
from runner.store.postgres.connection import Pool


async def with_cached(pool: Pool, evaluator: Evaluator, cipher: Cipher, command: Create) -> Create:
    """Adds the cache key to the command, and the results of an earlier success with the same key if there is one."""
    spec = command.plan.spec
    if spec.cache is None or command.options.disabled_tasks or command.links.rerun_of:
        return command
    if any(map(never_reused, command.plan.tasks.values())):
        return command
    key = await _flow_key(evaluator, cipher, spec.cache, command)
    keyed = replace(command, cache_key=key)
    if command.options.no_cache or command.options.scheduled_at:
        return keyed
    assert command.plan.flow_id
    found = await cache.find_execution(pool, command.plan.flow_id, key, spec.cache.ttl)
    if found is None:
        return keyed
    return replace(
        keyed,
        links=replace(command.links, cached_from=found.id),
        outputs=found.outputs,
        reused={
            path: Reused(TaskRunState.CACHED, run.holder, run.outputs)
            for path, run in found.task_runs.items()
            if path in command.plan.outer_keys and run.state in SUCCESSFUL_ENDS
        },
    )


async def _flow_key(evaluator: Evaluator, cipher: Cipher, spec: CacheSpec, command: Create) -> str:
    plan = command.plan
    if spec.key is None:
        inputs = digested_inputs(cipher, plan.spec.inputs, command.inputs)
        return digest("flow", str(plan.revision_id), inputs, command.on_failure)
    names = {
        "inputs": without_secrets(command.inputs),
        "flow": {"id": plan.spec.id, "namespace": plan.spec.namespace, "revision": plan.revision},
        "labels": {**plan.spec.labels, **command.labels},
        "trigger": dict(command.trigger or {}),
    }
    decided = context(plan, command.inputs, names["labels"], command.trigger) if plan.asking else ""
    try:
        rendered = await evaluator.render(spec.key, names)
        return digest("flow key", str(plan.flow_id), rendered, *([decided] if decided else []))
    except EvaluationFailed as failed:
        raise Refused.because(
            ProblemCode.VALIDATION, f"the cache key cannot be evaluated: {failed}", "inputs"
        ) from failed


NOT_CACHED_BY = {"needs", "when", "run_if", "description", "cache", "queue", "retry", "max_lost"}
"""Settings of a task that do not affect its result."""


def digest(*parts: object) -> str:
    text = orjson.dumps(
        parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain
    )
    return hashlib.sha256(text).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
