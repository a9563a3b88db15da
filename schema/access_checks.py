"""Permission checks, called by root fields and never by fields of objects."""

from typing import TypedDict
from uuid import UUID

from models.access.viewer import Permission, not_permitted, nowhere_permitted
from models.errors import ProblemCode, Refused
from models.ids import untyped
from runner.denials import Denial
from runner.store.execution.nodes import TaskRunWithResults
from runner.store.rows import ExecutionRow
from schema.context import Info
from schema.types.execution.task_run import TaskRun


class InNamespace(TypedDict):
    """The column of a row that decides about permissions."""

    namespace: str


def needs(info: Info, permission: Permission, namespace: str, path: str | None = None) -> None:
    """Raises Refused FORBIDDEN unless the viewer has the permission in the namespace."""
    if not info.context.viewer.may(permission, namespace):
        raise forbidden(info, permission, namespace, path)


def needs_somewhere(info: Info, permission: Permission) -> None:
    """Raises Refused FORBIDDEN if the viewer has the permission in no namespace. Call it before any read, so that a
    refusal does not reveal what exists; reads are limited to the viewer's scope."""
    if not info.context.viewer.may_somewhere(permission):
        raise _denied(info, permission, None, nowhere_permitted(permission))


def needs_on(info: Info, permission: Permission, row: InNamespace | None) -> None:
    """Raises Refused FORBIDDEN unless the viewer has the permission in the namespace of `row`, a row they can see.
    With None, nothing was found, and the permission is checked as in `needs_somewhere`: a refusal reveals no more."""
    if row is None:
        needs_somewhere(info, permission)
    else:
        needs(info, permission, row["namespace"])


def needs_everywhere(info: Info, permission: Permission) -> None:
    """Raises Refused FORBIDDEN unless the viewer has the permission in every namespace: for objects without one."""
    if not info.context.viewer.may_everywhere(permission):
        raise forbidden(info, permission)


def forbidden(
    info: Info, permission: Permission, namespace: str | None = None, path: str | None = None
) -> Refused:
    """Returns the refusal, and records it in the audit log as DENIED. `namespace` is None for objects without one."""
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


async def visible_row(info: Info, id: str, permission: Permission | None = None) -> ExecutionRow:
    """Returns the row of an execution that the viewer may see. Raises Refused NOT_FOUND if they may not see it, and
    FORBIDDEN without `permission` in its namespace."""
    key = untyped("exec", id)
    row: ExecutionRow | None = await info.context.loaders.execution.load(key)
    if permission is not None:
        needs_on(info, permission, row)
    if row is None:
        raise Refused.not_found(f"no execution {id}")
    return row


async def visible_execution(info: Info, id: str) -> UUID:
    """Returns the key of an execution that the viewer may see. Raises Refused NOT_FOUND."""
    return (await visible_row(info, id))["id"]


async def execution_for(info: Info, id: str, permission: Permission) -> UUID:
    """Returns the key of an execution that the viewer may see and has the permission for. Raises Refused."""
    return (await visible_row(info, id, permission))["id"]


async def visible_task_run(
    info: Info, id: str, permission: Permission = Permission.VIEW_EXECUTION
) -> TaskRun:
    """Returns a task run of an execution that the viewer may see and has the permission for. Raises Refused."""
    key = untyped("run", id)
    # The loader omits results of a child outside the viewer's scope.
    row: TaskRunWithResults | None = await info.context.loaders.task_run.load(key)
    execution = await info.context.loaders.execution.load(row["execution_id"]) if row else None
    needs_on(info, permission, execution)
    if row is None or execution is None:
        raise Refused.not_found(f"no task run {id}")
    return TaskRun.of(row)
