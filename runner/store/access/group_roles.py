"""Roles that a setting gives to groups: granted at the start of a server, and revoked once the setting lacks them."""

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

logger = logging.getLogger("headway.access")
_ASK: Final = CommandOrigin("setting:oidc_roles", Channel.ENGINE, "as the setting oidc_roles says")


@dataclass(frozen=True, slots=True)
class GroupRole:
    """An empty namespace is every one."""

    group: str
    role: str
    namespace: str = ""

    @property
    def holding(self) -> Holding:
        return Holding(None, self.group, self.role, self.namespace, group_role(self.group))


async def apply(pool: Pool, wanted: Iterable[GroupRole]) -> None:
    """Raises ValueError for a role that there is not. Grants that somebody made stay."""
    asked = set(wanted)
    known = {*ROLES, *await grants.own_roles(pool)}
    unknown = sorted({one.role for one in asked} - known)
    if unknown:
        raise ValueError(
            f"oidc_roles names the role {unknown[0]}, which there is not; there are {', '.join(sorted(known))}"
        )
    with reaching():
        rows = await pool.fetch("select * from role_grants where created_by = $1", _ASK.actor)
        held = {GroupRole(row["group_name"], row["role"], row["namespace"]) for row in rows}
        async with pool.acquire() as connection, connection.transaction():
            for one in sorted(asked - held, key=repr):
                await grants.grant(connection, one.holding, _ASK)
    for one in sorted(held - asked, key=repr):
        try:
            await grants.revoke(pool, one.holding, _ASK)
        except Refused as refused:
            logger.warning("the role %s of the group %s stays: %s", one.role, one.group, refused)
