"""Approval requests, read for lists. An approval is visible where its execution is."""

from collections.abc import Sequence
from uuid import UUID

from models.viewer import Scope
from runner.store.connection import Pool
from runner.store.history import Page, Window, count, keyset_page
from runner.store.where import Arguments, compile_scope


def condition(
    arguments: Arguments,
    scope: Scope,
    states: Sequence[str] | None,
    execution_id: UUID | None,
    eligible: tuple[str, Sequence[str]] | None,
) -> str:
    """`eligible` is a name and roles: only requests that this person may decide."""
    visible = compile_scope(scope, arguments, "x.namespace")
    parts = [f"exists (select from executions x where x.id = execution_id and {visible})"]
    if states is not None:
        parts.append(f"state = any({arguments.add(list(states))}::text[])")
    if execution_id is not None:
        parts.append(f"execution_id = {arguments.add(execution_id)}")
    if eligible is not None:
        name, roles = eligible
        held = f"{arguments.add(list(roles))}::text[]"
        parts.append(
            "(users = '[]' and roles = '[]' "
            f"or users ? {arguments.add(name)} or roles ?| {held} or escalated ?| {held})"
        )
    return " and ".join(parts)


async def approvals_page(pool: Pool, where: str, arguments: Arguments, window: Window) -> Page:
    """Oldest first."""
    return await keyset_page(pool, "approvals", where, arguments, window, newest_first=False)


async def count_approvals(pool: Pool, where: str, arguments: Arguments) -> tuple[int, bool]:
    return await count(pool, "approvals", where, arguments)
