"""Checks for documents that are saved now. Revisions saved earlier are exempt, so that they can still run."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.access.viewer import ROLES, Permission, roles_with
from models.spec.checks import Fault
from models.spec.document import Path
from models.spec.outline import Placed, outline
from models.states import RunIf, Section


def newer_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    for task in outline(data).tasks:
        if task.item.get("type") == "approval":
            yield from _approver_faults(task)
        if task.item.get("type") == "subflow":
            yield from _endless_faults(data, task)


def _approver_faults(task: Placed) -> Iterator[Fault]:
    yield from _role_faults(task.item, task.path)
    groups = task.item.get("groups")
    for position, group in enumerate(groups if isinstance(groups, list) else ()):
        yield from _role_faults(group, (*task.path, "groups", position))
    yield from _role_faults(task.item.get("escalate"), (*task.path, "escalate"))


def _role_faults(part: Any, path: Path) -> Iterator[Fault]:
    roles = part.get("roles") if isinstance(part, dict) else None
    may = roles_with(Permission.APPROVE)
    for position, role in enumerate(roles if isinstance(roles, list) else ()):
        if isinstance(role, str) and role not in may:
            wrong = f"the role `{role}` may not approve"
            if role not in ROLES:
                wrong = f"there is no role `{role:.80}`"
            right = f"roles that may approve: {', '.join(may)}"
            yield Fault((*path, "roles", position), f"{wrong}; {right}; or name people in `users`")


def _endless_faults(data: Mapping[str, Any], task: Placed) -> Iterator[Fault]:
    """Yields unconditional subflow tasks that start their own flow; with a condition, the recursion can end."""
    item = task.item
    itself = item.get("flow") == data.get("id") and (
        item.get("namespace") in (None, data.get("namespace"))
    )
    conditional = item.get("when") is not None or item.get("disabled") or task.around
    always = item.get("run_if", "success") != RunIf.FAILED.value.lower()
    if itself and always and not conditional and task.section is not Section.ERRORS:
        sentence = (
            "this flow would start itself without end; give the task a `when`, or name another flow"
        )
        yield Fault((*task.path, "flow"), sentence)
