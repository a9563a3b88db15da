"""Builds the `Create` command for a request to run a flow: finds the flow, checks the request, completes inputs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from models.access.viewer import Scope
from models.durations import MAX_SECONDS
from models.errors import ProblemCode, Refused
from models.events.events import Parent
from models.lifecycle.actions import Action, require
from models.lifecycle.approvals.decided_on import context
from models.lifecycle.commands.commands import Create
from models.lifecycle.provenance import Links
from models.lifecycle.reruns.rerun_plan import (
    NewExecution,
    refuse_reuse_from_outside,
    reused_when_disabled,
)
from models.lifecycle.snapshot import CompiledFlow, Execution
from models.run_options import MAX_PRIORITY, RunOptions
from models.spec import Path, given_as_written
from models.states import FailureAction
from runner.expressions.evaluator import Evaluator
from runner.launch.approving_subflows import asking_subflows
from runner.launch.input_defaults import names_of_defaults
from runner.launch.inputs import complete_inputs, digested_inputs, given_to_rerun
from runner.launch.result_cache import with_cached
from runner.service.encryption import Cipher
from runner.store.execution.snapshots import read_executions
from runner.store.flow_lookup import Named
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool
from runner.store.scopes import scope_of


@dataclass(frozen=True, slots=True)
class Launch:
    """A request to run a flow. `revision` None means the newest. `starters` as in `Create`."""

    namespace: str
    flow: str
    revision: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    on_failure: FailureAction | None = None
    options: RunOptions = field(default_factory=RunOptions)
    trigger: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    rerun_of: UUID | None = None
    parent: Parent | None = None
    shares_slot: bool = False
    starters: tuple[str, ...] = ()
    may_override: bool = False
    written: Mapping[Path, str] = field(default_factory=dict)
    """If a document gives the inputs: how numbers and the like are written there, for inputs that are text."""

    def digest(self, inputs: Mapping[str, Any]) -> str:
        """Returns the digest of everything but the key: the same key with a different digest is a conflict.

        Stored keys are compared with it after an upgrade, so the first options have their places, and others are part
        of it only where they are not the default.
        """
        options = self.options
        fields = (
            self.namespace,
            self.flow,
            self.revision,
            inputs,
            self.labels,
            self.kind,
            self.on_failure,
            options.disabled_tasks,
            options.priority,
            self.rerun_of,
            options.no_cache,
            options.scheduled_at,
            *options.added(),
        )
        return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()


class FlowToStart(NamedTuple):
    """A flow and the revision to run; `limited` if the flow has a concurrency limit, `scope` is the revision's."""

    revision_id: UUID
    latest_revision: int
    limited: bool
    scope: Scope


async def prepare(
    pool: Pool,
    plans: Plans,
    evaluator: Evaluator,
    scope: Scope,
    launch: Launch,
    cipher: Cipher | None = None,
) -> Create:
    """Raises Refused if there is no such flow or revision, or with the problems of all inputs. Without `cipher`, no
    input may be SECRET.

    `scope` is that of the person who starts the execution. The scope of the execution is within it, and within that
    of the person who saved the revision.
    """
    cipher = cipher or Cipher()
    if abs(launch.options.priority) > MAX_PRIORITY:
        message = f"priority must be between -{MAX_PRIORITY} and {MAX_PRIORITY}"
        raise Refused.because(ProblemCode.VALIDATION, message, "priority")
    _refuse_too_late(launch.options.scheduled_at)
    found = await find_to_start(pool, plans, scope, launch.namespace, launch.flow, launch.revision)
    plan = plans.kept(found.revision_id) or await _read(pool, plans, found.revision_id)
    spec, given, source = plan.spec, launch.inputs, None
    if launch.rerun_of:
        source = await find_source(
            pool, plans, scope, launch.rerun_of, Action.PREPARE_EXECUTION, "rerunOf"
        )
        _refuse_another_flow(source, plan)
        given = given_to_rerun(spec.inputs, source.inputs, given)
    given = given_as_written(spec.inputs, given, launch.written)
    names = await names_of_defaults(pool, spec, launch.labels, launch.trigger)
    inputs = await complete_inputs(pool, evaluator, cipher, spec, given, names.values)
    reach = scope.within(found.scope)
    command = Create(
        plan=plan,
        id=names.id,
        inputs=inputs,
        labels=launch.labels,
        kind=launch.kind,
        on_failure=launch.on_failure,
        options=launch.options,
        trigger=launch.trigger,
        idempotency_key=launch.idempotency_key,
        digest=_digest(cipher, plan, launch) if launch.idempotency_key else None,
        links=Links(parent=launch.parent),
        limited=found.limited,
        shares_slot=launch.shares_slot,
        starters=launch.starters,
        scope=reach,
        may_override=launch.may_override,
        latest=await _newest_instead(pool, plans, plan, launch, found.latest_revision),
    )
    if source or launch.options.disabled_tasks or command.latest:
        command = await _as_rerun(pool, plans, source, launch, command)
    return await with_cached(pool, evaluator, cipher, command)


def _refuse_too_late(scheduled_at: datetime | None) -> None:
    if scheduled_at and (scheduled_at - datetime.now(UTC)).total_seconds() > MAX_SECONDS:
        raise Refused.because(
            ProblemCode.VALIDATION, "scheduledAt must be within 100 years", "scheduledAt"
        )


def _digest(cipher: Cipher, plan: CompiledFlow, launch: Launch) -> str:
    return launch.digest(digested_inputs(cipher, plan.spec.inputs, launch.inputs))


def _refuse_another_flow(source: Execution, plan: CompiledFlow) -> None:
    """A rerun must be of the same flow. Namespace and id decide: a flow deleted and saved again counts as the same."""
    of, to = source.plan.spec, plan.spec
    if (of.namespace, of.id) != (to.namespace, to.id):
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{source.name} is an execution of {of.namespace}/{of.id}, not of {to.namespace}/{to.id}; "
            "name an execution of the same flow, or leave rerunOf out",
            "rerunOf",
        )


async def _newest_instead(
    pool: Pool, plans: Plans, plan: CompiledFlow, launch: Launch, newest: int
) -> CompiledFlow | None:
    """Returns None if the revision is set by the flow document of a parent: then no person has chosen it."""
    if launch.parent or plan.revision == newest:
        return None
    return await newest_instead(pool, plans, plan)


async def newest_instead(pool: Pool, plans: Plans, plan: CompiledFlow) -> CompiledFlow | None:
    """Returns the newest revision of the flow, or None if the plan is that revision."""
    named = Named(plan.spec.namespace, plan.spec.id, None)
    found = (await plans.launches.find(pool, [named])).get(named)
    id = found["revision_id"] if found else None
    if id is None or id == plan.revision_id:
        return None
    newest = plans.kept(id) or await _read(pool, plans, id)
    return replace(
        newest, asking=newest.asking | (await asking_subflows(pool, plans, newest)).keys()
    )


async def _as_rerun(
    pool: Pool, plans: Plans, source: Execution | None, launch: Launch, command: Create
) -> Create:
    """Links the command to its source, whose outputs are reused for the disabled tasks."""
    begins = await begins_with(pool, plans, source, command)
    command = replace(command, subflows=begins.subflows)
    if source is None:
        return command
    reach, disabled = command.scope.within(source.scope), launch.options.disabled_tasks
    refuse_reuse_from_outside(source, command.plan, reach, disabled, "disabledTasks")
    return replace(
        command,
        links=Links(rerun_of=source.id, original_id=source.original_id or source.id),
        reused=reused_when_disabled(source, disabled, command.plan, begins),
        scope=reach,
    )


async def begins_with(
    pool: Pool, plans: Plans, source: Execution | None, command: Create
) -> NewExecution:
    """Returns the context of a new execution, which decides whether the approvals of its source apply to it."""
    labels = {**command.plan.spec.labels, **command.labels}
    now = context(command.plan, command.inputs, labels, command.trigger)
    return NewExecution(now, await asking_subflows(pool, plans, command.plan, source))


async def find_source(
    pool: Pool, plans: Plans, scope: Scope, id: UUID, action: Action, path: str = "id"
) -> Execution:
    """Returns the ended execution from which another is made. Raises Refused if the action on it is not possible."""
    source = (await read_executions(pool, plans, [id])).get(id)
    if source is None or not scope.covers(source.plan.spec.namespace):
        raise Refused.because(ProblemCode.NOT_FOUND, "no such execution", path)
    require(source, action, path)
    return source


async def find_to_start(
    pool: Pool,
    plans: Plans,
    scope: Scope,
    namespace: str,
    flow: str,
    revision: int | None = None,
    path: str = "flow",
) -> FlowToStart:
    """Returns the flow and the revision to run (None: the newest). All ways of starting a flow use this.

    Raises Refused if there is none or the flow is disabled; `path` is the input that named the flow.
    """
    found = None
    if scope.covers(namespace):
        named = Named(namespace, flow, revision)
        found = (await plans.launches.find(pool, [named])).get(named)
    name = f"{namespace}/{flow}"
    if found is None:
        raise Refused.because(
            ProblemCode.NOT_FOUND,
            f"no flow {name}; save it, or list the existing ones: `headway flows list`",
            path,
        )
    if not found["enabled"]:
        raise Refused.because(
            ProblemCode.INVALID_STATE,
            f"the flow {name} is disabled; enable it first: `headway flows enable {name}`",
            path,
        )
    if found["revision_id"] is None:
        raise Refused.because(
            ProblemCode.NOT_FOUND,
            f"{name} has no revision {revision}; the newest is {found['latest_revision']}",
            "revision",
        )
    return FlowToStart(
        found["revision_id"], found["latest_revision"], found["limited"], scope_of(found["scope"])
    )


async def _read(pool: Pool, plans: Plans, revision_id: UUID) -> CompiledFlow:
    async with pool.acquire() as connection:
        return await plans.of(connection, revision_id)
