"""Saves, deletes and lists secrets of namespaces. Values are never returned."""

from typing import Any

from models.access.viewer import Permission
from models.errors import ProblemCode, Refused
from models.secrets import check_place, checked_secret
from runner.store import secrets
from schema.access_checks import needs, needs_somewhere
from schema.context import Info
from schema.secret.inputs import DeleteSecretInput, SaveSecretInput
from schema.types.flow.secret import Secret


async def save_secret(info: Info, input: SaveSecretInput) -> dict[str, Any]:
    _check(info, input.namespace, input.name)
    try:
        value = checked_secret(input.value)
    except ValueError as error:
        raise Refused.because(
            ProblemCode.VALIDATION, f"the value of a secret {error}", "value"
        ) from error
    services, origin = info.context.services, info.context.origin()
    row = await secrets.save(
        services.pool, services.vault, input.namespace, input.name, value, origin
    )
    return {"secret": Secret.of(row)}


async def delete_secret(info: Info, input: DeleteSecretInput) -> dict[str, Any]:
    _check(info, input.namespace, input.name)
    pool, origin = info.context.services.pool, info.context.origin()
    row = await secrets.delete(pool, input.namespace, input.name, origin)
    if row is None:
        raise Refused.not_found(
            f"{input.namespace} has no secret {input.name}; `headway secret list` shows what there is"
        )
    return {"secret": Secret.of(row)}


async def read_secrets(info: Info, namespace: str | None) -> list[Secret]:
    """Returns all secrets that the viewer manages; with a namespace, those that it sees: for each name the nearest."""
    needs_somewhere(info, Permission.MANAGE)
    managed = info.context.viewer.scope_of(Permission.MANAGE)
    lineage = None if namespace is None else secrets.lineage(namespace)
    rows = [
        row
        for row in await secrets.listed(info.context.services.pool, lineage)
        if managed.covers(row["namespace"])
    ]
    if lineage is not None:
        nearest = {row["name"]: row for row in sorted(rows, key=lambda row: len(row["namespace"]))}
        rows = [nearest[name] for name in sorted(nearest)]
    return [Secret.of(row) for row in rows]


def _check(info: Info, namespace: str, name: str) -> None:
    needs_somewhere(info, Permission.MANAGE)
    check_place(namespace, name)
    needs(info, Permission.MANAGE, namespace, "namespace")
