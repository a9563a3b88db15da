"""The rows of who may come in, and do what. They are read and written as SQL in runner/store/access."""

from tortoise import fields
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.models import Model

from models.access.viewer import PrincipalKind, SignInMethod

_EMPTY_LIST = SqlDefault("'[]'")


# A person or a service; `owner` is the person who answers for a service, `subject` the issuer and subject by which an
# identity provider knows a person. One name is one principal, whatever its kind.
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


# A role that was made here; the built-in ones are in models/access/viewer.py.
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


# Either of a principal or of a group; of an empty namespace it is for all of them.
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


# Without `permissions` and `namespaces` a token has all that its principal has. Its name is unique among those that
# are not revoked.
class Token(Model):
    """`digest` is of the secret, which is shown once and kept nowhere."""

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


# A session of a browser. With a `token` it is worth no more than that token, and ends with it. `groups` are those that
# an identity provider named at the sign-in.
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


# A link that signs one browser in, once; `digest` is of the secret in it.
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
