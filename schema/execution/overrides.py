"""Decides who may override approvals.

`models.lifecycle.approvals.consent` decides when an override is needed, and requires a reason for it.
"""

from uuid import UUID

from models.access.viewer import Permission
from schema.context import Info


def may_override(info: Info, namespace: str) -> bool:
    return info.context.viewer.may(Permission.OVERRIDE_APPROVAL, namespace)


async def may_override_of(info: Info, execution_id: UUID) -> bool:
    """Whether the viewer may override approvals of an execution; False if they may not see the execution."""
    row = await info.context.loaders.execution.load(execution_id)
    return row is not None and may_override(info, row["namespace"])
