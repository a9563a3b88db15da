"""The payloads of the mutations of secrets."""

import strawberry

from schema.types.flow.secret import Secret
from schema.types.problems import Problem


@strawberry.type
class SaveSecretPayload:
    secret: Secret | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class DeleteSecretPayload(SaveSecretPayload):
    pass
