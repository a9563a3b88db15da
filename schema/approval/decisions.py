"""Approves and rejects requests, the same for every channel."""

from typing import Any
from uuid import UUID

from models import errors
from models.access.viewer import Permission
from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.lifecycle.commands.commands import CastVote
from models.states import VoteDecision
from runner.store.execution.nodes import APPROVAL
from runner.store.rows import ApprovalRow, ExecutionRow
from schema.access_checks import needs, needs_on
from schema.approval.inputs import DecideInput
from schema.context import Info
from schema.execution.actions import view_of
from schema.execution.overrides import may_override_of
from schema.scalars import object_of
from schema.types.approval import Approval


async def decide(info: Info, input: DecideInput, decision: VoteDecision) -> dict[str, Any]:
    id = untyped("appr", input.approval_id)
    execution = await _execution_of(info, id)
    execution_id, namespace = execution["id"], execution["namespace"]
    if input.override:
        needs(info, Permission.OVERRIDE_APPROVAL, namespace)
    command = CastVote(
        id,
        decision,
        info.context.viewer.roles_in(namespace),
        input.comment,
        object_of(input.form, "form"),
        bool(input.override),
        input.idempotency_key,
        await may_override_of(info, execution_id),
        info.context.viewer.same_person,
    )
    try:
        await info.context.services.engine.execute(
            execution_id, command, info.context.origin(input.comment)
        )
    except Refused as refused:
        raise _with_request(refused, id) from refused
    row: ApprovalRow | None = await info.context.services.pool.fetchrow(APPROVAL, id)
    approval = Approval.of(row) if row else None
    return {"approval": approval, "execution": await view_of(info, execution_id)}


async def _execution_of(info: Info, approval_id: UUID) -> ExecutionRow:
    """Returns the row of the execution that waits for the request. Raises Refused unless the viewer may see the
    execution and has the permission APPROVE."""
    row: ApprovalRow | None = await info.context.services.pool.fetchrow(APPROVAL, approval_id)
    execution: ExecutionRow | None = None
    if row:
        execution = await info.context.loaders.execution.load(row["execution_id"])
    needs_on(info, Permission.APPROVE, execution)
    if execution is None:
        raise Refused.not_found("no such approval request")
    return execution


def _with_request(refused: Refused, approval_id: UUID) -> Refused:
    """Adds the id of the request to ALREADY_DECIDED problems."""
    return Refused(
        [
            errors.Problem(
                problem.code, problem.message, problem.path, details={"request": approval_id}
            )
            if problem.code is ProblemCode.ALREADY_DECIDED
            else problem
            for problem in refused.problems
        ]
    )
