"""Narrows the actions to those that a viewer has the permission for."""

from collections.abc import Container, Mapping
from typing import Final

from models.access.viewer import Permission, not_permitted
from models.errors import ProblemCode
from models.lifecycle.actions import Action, Availability
from models.lifecycle.approvals.consent import bypassed_by_continuing, refusal
from models.lifecycle.snapshot import Execution, TaskRun

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


def permitted(
    found: Availability, permissions: Container[Permission], namespace: str
) -> Availability:
    """Returns the availability for a viewer with these permissions: FORBIDDEN without the one that the action needs."""
    needed = PERMISSIONS[found.action]
    if needed in permissions:
        return found
    return Availability(
        found.action, False, ProblemCode.FORBIDDEN, not_permitted(needed, namespace)
    )


def permitted_on(
    execution: Execution, task: TaskRun, found: Availability, permissions: Container[Permission]
) -> Availability:
    """Reduces a task run's availability by the permissions. A change that bypasses an approval needs the permission to
    override it."""
    narrowed = permitted(found, permissions, execution.plan.spec.namespace)
    if not narrowed.allowed or found.action is not Action.CHANGE_TASK_RUN_STATE:
        return narrowed
    bypassed = list(bypassed_by_continuing(execution, task))
    if not bypassed or Permission.OVERRIDE_APPROVAL in permissions:
        return narrowed
    refused = refusal(bypassed)
    return Availability(found.action, False, refused.code, refused.message)
