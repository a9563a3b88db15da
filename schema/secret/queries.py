"""The root of reading secrets."""

import strawberry

from schema.context import Info
from schema.lists.bounds import MOST_ROWS, up_to
from schema.secret.secrets import read_secrets
from schema.types.flow.secret import Secret


@strawberry.type
class SecretQuery:
    @up_to(MOST_ROWS)
    async def secrets(self, info: Info, namespace: str | None = None) -> list[Secret]:
        return await read_secrets(info, namespace)
