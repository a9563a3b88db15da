"""Roles of groups by the setting `oidc_roles`: granted when a server starts, and revoked once removed from the
setting."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from models.access.viewer import ROLES, group_role
from models.errors import Refused
from models.events.events import CommandOrigin
from models.states import Channel
from runner.service.outage import reaching
from runner.store.access import grants
from runner.store.access.grants import Holding
from runner.store.postgres.connection import Pool
from runner.store.rows import GrantRow

logger = logging.getLogger("headway.access")
_ORIGIN: Final = CommandOrigin(
    "setting:oidc_roles", Channel.ENGINE, "as the setting oidc_roles says"
)


@dataclass(frozen=True, slots=True)
class GroupRole:
    """A role of a group; an empty namespace means all."""

    group: str
    role: str
    namespace: str = ""

    @property
    def holding(self) -> Holding:
        return Holding(None, self.group, self.role, self.namespace, group_role(self.group))


async def apply(pool: Pool, wanted: Iterable[GroupRole]) -> None:
    """Makes the grants match the setting; grants made by people are kept. Raises ValueError for an unknown role."""
    roles = set(wanted)
    known = {*ROLES, *await grants.own_roles(pool)}
    unknown = sorted({one.role for one in roles} - known)
    if unknown:
        raise ValueError(
            f"oidc_roles names the role {unknown[0]}, which does not exist; there are {', '.join(sorted(known))}"
        )
    with reaching():
        rows: list[GrantRow] = await pool.fetch(
            "select * from role_grants where created_by = $1", _ORIGIN.actor
        )
        held = {
            GroupRole(row["group_name"], row["role"], row["namespace"])
            for row in rows
            if row["group_name"] is not None
        }
        async with pool.acquire() as connection, connection.transaction():
            for one in sorted(roles - held, key=repr):
                await grants.grant(connection, one.holding, _ORIGIN)
    for one in sorted(held - roles, key=repr):
        try:
            await grants.revoke(pool, one.holding, _ORIGIN)
        except Refused as refused:
            logger.warning(
                "the role %s of the group %s cannot be revoked: %s", one.role, one.group, refused
            )
