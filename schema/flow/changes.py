"""Mutations of flows: save, delete, enable, disable, and run a test."""

from typing import Any

from models.access.viewer import Permission, Scope
from models.errors import ProblemCode, Refused
from runner.launch.test_runs import UnsavedRun, prepare_unsaved_run
from runner.store.flows import flow_changes, flows
from runner.store.rows import FlowRow
from schema.access_checks import needs, needs_somewhere
from schema.context import Info
from schema.execution.actions import view_of
from schema.flow.inputs import DeleteFlowInput, RunTestInput, SetFlowEnabledInput
from schema.labels import labels_from
from schema.scalars import object_of
from schema.types.flow.flow import Flow, FlowRevision


async def delete_flow(info: Info, input: DeleteFlowInput) -> dict[str, Any]:
    origin, pool = info.context.origin(input.reason), info.context.services.pool
    scope = _changeable(info, input.namespace)
    row = await flow_changes.delete_flow(pool, scope, input.namespace, input.key, origin)
    return {"flow": _found(row, input.namespace, input.key)}


async def set_flow_enabled(info: Info, input: SetFlowEnabledInput) -> dict[str, Any]:
    row = await flow_changes.set_flow_enabled(
        info.context.services.pool,
        _changeable(info, input.namespace),
        input.namespace,
        input.key,
        input.enabled,
        info.context.origin(input.reason),
    )
    return {"flow": _found(row, input.namespace, input.key)}


async def run_test(info: Info, input: RunTestInput) -> dict[str, Any]:
    """Needs UPDATE_FLOW as well as RUN_FLOW, because running an arbitrary document is equivalent to saving it."""
    needs_somewhere(info, Permission.UPDATE_FLOW)
    needs_somewhere(info, Permission.RUN_FLOW)
    services = info.context.services
    spec = await services.flow_reader.read(input.source, info.context.viewer.actor)
    needs(info, Permission.UPDATE_FLOW, spec.namespace, "namespace")
    needs(info, Permission.RUN_FLOW, spec.namespace, "namespace")
    unsaved_run = UnsavedRun(
        input.source,
        spec,
        object_of(input.inputs, "inputs") or {},
        labels_from(input.labels),
        input.idempotency_key,
    )
    origin = info.context.origin(input.reason)
    command = await prepare_unsaved_run(
        services.pool,
        services.engine.plans,
        services.evaluator,
        services.vault,
        unsaved_run,
        origin.actor,
        info.context.viewer.scope_of(Permission.RUN_FLOW),
    )
    transition = await services.engine.create(command, origin)
    return {"execution": await view_of(info, transition.execution.id)}


def _changeable(info: Info, namespace: str) -> Scope:
    """Returns the scope to find the flow in. Raises Refused FORBIDDEN if the viewer sees the flows of the namespace but
    may not change them."""
    needs_somewhere(info, Permission.UPDATE_FLOW)
    scope = info.context.viewer.scope_of(Permission.LIST_FLOWS)
    if scope.covers(namespace):
        needs(info, Permission.UPDATE_FLOW, namespace, "namespace")
    return scope


def _found(row: FlowRow | None, namespace: str, key: str) -> Flow:
    if row is None:
        sentence = f"no flow {namespace}/{key}; `headway flows list` shows what there is"
        raise Refused.because(ProblemCode.NOT_FOUND, sentence, "key")
    return Flow.of(row)


async def save_flow(info: Info, source: str) -> dict[str, Any]:
    needs_somewhere(info, Permission.UPDATE_FLOW)
    spec = await info.context.services.flow_reader.read(source, info.context.viewer.actor)
    needs(info, Permission.UPDATE_FLOW, spec.namespace, "namespace")
    async with info.context.services.pool.acquire() as connection:
        origin = info.context.origin()
        flow, revision, new = await flows.save_flow(
            connection, spec, source, origin.actor, origin, info.context.viewer.reach
        )
    return {"flow": Flow.of(flow), "revision": FlowRevision.of(revision), "is_new": new}
