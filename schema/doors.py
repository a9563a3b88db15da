"""Permissions at the roots; never on leaves."""

from typing import Any
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.viewer import Permission, not_permitted
from runner.denials import Denial
from schema.context import Info
from schema.types.task_run import TaskRun


def needs(info: Info, permission: Permission, namespace: str, path: str | None = None) -> None:
    """Raises Refused FORBIDDEN without the permission in the namespace."""
    if not info.context.viewer.may(permission, namespace):
        raise forbidden(info, permission, namespace, path)


def needs_somewhere(info: Info, permission: Permission) -> None:
    """Before anything is looked for, so that a refusal tells nothing of what there is. What is read is narrowed by the
    viewer's scope. Raises Refused FORBIDDEN for one who has the permission in no namespace."""
    if not info.context.viewer.may_somewhere(permission):
        raise forbidden(info, permission)


def needs_everywhere(info: Info, permission: Permission) -> None:
    """For what is of no namespace. Raises Refused FORBIDDEN without the permission in every namespace."""
    if not info.context.viewer.may_everywhere(permission):
        raise forbidden(info, permission)


def forbidden(
    info: Info, permission: Permission, namespace: str | None = None, path: str | None = None
) -> Refused:
    """The refusal, which the audit log has as DENIED."""
    viewer, denials = info.context.viewer, info.context.services.denials
    if denials is not None:
        denials.tell(Denial.of(viewer, permission.value, namespace))
    places = () if path is None else (path,)
    return Refused.because(ProblemCode.FORBIDDEN, not_permitted(permission, namespace), *places)


async def visible_row(info: Info, id: str) -> Any:
    """The row of an execution that the viewer may see; to others it does not exist. Raises Refused NOT_FOUND."""
    row = await info.context.loaders.execution.load(untyped("exec", id))
    if row is None:
        raise Refused.not_found(f"no execution {id}")
    return row


async def visible_execution(info: Info, id: str) -> UUID:
    """The key of an execution that the viewer may see; to others it does not exist. Raises Refused NOT_FOUND."""
    key: UUID = (await visible_row(info, id))["id"]
    return key


async def execution_for(info: Info, id: str, permission: Permission) -> UUID:
    """The key of an execution that the viewer may see and has the permission for. Raises Refused."""
    needs_somewhere(info, permission)
    row = await visible_row(info, id)
    needs(info, permission, row["namespace"])
    key: UUID = row["id"]
    return key


async def visible_task_run(
    info: Info, id: str, permission: Permission = Permission.VIEW_EXECUTION
) -> TaskRun:
    """A task run of an execution that the viewer may see and has the permission for. Raises Refused."""
    needs_somewhere(info, permission)
    key = untyped("run", id)
    # What came of a child outside the viewer's scope is not in what this reads.
    row = await info.context.loaders.task_run.load(key)
    execution = await info.context.loaders.execution.load(row["execution_id"]) if row else None
    if execution is None:
        raise Refused.not_found(f"no task run {id}")
    needs(info, permission, execution["namespace"])
    return TaskRun.of(row)
