"""The token in DIR/token, with which the owner of the data directory administers Headway."""

import logging
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

from models.access.credentials import digest_of, new_secret
from models.access.viewer import ADMIN_ROLE, PrincipalKind
from models.errors import Refused
from models.events.events import CommandOrigin
from models.ids import new_id
from models.states import Channel
from runner.store.access import grants, principals, tokens
from runner.store.access.grants import Holding
from runner.store.access.tokens import NewToken
from runner.store.postgres.connection import Pool
from server.auth.auth import ADMIN
from server.local.private import write_private

logger = logging.getLogger("headway.access")
_ORIGIN = CommandOrigin(
    f"user:{ADMIN}", Channel.CLI, "made at the start of a server, for DIR/token"
)


async def admin_token(pool: Pool, data_dir: Path) -> str | None:
    """Returns the token in DIR/token (mode 0600), which the first start creates; None if it was revoked, until the file
    is removed.

    Every server of a database has a token of its own, so servers do not replace each other's.
    """
    path = data_dir / "token"
    token = path.read_text().strip() if path.exists() else ""
    known = await tokens.find(pool, digest_of(token)) if token else None
    if known is not None:
        if known["revoked_at"] is None:
            return token
        logger.warning(
            "the token in %s was revoked, so no login link is printed; remove the file and restart the server to "
            "create a new one",
            path,
        )
        return None
    # A token that is unknown to a database with tokens was replaced there, and must not become valid again.
    if not token or await tokens.any_exist(pool):
        token = new_secret()
        write_private(path, token)
    await _register(pool, token)
    return token


async def _register(pool: Pool, token: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        admin = await principals.ensure(connection, PrincipalKind.PERSON, ADMIN, _ORIGIN.actor)
        if not await grants.has_admin(connection):
            holding = Holding(admin["id"], None, ADMIN_ROLE, "", _ORIGIN.actor)
            await grants.grant(connection, holding, _ORIGIN)
    for name in _names():
        try:
            new = NewToken(new_id(), admin["id"], name, digest_of(token))
            await tokens.create(pool, new, _ORIGIN)
            return
        except Refused:
            continue


def _names() -> Iterator[str]:
    """Yields names to try: a further server of the database includes its machine's name."""
    yield ADMIN
    while True:
        yield f"{ADMIN}-{socket.gethostname()}-{secrets.token_hex(3)}"
