"""Why something does not move; of what waits for another execution, what holds that one back, at any depth."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from models.lifecycle import waiting
from models.lifecycle.snapshot import Execution as Snapshot
from models.lifecycle.waiting import WaitingCode, waiting_for
from runner.past import past_of
from schema.context import Info
from schema.loading import snapshot_of
from schema.types.approval import Approval

if TYPE_CHECKING:
    from schema.types.execution import Execution
    from schema.types.task_run import TaskRun

_OF_PEOPLE = frozenset({WaitingCode.APPROVAL, WaitingCode.PAUSED})


@strawberry.type
class Waiting:
    code: WaitingCode
    message: str
    task_run: Annotated["TaskRun", strawberry.lazy("schema.types.task_run")] | None
    until: datetime | None
    execution: Annotated["Execution", strawberry.lazy("schema.types.execution")] | None
    approval: Approval | None


async def waiting_views(
    info: Info, execution_id: UUID, reasons: list[waiting.Waiting]
) -> list[Waiting]:
    from schema.types.task_run import task_runs_by_path

    by_path = await task_runs_by_path(info, execution_id) if reasons else {}
    views: list[Waiting] = []
    for reason in reasons:
        task_run = by_path.get(reason.path) if reason.path else None
        approvals = await info.context.loaders.approvals.load(execution_id) if task_run else []
        asked = [row for row in approvals if task_run and row["task_run_id"] == task_run.uuid]
        view = Waiting(
            code=reason.code,
            message=reason.message,
            task_run=task_run,
            until=reason.until,
            execution=None,
            approval=Approval.of(asked[-1])
            if asked and reason.code is WaitingCode.APPROVAL
            else None,
        )
        views.append(view)
        if reason.child and not past_of(execution_id):
            views += await _with_child(info, view, reason.child)
    return views


async def _with_child(info: Info, view: Waiting, child: UUID) -> list[Waiting]:
    """Names the child, and answers what of people it waits for, and those below it."""
    from schema.types.execution import Execution

    row = await info.context.loaders.execution.load(child)
    if row is None:  # nothing is told of what the viewer may not see
        return []
    view.execution = Execution.of(row)
    view.message = f"{view.message} ({row['name']})"
    found = await _held_below(info, await snapshot_of(info, child))
    for each in found:
        each.task_run = view.task_run
    return found


def _is_held(reason: waiting.Waiting) -> bool:
    """By people; a pause is told once, and not of each task run that it holds back."""
    return reason.code in _OF_PEOPLE and (
        reason.path is None or reason.code is WaitingCode.APPROVAL
    )


async def _held_below(info: Info, child: Snapshot) -> list[Waiting]:
    from schema.types.execution import Execution

    reasons = [each for each in waiting_for(child, frozenset()) if each.child or _is_held(each)]
    views = await waiting_views(info, child.id, reasons)
    row = await info.context.loaders.execution.load(child.id)
    told = [each for each in views if each.code in _OF_PEOPLE]
    for each in told:
        if each.execution is None:
            where = f"{child.name}: {each.task_run.key}" if each.task_run else child.name
            each.message = f"{each.message} ({where})"
            each.execution = Execution.maybe(row)
    return told
