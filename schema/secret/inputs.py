"""The inputs of the mutations of secrets."""

import strawberry


@strawberry.input
class SaveSecretInput:
    namespace: str
    name: str
    value: str


@strawberry.input
class DeleteSecretInput:
    namespace: str
    name: str
