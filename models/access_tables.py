"""Tables of principals, roles, grants, tokens and sessions. runner/store/access reads and writes them with SQL."""

from tortoise import fields
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.models import Model

from models.access.viewer import PrincipalKind, SignInMethod

_EMPTY_LIST = SqlDefault("'[]'")


# A person or a service; `owner` is the person responsible for a service, `subject` the issuer and subject that an
# identity provider uses for a person. Names are unique across both kinds.
class Principal(Model):
    id = fields.UUIDField(primary_key=True)
    kind = fields.CharEnumField(PrincipalKind, max_length=16, description="")
    name = fields.TextField()
    owner: fields.ForeignKeyNullableRelation["Principal"] = fields.ForeignKeyField(
        "headway.Principal", related_name="services", on_delete=fields.NO_ACTION, null=True
    )
    email = fields.TextField(null=True)
    subject = fields.TextField(null=True)
    created_at = fields.DatetimeField(db_default=Now())
    created_by = fields.TextField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        app = "headway"
        table = "principals"
        unique_together = (("name",), ("subject",))


class GroupMember(Model):
    id = fields.UUIDField(primary_key=True)
    group_name = fields.TextField()
    principal: fields.ForeignKeyRelation[Principal] = fields.ForeignKeyField(
        "headway.Principal", related_name="memberships", on_delete=fields.CASCADE
    )

    class Meta:
        app = "headway"
        table = "group_members"
        unique_together = (("principal", "group_name"),)


# A custom role; the built-in roles are in models/access/viewer.py.
class Role(Model):
    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    permissions = fields.JSONField[list[str]]()
    created_at = fields.DatetimeField(db_default=Now())
    created_by = fields.TextField()

    class Meta:
        app = "headway"
        table = "roles"
        unique_together = (("name",),)


# Belongs to a principal or to a group; an empty namespace means all namespaces.
class RoleGrant(Model):
    id = fields.UUIDField(primary_key=True)
    principal: fields.ForeignKeyNullableRelation[Principal] = fields.ForeignKeyField(
        "headway.Principal", related_name="grants", on_delete=fields.CASCADE, null=True
    )
    group_name = fields.TextField(null=True)
    role = fields.TextField()
    namespace = fields.TextField(db_default="")
    created_at = fields.DatetimeField(db_default=Now())
    created_by = fields.TextField()

    class Meta:
        app = "headway"
        table = "role_grants"


# Without `permissions` and `namespaces` a token has all rights of its principal. The name is unique among tokens that
# are not revoked.
class Token(Model):
    """`digest` is that of the secret, which is shown once and never stored."""

    id = fields.UUIDField(primary_key=True)
    principal: fields.ForeignKeyRelation[Principal] = fields.ForeignKeyField(
        "headway.Principal", related_name="tokens", on_delete=fields.NO_ACTION
    )
    name = fields.TextField()
    digest = fields.TextField()
    permissions = fields.JSONField[list[str]](null=True)
    namespaces = fields.JSONField[list[str]](null=True)
    created_at = fields.DatetimeField(db_default=Now())
    created_by = fields.TextField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        app = "headway"
        table = "tokens"
        unique_together = (("digest",),)


# A browser session. With a `token` it has at most that token's rights, and ends with it. `groups` are those that the
# identity provider reported at sign-in.
class SignIn(Model):
    id = fields.UUIDField(primary_key=True)
    principal: fields.ForeignKeyRelation[Principal] = fields.ForeignKeyField(
        "headway.Principal", related_name="sign_ins", on_delete=fields.CASCADE
    )
    token: fields.ForeignKeyNullableRelation[Token] = fields.ForeignKeyField(
        "headway.Token", related_name="sign_ins", on_delete=fields.CASCADE, null=True
    )
    method = fields.CharEnumField(SignInMethod, max_length=16, description="")
    groups = fields.JSONField[list[str]](db_default=_EMPTY_LIST)
    created_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        app = "headway"
        table = "sign_ins"


# A one-time sign-in link; `digest` is that of the secret in it.
class LoginLink(Model):
    id = fields.UUIDField(primary_key=True)
    digest = fields.TextField()
    token: fields.ForeignKeyRelation[Token] = fields.ForeignKeyField(
        "headway.Token", related_name="login_links", on_delete=fields.CASCADE
    )
    created_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        app = "headway"
        table = "login_links"
        unique_together = (("digest",),)
