"""The input of `approve` and `reject`."""

import strawberry

from schema.scalars import JSON


@strawberry.input
class DecideInput:
    approval_id: strawberry.ID
    comment: str | None = None
    form: JSON | None = None
    override: bool | None = None
    idempotency_key: str | None = None
