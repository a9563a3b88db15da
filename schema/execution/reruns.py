"""Restart, retry, replay and prepare. With `plan: true` only the plan is returned."""

from typing import Any

from models.access.viewer import Permission
from models.lifecycle.actions import Action, require
from models.lifecycle.commands.commands import Restart, RetryFailed
from models.lifecycle.reruns.rerun_plan import plan_reset
from models.lifecycle.reruns.reruns import reset_by_restart, reset_by_retry
from runner.launch import reruns
from runner.launch.reruns import Replay
from schema.access_checks import execution_for, forbidden, visible_row
from schema.context import Info
from schema.execution.actions import act, view_of
from schema.execution.inputs import (
    PrepareExecutionInput,
    ReplayExecutionInput,
    RetryFailedInput,
    RevisionChoice,
)
from schema.execution.overrides import may_override
from schema.loading.snapshots import snapshot_of
from schema.scalars import JSON, object_of
from schema.types.execution.plan import Concurrency, DraftTask, ExecutionDraft, Plan


async def rerun_in_place(
    info: Info, input: RetryFailedInput, command: Restart | RetryFailed
) -> dict[str, Any]:
    id = await execution_for(info, input.id, Permission.ACT_ON_EXECUTION)
    execution = await snapshot_of(info, id)
    restarts = isinstance(command, Restart)
    tasks = (reset_by_restart if restarts else reset_by_retry)(execution)
    plan = Plan.of(plan_reset(execution, tasks))
    if input.plan:
        require(execution, Action.RESTART if restarts else Action.RETRY_FAILED)
        return {"execution": await view_of(info, id), "plan": plan}
    return {**await act(info, input, command), "plan": plan}


async def replay(info: Info, input: ReplayExecutionInput) -> dict[str, Any]:
    services, viewer = info.context.services, info.context.viewer
    row = await visible_row(info, input.id, Permission.RUN_FLOW)
    override = bool(input.override_approvals)
    if override and not may_override(info, row["namespace"]):
        raise forbidden(info, Permission.OVERRIDE_APPROVAL, row["namespace"], "overrideApprovals")
    wanted = Replay(
        row["id"],
        input.from_task,
        input.revision is RevisionChoice.LATEST,
        object_of(input.inputs, "inputs"),
        input.idempotency_key,
        viewer.permissions_in(row["namespace"]),
        override,
    )
    command, planned = await reruns.prepare_replay(
        services.pool,
        services.engine.plans,
        services.evaluator,
        services.vault,
        viewer.scope_of(Permission.RUN_FLOW),
        wanted,
    )
    if input.plan:
        return {"plan": Plan.of(planned)}
    transition = await services.engine.create(command, info.context.origin(input.reason))
    return {"execution": await view_of(info, transition.execution.id), "plan": Plan.of(planned)}


async def draft(info: Info, input: PrepareExecutionInput) -> dict[str, Any]:
    services = info.context.services
    id = await execution_for(info, input.id, Permission.RUN_FLOW)
    latest = input.revision is not RevisionChoice.SAME
    found = await reruns.draft(
        services.pool,
        services.engine.plans,
        info.context.viewer.scope_of(Permission.RUN_FLOW),
        id,
        latest,
    )
    limit = found.plan.spec.concurrency
    return {
        "draft": ExecutionDraft(
            create_input=JSON(found.create_input),
            disabled_tasks=found.disabled_tasks,
            tasks=[DraftTask.of(task) for task in found.tasks],
            concurrency=Concurrency(limit=limit.limit, behavior=limit.behavior) if limit else None,
        )
    }
