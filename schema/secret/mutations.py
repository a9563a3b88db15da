"""The mutations of secrets."""

import strawberry

from schema.context import Info
from schema.mutation_payload import payload_of
from schema.secret.inputs import DeleteSecretInput, SaveSecretInput
from schema.secret.payloads import DeleteSecretPayload, SaveSecretPayload
from schema.secret.secrets import delete_secret, save_secret


@strawberry.type
class SecretMutation:
    @strawberry.mutation
    async def save_secret(self, info: Info, input: SaveSecretInput) -> SaveSecretPayload:
        return await payload_of(SaveSecretPayload, info, save_secret(info, input))

    @strawberry.mutation
    async def delete_secret(self, info: Info, input: DeleteSecretInput) -> DeleteSecretPayload:
        return await payload_of(DeleteSecretPayload, info, delete_secret(info, input))
