"""Reasons for waiting. For a subflow task they include the reasons of the child execution, at any depth."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from models.lifecycle import waiting
from models.lifecycle.waiting import WaitingCode, waiting_for
from runner.history.point_in_time import past_of
from schema.context import Info
from schema.types.approval import Approval

if TYPE_CHECKING:
    from schema.types.execution.execution import Execution
    from schema.types.execution.task_run import TaskRun

_NEEDS_PEOPLE = frozenset({WaitingCode.APPROVAL, WaitingCode.PAUSED})


@strawberry.type
class Waiting:
    code: WaitingCode
    message: str
    task_run: Annotated["TaskRun", strawberry.lazy("schema.types.execution.task_run")] | None
    until: datetime | None
    execution: Annotated["Execution", strawberry.lazy("schema.types.execution.execution")] | None
    approval: Approval | None


async def waiting_views(
    info: Info, execution_id: UUID, reasons: list[waiting.Waiting]
) -> list[Waiting]:
    """Returns the reasons. A reason that waits for a child is followed by the pauses and approvals that hold the
    child."""
    from schema.types.execution.task_run import TaskRun

    loaders = info.context.loaders
    of_tasks = any(reason.path is not None for reason in reasons)
    by_path = await loaders.task_runs_by_path.load(execution_id) if of_tasks else {}
    found = await asyncio.gather(
        *(
            _views(info, execution_id, reason, TaskRun.maybe(by_path.get(reason.path or "")))
            for reason in reasons
        )
    )
    return [view for views in found for view in views]


async def _views(
    info: Info, execution_id: UUID, reason: waiting.Waiting, task_run: "TaskRun | None"
) -> list[Waiting]:
    approval = None
    if task_run and reason.code is WaitingCode.APPROVAL:
        rows = await info.context.loaders.by_task_run("approvals").load(execution_id)
        mine = rows.get(task_run.uuid)
        approval = Approval.of(mine[-1]) if mine else None
    view = Waiting(
        code=reason.code,
        message=reason.message,
        task_run=task_run,
        until=reason.until,
        execution=None,
        approval=approval,
    )
    if reason.child is None or past_of(execution_id):
        return [view]
    return [view, *await _below(info, view, reason.child, reason.held)]


async def _below(info: Info, view: Waiting, id: UUID, held: bool) -> list[Waiting]:
    """Adds the child to `view` and returns its reasons; nothing if the viewer may not see the child."""
    from schema.types.execution.execution import Execution

    row = await info.context.loaders.execution.load(id)
    if row is None:
        return []
    view.execution = Execution.of(row)
    view.message = f"{view.message}: {row['name']}"
    if not held:
        return []
    snapshot = await info.context.loaders.snapshot.load(id)
    reasons = waiting_for(snapshot, frozenset()) if snapshot else []  # deleted just now
    views = await waiting_views(
        info, id, [each for each in reasons if each.held or _needs_people(each)]
    )
    found = [each for each in views if each.code in _NEEDS_PEOPLE]
    for each in found:
        if each.execution is None:
            where = f"{row['name']}: {each.task_run.key}" if each.task_run else row["name"]
            each.message, each.execution = f"{each.message} ({where})", view.execution
        each.task_run = view.task_run
    return found


def _needs_people(reason: waiting.Waiting) -> bool:
    """Whether people must act. A pause counts once, not for each task run that it holds back."""
    return reason.code is WaitingCode.APPROVAL or (
        reason.code is WaitingCode.PAUSED and reason.path is None
    )
