"""Narrows the actions to those that a viewer has the permission for."""

from collections.abc import Container, Mapping
from typing import Final

from models.errors import ProblemCode
from models.lifecycle.actions import Action, Availability
from models.viewer import Permission, not_permitted

PERMISSIONS: Final[Mapping[Action, Permission]] = {
    Action.CANCEL: Permission.ACT_ON_EXECUTION,
    Action.PAUSE: Permission.ACT_ON_EXECUTION,
    Action.RESUME: Permission.ACT_ON_EXECUTION,
    Action.RETRY_FAILED: Permission.ACT_ON_EXECUTION,
    Action.RESTART: Permission.ACT_ON_EXECUTION,
    Action.REPLAY: Permission.RUN_FLOW,
    Action.PREPARE_EXECUTION: Permission.RUN_FLOW,
    Action.FORCE_RUN: Permission.ACT_ON_EXECUTION,
    Action.CHANGE_STATE: Permission.CHANGE_STATE,
    Action.CHANGE_TASK_RUN_STATE: Permission.CHANGE_STATE,
    Action.SET_LABELS: Permission.ACT_ON_EXECUTION,
    Action.ADD_NOTE: Permission.ACT_ON_EXECUTION,
    Action.ARCHIVE: Permission.ACT_ON_EXECUTION,
    Action.UNARCHIVE: Permission.ACT_ON_EXECUTION,
    Action.DELETE: Permission.MANAGE,
    Action.APPROVE: Permission.APPROVE,
    Action.REJECT: Permission.APPROVE,
}


def permitted(found: Availability, permissions: Container[Permission]) -> Availability:
    """As it is for who has these permissions: without the one it needs, no state allows it."""
    needed = PERMISSIONS[found.action]
    if needed in permissions:
        return found
    return Availability(found.action, False, ProblemCode.FORBIDDEN, not_permitted(needed))
