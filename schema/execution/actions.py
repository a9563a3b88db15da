"""Executes mutations on executions: input -> command -> engine -> fields of the payload."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from models.access.viewer import Permission
from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.lifecycle.commands.commands import ChangeState, ChangeTaskRunState, Command, Signal
from models.lifecycle.engine_tasks.signals import check_event
from models.payloads import check_payload
from runner.launch.approving_subflows import asking_subflows
from runner.launch.launch import prepare
from runner.store.execution import signals
from schema.access_checks import execution_for, needs_somewhere, visible_task_run
from schema.context import Info
from schema.execution.inputs import (
    ChangeStateInput,
    ChangeTaskRunStateInput,
    CreateExecutionInput,
    OnExecution,
    SendEventInput,
)
from schema.execution.overrides import may_override, may_override_of
from schema.loading.snapshots import snapshot_of
from schema.scalars import object_of
from schema.types.execution.execution import Execution
from schema.types.execution.task_run import task_run_by_id


async def launch(info: Info, input: CreateExecutionInput) -> dict[str, Any]:
    needs_somewhere(info, Permission.RUN_FLOW)
    services = info.context.services
    if input.rerun_of is not None:
        await _needs_to_see_source(info, input.rerun_of)
    launch = replace(input.to_launch(), may_override=may_override(info, input.namespace))
    command = await prepare(
        services.pool,
        services.engine.plans,
        services.evaluator,
        info.context.viewer.scope_of(Permission.RUN_FLOW),
        launch,
        services.vault,
    )
    transition = await services.engine.create(command, info.context.origin(input.reason))
    return {"execution": await view_of(info, transition.execution.id)}


async def _needs_to_see_source(info: Info, id: str) -> None:
    """Raises Refused NOT_FOUND if the viewer may not see the execution to rerun."""
    if await info.context.loaders.execution.load(untyped("exec", id)) is None:
        raise Refused.because(ProblemCode.NOT_FOUND, "no such execution", "rerunOf")


async def act(info: Info, input: OnExecution, command: Command) -> dict[str, Any]:
    id = await execution_for(info, input.id, Permission.ACT_ON_EXECUTION)
    await info.context.services.engine.execute(
        id, command, info.context.origin(input.reason, input.expected_seq)
    )
    return {"execution": await view_of(info, id)}


async def change_state(info: Info, input: ChangeStateInput) -> dict[str, Any]:
    id = await execution_for(info, input.id, Permission.CHANGE_STATE)
    origin = info.context.origin(input.reason, input.expected_seq)
    command = ChangeState(input.state, await may_override_of(info, id))
    await info.context.services.engine.execute(id, command, origin)
    return {"execution": await view_of(info, id)}


async def change_task_run_state(info: Info, input: ChangeTaskRunStateInput) -> dict[str, Any]:
    task_run = await visible_task_run(info, input.task_run_id, Permission.CHANGE_STATE)
    outputs = object_of(input.outputs, "outputs")
    check_payload(outputs, "outputs")
    origin = info.context.origin(input.reason, input.expected_seq)
    services = info.context.services
    plan = (await snapshot_of(info, task_run.execution_key)).plan
    command = ChangeTaskRunState(
        task_run.key,
        input.state,
        outputs,
        await may_override_of(info, task_run.execution_key),
        frozenset(await asking_subflows(services.pool, services.engine.plans, plan)),
    )
    await services.engine.execute(task_run.execution_key, command, origin)
    execution = await view_of(info, task_run.execution_key)
    changed = await task_run_by_id(info, task_run.execution_key, task_run.uuid)
    return {"execution": execution, "task_run": changed}


async def send_event(info: Info, input: SendEventInput) -> dict[str, Any]:
    """Sends an event to one execution, which stores it until a `wait` task consumes it; or to all executions of a
    namespace that now wait for it."""
    needs_somewhere(info, Permission.ACT_ON_EXECUTION)
    services = info.context.services
    if (input.execution_id is None) == (input.namespace is None):
        raise Refused.because(
            ProblemCode.VALIDATION, "name either an execution or a namespace", "executionId"
        )
    command = Signal(input.name, input.data)
    check_event(command.name, command.data)
    if input.execution_id is not None:
        ids = [await execution_for(info, input.execution_id, Permission.ACT_ON_EXECUTION)]
    else:
        viewer = info.context.viewer
        scope = viewer.scope.within(viewer.scope_of(Permission.ACT_ON_EXECUTION))
        ids = await signals.waiting_for(services.pool, scope, str(input.namespace), input.name)
    for id in list(ids):
        try:
            await services.engine.execute(id, command, info.context.origin(input.reason))
        except Refused:
            if input.namespace is None:
                raise
            ids.remove(id)  # it ended after the query for waiting executions
    views = [await view_of(info, id) for id in ids]
    return {"executions": [view for view in views if view]}


async def view_of(info: Info, id: UUID) -> Execution | None:
    """Reads the execution again after a commit; discards everything loaded before."""
    info.context.refresh()
    return Execution.maybe(await info.context.loaders.execution.load(id))
