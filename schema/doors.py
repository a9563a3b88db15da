"""Permissions at the roots; never on leaves."""

from typing import Any
from uuid import UUID

from models.access.viewer import Permission, not_permitted, nowhere_permitted
from models.errors import ProblemCode, Refused
from models.ids import untyped
from runner.denials import Denial
from schema.context import Info
from schema.types.execution.task_run import TaskRun


def needs(info: Info, permission: Permission, namespace: str, path: str | None = None) -> None:
    """Raises Refused FORBIDDEN without the permission in the namespace."""
    if not info.context.viewer.may(permission, namespace):
        raise forbidden(info, permission, namespace, path)


def needs_somewhere(info: Info, permission: Permission) -> None:
    """Before anything is looked for, so that a refusal tells nothing of what there is. What is read is narrowed by the
    viewer's scope. Raises Refused FORBIDDEN for one who has the permission in no namespace."""
    if not info.context.viewer.may_somewhere(permission):
        raise _denied(info, permission, None, nowhere_permitted(permission))


def needs_on(info: Info, permission: Permission, row: Any) -> None:
    """For what the viewer sees, in its namespace; with None, as before anything was looked for: the refusal tells of
    what is seen alone. Raises Refused FORBIDDEN."""
    if row is None:
        needs_somewhere(info, permission)
    else:
        needs(info, permission, row["namespace"])


def needs_everywhere(info: Info, permission: Permission) -> None:
    """For what is of no namespace. Raises Refused FORBIDDEN without the permission in every namespace."""
    if not info.context.viewer.may_everywhere(permission):
        raise forbidden(info, permission)


def forbidden(
    info: Info, permission: Permission, namespace: str | None = None, path: str | None = None
) -> Refused:
    """The refusal, which the audit log has as DENIED; without a namespace, of what is of none."""
    return _denied(info, permission, namespace, not_permitted(permission, namespace), path)


def _denied(
    info: Info,
    permission: Permission,
    namespace: str | None,
    sentence: str,
    path: str | None = None,
) -> Refused:
    viewer, denials = info.context.viewer, info.context.services.denials
    if denials is not None:
        denials.record(Denial.of(viewer, permission.value, namespace))
    places = () if path is None else (path,)
    return Refused.because(ProblemCode.FORBIDDEN, sentence, *places)


async def visible_row(info: Info, id: str, permission: Permission | None = None) -> Any:
    """The row of an execution that the viewer may see, and has the permission for; to others it does not exist. Raises
    Refused NOT_FOUND or FORBIDDEN."""
    row = await info.context.loaders.execution.load(untyped("exec", id))
    if permission is not None:
        needs_on(info, permission, row)
    if row is None:
        raise Refused.not_found(f"no execution {id}")
    return row


async def visible_execution(info: Info, id: str) -> UUID:
    """The key of an execution that the viewer may see; to others it does not exist. Raises Refused NOT_FOUND."""
    key: UUID = (await visible_row(info, id))["id"]
    return key


async def execution_for(info: Info, id: str, permission: Permission) -> UUID:
    """The key of an execution that the viewer may see and has the permission for. Raises Refused."""
    key: UUID = (await visible_row(info, id, permission))["id"]
    return key


async def visible_task_run(
    info: Info, id: str, permission: Permission = Permission.VIEW_EXECUTION
) -> TaskRun:
    """A task run of an execution that the viewer may see and has the permission for. Raises Refused."""
    key = untyped("run", id)
    # What came of a child outside the viewer's scope is not in what this reads.
    row = await info.context.loaders.task_run.load(key)
    execution = await info.context.loaders.execution.load(row["execution_id"]) if row else None
    needs_on(info, permission, execution)
    if execution is None:
        raise Refused.not_found(f"no task run {id}")
    return TaskRun.of(row)
