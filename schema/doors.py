"""Permissions at the roots; never on leaves."""

from uuid import UUID

from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.viewer import Permission
from schema.context import Info


def needs(info: Info, permission: Permission) -> None:
    """Raises Refused FORBIDDEN without the permission."""
    if not info.context.viewer.may(permission):
        raise Refused.because(
            ProblemCode.FORBIDDEN, f"this needs the permission {permission.value}"
        )


async def visible_execution(info: Info, id: str) -> UUID:
    """The key of an execution that the viewer may see; to others it does not exist."""
    key = untyped("exec", id)
    if await info.context.loaders.execution.load(key) is None:
        raise Refused.not_found(f"no execution {id}")
    return key
