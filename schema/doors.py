"""Permissions at the roots; never on leaves."""

from uuid import UUID

from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.viewer import Permission, not_permitted
from schema.context import Info
from schema.types.task_run import TaskRun


def needs(info: Info, permission: Permission) -> None:
    """Raises Refused FORBIDDEN without the permission."""
    if not info.context.viewer.may(permission):
        raise Refused.because(ProblemCode.FORBIDDEN, not_permitted(permission))


async def visible_execution(info: Info, id: str) -> UUID:
    """The key of an execution that the viewer may see; to others it does not exist."""
    key = untyped("exec", id)
    if await info.context.loaders.execution.load(key) is None:
        raise Refused.not_found(f"no execution {id}")
    return key


async def visible_task_run(info: Info, id: str) -> TaskRun:
    """A task run of an execution that the viewer may see. Raises Refused."""
    key = untyped("run", id)
    row = await info.context.loaders.task_run.load(key)
    if row is None or await info.context.loaders.execution.load(row["execution_id"]) is None:
        raise Refused.not_found(f"no task run {id}")
    return TaskRun.of(row)
