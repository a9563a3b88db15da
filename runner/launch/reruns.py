"""Builds new executions from ended ones: replays, and drafts that people can edit."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from models.access.viewer import Permission, Scope
from models.errors import ProblemCode, Refused
from models.ids import typed
from models.labels import TEST, own_labels
from models.lifecycle.actions import Action
from models.lifecycle.commands.commands import Create
from models.lifecycle.provenance import Links
from models.lifecycle.reruns.rerun_plan import (
    PlannedTask,
    TaskPlan,
    plan_draft,
    plan_replay,
    refuse_impossible,
    refuse_reuse_from_outside,
    refuse_unsaved,
    reused,
)
from models.lifecycle.snapshot import CompiledFlow, Execution
from models.run_options import MAX_PRIORITY
from models.secrets import without_secrets
from runner.expressions.evaluator import Evaluator
from runner.launch.input_defaults import names_of_defaults
from runner.launch.inputs import complete_inputs, digested_inputs, given_to_rerun
from runner.launch.launch import begins_with, find_source, find_to_start, newest_instead
from runner.service.encryption import Cipher
from runner.store.execution.event_log import given_labels
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool


@dataclass(frozen=True, slots=True)
class Replay:
    """`inputs` replace those of the source with the same names; None replaces none.

    `permissions` are those of the caller: only people who may save flows may run an unsaved text. With `override`,
    decisions are reused even if they do not apply to the new execution.
    """

    source: UUID
    from_task: str | None = None
    latest: bool = False
    inputs: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    permissions: frozenset[Permission] = frozenset()
    override: bool = False

    def digest(self, inputs: Mapping[str, Any]) -> str:
        fields: tuple[Any, ...] = ("replay", str(self.source), self.from_task, self.latest, inputs)
        fields += ("override",) if self.override else ()
        return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def prepare_replay(
    pool: Pool, plans: Plans, evaluator: Evaluator, cipher: Cipher, scope: Scope, replay: Replay
) -> tuple[Create, list[PlannedTask]]:
    """Returns the command, and the plan of its tasks. Raises Refused."""
    source = await find_source(pool, plans, scope, replay.source, Action.REPLAY)
    plan, limited, reach = await _plan_of(pool, plans, scope, source, replay.latest)
    refuse_unsaved(plan, replay.permissions)
    spec = plan.spec
    known = {each.id for each in spec.inputs}
    own = {name: value for name, value in source.inputs.items() if name in known}
    given = given_to_rerun(spec.inputs, source.inputs, {**own, **(replay.inputs or {})})
    labels = await _labels(pool, source)
    names = await names_of_defaults(pool, spec, labels, source.trigger)
    digested = digested_inputs(cipher, spec.inputs, replay.inputs or {})
    options = replace(
        source.options,
        priority=min(source.options.priority, MAX_PRIORITY),
        disabled_tasks=(),
        no_cache=True,
        scheduled_at=None,
    )
    command = Create(
        plan=plan,
        id=names.id,
        inputs=await complete_inputs(pool, evaluator, cipher, spec, given, names.values),
        labels=labels,
        kind=source.kind,
        on_failure=source.on_failure,
        options=options,
        trigger=source.trigger,
        idempotency_key=replay.idempotency_key,
        digest=replay.digest(digested) if replay.idempotency_key else None,
        links=Links(replay_of=source.id, original_id=source.original_id or source.id),
        system_labels={"system.replay": "true", **({} if plan.is_saved else {TEST: "true"})},
        limited=limited,
        shares_slot=not plan.is_saved,
        scope=reach,
        may_override=Permission.OVERRIDE_APPROVAL in replay.permissions,
        latest=await newest_instead(pool, plans, plan)
        if plan.is_saved and not replay.latest
        else None,
    )
    begins = await begins_with(pool, plans, source, command)
    planned = plan_replay(source, plan, replay.from_task, begins, replay.override)
    refuse_impossible(planned)
    keys = [task.key for task in planned if task.plan is TaskPlan.REUSE]
    refuse_reuse_from_outside(source, plan, reach, keys, "revision")
    asking = set() if replay.override else plan.asking | begins.subflows.keys()
    disabled = [key for key in source.options.disabled_tasks if key in plan.tasks]
    kept = [key for key in disabled if key in keys or key not in asking]
    return replace(
        command,
        options=replace(options, disabled_tasks=tuple(kept)),
        reused=reused(source, keys, plan, begins),
        subflows=begins.subflows,
    ), planned


async def _labels(pool: Pool, source: Execution) -> dict[str, str]:
    """Returns the source's own labels. They override those of the revision, which are added elsewhere."""
    given = await given_labels(pool, source.id)
    return own_labels(source.labels, source.plan.spec.labels, given)


async def _plan_of(
    pool: Pool, plans: Plans, scope: Scope, source: Execution, latest: bool
) -> tuple[CompiledFlow, bool, Scope]:
    """Returns the source's revision or the flow's latest, whether the flow has a concurrency limit, and the scope of a
    new execution that is requested within `scope`.

    An unsaved text needs no flow, and takes no slot of one.
    """
    spec, reach = source.plan.spec, source.scope.within(scope)
    if not latest and not source.plan.is_saved:
        return source.plan, False, reach
    found = await find_to_start(pool, plans, scope, spec.namespace, spec.id, path="id")
    if not latest:
        if source.plan.unreadable:
            sentence = f"{source.plan.unreadable}; use the latest revision"
            raise Refused.because(ProblemCode.INVALID_STATE, sentence, "revision")
        return source.plan, found.limited, reach
    async with pool.acquire() as connection:
        plan = await plans.of(connection, found.revision_id)
    return plan, found.limited, reach.within(found.scope)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft is not stored. `create_input` is a CreateExecutionInput, which people can edit and send."""

    plan: CompiledFlow
    tasks: list[PlannedTask]
    create_input: dict[str, Any]

    @property
    def disabled_tasks(self) -> list[str]:
        return [task.key for task in self.tasks if not task.runs]


async def draft(pool: Pool, plans: Plans, scope: Scope, id: UUID, latest: bool) -> Draft:
    """Drafts an execution of the flow's latest revision, or of the source's own. Raises Refused."""
    source = await find_source(pool, plans, scope, id, Action.PREPARE_EXECUTION)
    plan, _, _ = await _plan_of(pool, plans, scope, source, latest)
    if not plan.is_saved:
        raise Refused.because(
            ProblemCode.VALIDATION,
            "the text of a test run is not a saved revision; save it and prepare the LATEST, "
            "or replay the test run",
            "revision",
        )
    known = {spec.id for spec in plan.spec.inputs}
    labels = await _labels(pool, source)
    kept = {name: value for name, value in source.inputs.items() if name in known}
    begins = await begins_with(pool, plans, source, Create(plan, inputs=kept, labels=labels))
    tasks = plan_draft(source, plan, begins)
    inputs = {
        name: value
        for name, value in without_secrets(source.inputs).items()
        if name in known and value is not None
    }
    return Draft(
        plan,
        tasks,
        {
            "namespace": plan.spec.namespace,
            "flow": plan.spec.id,
            "revision": plan.revision,
            "inputs": inputs,
            "labels": [{"key": key, "value": value} for key, value in labels.items()],
            "kind": source.kind,
            "onFailure": source.on_failure.value,
            "priority": min(source.options.priority, MAX_PRIORITY),
            "disabledTasks": [task.key for task in tasks if not task.runs],
            "rerunOf": typed("exec", source.id),
        },
    )
