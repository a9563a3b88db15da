"""The inputs of the mutations of access control."""

from datetime import datetime

import strawberry

from models.access.viewer import PrincipalKind


@strawberry.input
class CreateTokenInput:
    name: str
    principal: str | None = None
    role: str | None = None
    permissions: list[str] | None = None
    namespaces: list[str] | None = None
    expires_at: datetime | None = None
    replace: bool | None = None
    reason: str | None = None


@strawberry.input
class RevokeTokenInput:
    id: strawberry.ID | None = None
    name: str | None = None
    reason: str | None = None


@strawberry.input
class GrantRoleInput:
    to: str
    role: str
    namespace: str | None = None
    reason: str | None = None


@strawberry.input
class RevokeRoleInput(GrantRoleInput):
    pass


@strawberry.input
class SaveRoleInput:
    name: str
    permissions: list[str]
    reason: str | None = None


@strawberry.input
class DeleteRoleInput:
    name: str
    reason: str | None = None


@strawberry.input
class CreateLoginLinkInput:
    reason: str | None = None


@strawberry.input
class SavePrincipalInput:
    kind: PrincipalKind
    name: str
    owner: str | None = None
    groups: list[str] | None = None
    disabled: bool | None = None
    reason: str | None = None
