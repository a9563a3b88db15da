"""The query of secrets."""

import strawberry

from schema.context import Info
from schema.lists.bounds import MAX_ROWS, up_to
from schema.secret.secrets import read_secrets
from schema.types.flow.secret import Secret


@strawberry.type
class SecretQuery:
    @up_to(MAX_ROWS)
    async def secrets(self, info: Info, namespace: str | None = None) -> list[Secret]:
        return await read_secrets(info, namespace)
