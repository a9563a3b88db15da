"""The roots of changing secrets."""

import strawberry

from schema.answers import answered
from schema.context import Info
from schema.secret.inputs import DeleteSecretInput, SaveSecretInput
from schema.secret.payloads import DeleteSecretPayload, SaveSecretPayload
from schema.secret.secrets import delete_secret, save_secret


@strawberry.type
class SecretMutation:
    @strawberry.mutation
    async def save_secret(self, info: Info, input: SaveSecretInput) -> SaveSecretPayload:
        return await answered(SaveSecretPayload, info, save_secret(info, input))

    @strawberry.mutation
    async def delete_secret(self, info: Info, input: DeleteSecretInput) -> DeleteSecretPayload:
        return await answered(DeleteSecretPayload, info, delete_secret(info, input))
