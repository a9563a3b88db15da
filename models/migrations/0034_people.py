from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.migrations import operations as ops

from models.access.viewer import PrincipalKind, SignInMethod

# The admin's token belonged to a person, each other one was a program of its own.
OWNED = """
insert into principals (id, kind, name, created_by)
select id, case when name = 'admin' then 'PERSON' else 'SERVICE' end, name, 'engine' from tokens;
insert into role_grants (id, principal_id, role, created_by) select gen_random_uuid(), id, role, 'engine' from tokens;
update tokens set principal_id = id, created_by = 'engine';
"""
BY_ROLE = """
update tokens t set role = coalesce(
  (select role from role_grants g where g.principal_id = t.principal_id limit 1), 'viewer');
"""
# Whoever changes what somebody may do has it noticed: servers read the version, and forget what they knew.
NOTICED = """
create unique index tokens_name on tokens (name) where revoked_at is null;
create unique index role_grants_once
  on role_grants (coalesce(principal_id::text, ''), coalesce(group_name, ''), role, namespace);
create index role_grants_group on role_grants (group_name) where group_name is not null;
create index tokens_principal on tokens (principal_id);
create index sign_ins_principal on sign_ins (principal_id);
create index principals_owner on principals (owner_id) where owner_id is not null;
create table access_version (version bigint not null);
insert into access_version values (1);
create function headway_access_changed() returns trigger language plpgsql as $$
begin
  update access_version set version = version + 1;
  return null;
end
$$;
create trigger headway_access after update or delete on tokens
  for each statement execute function headway_access_changed();
create trigger headway_access after update of ended_at or delete on sign_ins
  for each statement execute function headway_access_changed();
create trigger headway_access after update or delete on principals
  for each statement execute function headway_access_changed();
create trigger headway_access after insert or update or delete on group_members
  for each statement execute function headway_access_changed();
create trigger headway_access after insert or update or delete on role_grants
  for each statement execute function headway_access_changed();
create trigger headway_access after insert or update or delete on roles
  for each statement execute function headway_access_changed();
alter table bulk_sets add column grants jsonb;
"""
UNNOTICED = """
alter table bulk_sets drop column grants;
drop trigger headway_access on tokens;
drop function headway_access_changed() cascade;
drop table access_version;
drop index tokens_name;
"""


def _key(
    model: str, name: str, related: str, on_delete: OnDelete = OnDelete.CASCADE, **more: Any
) -> Any:
    return fields.ForeignKeyField(
        f"headway.{model}",
        source_field=f"{name}_id",
        to_field="id",
        related_name=related,
        on_delete=on_delete,
        **more,
    )


def _names(**more: Any) -> Any:
    return fields.JSONField(encoder=JSON_DUMPS, decoder=loads, **more)


def _table(
    name: str, table: str, columns: list[tuple[str, Any]], *unique: tuple[str, ...]
) -> ops.CreateModel:
    options: dict[str, Any] = {"table": table, "app": "headway", "pk_attr": "id"}
    if unique:
        options["unique_together"] = unique
    return ops.CreateModel(
        name=name,
        fields=[("id", fields.UUIDField(primary_key=True)), *columns],
        options=options,
        bases=["Model"],
    )


def _at() -> Any:
    return fields.DatetimeField(db_default=Now())


class Migration(migrations.Migration):
    dependencies = [("headway", "0033_handed_back")]
    operations = [
        _table(
            "Principal",
            "principals",
            [
                (
                    "kind",
                    fields.CharEnumField(description="", enum_type=PrincipalKind, max_length=16),
                ),
                ("name", fields.TextField()),
                ("owner", _key("Principal", "owner", "services", OnDelete.NO_ACTION, null=True)),
                ("email", fields.TextField(null=True)),
                ("subject", fields.TextField(null=True)),
                ("created_at", _at()),
                ("created_by", fields.TextField()),
                ("disabled_at", fields.DatetimeField(null=True)),
            ],
            ("name",),
            ("subject",),
        ),
        _table(
            "GroupMember",
            "group_members",
            [
                ("group_name", fields.TextField()),
                ("principal", _key("Principal", "principal", "memberships")),
            ],
            ("principal", "group_name"),
        ),
        _table(
            "Role",
            "roles",
            [
                ("name", fields.TextField()),
                ("permissions", _names()),
                ("created_at", _at()),
                ("created_by", fields.TextField()),
            ],
            ("name",),
        ),
        _table(
            "RoleGrant",
            "role_grants",
            [
                ("principal", _key("Principal", "principal", "grants", null=True)),
                ("group_name", fields.TextField(null=True)),
                ("role", fields.TextField()),
                ("namespace", fields.TextField(db_default="")),
                ("created_at", _at()),
                ("created_by", fields.TextField()),
            ],
        ),
        ops.RemoveConstraint(model_name="Token", name=None, fields=["name"]),
        ops.AddField(model_name="Token", name="created_by", field=fields.TextField(null=True)),
        ops.AddField(model_name="Token", name="namespaces", field=_names(null=True)),
        ops.AddField(model_name="Token", name="permissions", field=_names(null=True)),
        ops.AddField(
            model_name="Token",
            name="principal",
            field=_key("Principal", "principal", "tokens", OnDelete.NO_ACTION, null=True),
        ),
        ops.RunSQL(OWNED, BY_ROLE),
        ops.AlterField(model_name="Token", name="created_by", field=fields.TextField()),
        ops.AlterField(
            model_name="Token",
            name="principal",
            field=_key("Principal", "principal", "tokens", OnDelete.NO_ACTION),
        ),
        ops.RemoveField(model_name="Token", name="role"),
        _table(
            "SignIn",
            "sign_ins",
            [
                ("principal", _key("Principal", "principal", "sign_ins")),
                ("token", _key("Token", "token", "sign_ins", null=True)),
                (
                    "method",
                    fields.CharEnumField(description="", enum_type=SignInMethod, max_length=16),
                ),
                ("groups", _names(db_default=SqlDefault("'[]'"))),
                ("created_at", _at()),
                ("expires_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
            ],
        ),
        _table(
            "LoginLink",
            "login_links",
            [
                ("digest", fields.TextField()),
                ("token", _key("Token", "token", "login_links")),
                ("created_at", _at()),
                ("expires_at", fields.DatetimeField()),
                ("used_at", fields.DatetimeField(null=True)),
            ],
            ("digest",),
        ),
        ops.RunSQL(NOTICED, UNNOTICED),
    ]
