"""The two roles of the embedded PostgreSQL: its superuser, which only creates the database, and the owner, as which
Headway logs in.

Both have passwords, stored in DIR/postgres.passwords. pg_hba.conf is written last, so a cluster that has ours is
complete; any other one, of an earlier Headway or of an interrupted setup, is set up again from the start.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg

from models.errors import Fault

SUPERUSER = DATABASE = "headway"
OWNER = "headway_server"
PORT = 5432
PASSWORDS = "postgres.passwords"
_POLL = 0.05
_RELOAD_TIMEOUT = 30.0

_RULES = """\
# Written by Headway: every role logs in with a password, and only at the socket.
local all all scram-sha-256
"""
_TRUST_RULES = f"""\
# Written by Headway for a moment, because the passwords were lost.
local all {SUPERUSER} trust
"""
_MAKE_OWNER = f"""
do $$ begin
    if not exists (select from pg_roles where rolname = '{OWNER}') then
        create role {OWNER};
    end if;
end $$;
alter role {OWNER} login createrole nosuperuser nocreatedb noreplication nobypassrls
"""
_TRANSFER_OWNERSHIP = f"""
do $$
declare
    thing record;
    ours constant oid := '{OWNER}'::regrole;
begin
    for thing in
        select format('alter table %s owner to {OWNER}', c.oid::regclass) as statement
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relowner <> ours
            and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
            -- The sequence of a column follows its table.
            and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass
                and (d.deptype = 'e' or c.relkind = 'S' and d.deptype in ('a', 'i')))
        union all
        select format('alter %s %s owner to {OWNER}',
            case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
            p.oid::regprocedure)
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and p.proowner <> ours
            and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass
                and d.deptype = 'e')
        union all
        select format('alter type %s owner to {OWNER}', t.oid::regtype)
        from pg_type t join pg_namespace n on n.oid = t.typnamespace
        where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and t.typowner <> ours
            and t.typtype in ('e', 'd', 'c', 'r')
            and not exists (select from pg_class c where c.oid = t.typrelid and c.relkind <> 'c')
            and not exists (select from pg_depend d where d.objid = t.oid and d.classid = 'pg_type'::regclass
                and d.deptype in ('e', 'i'))
        union all
        select format('alter schema %I owner to {OWNER}', nspname) from pg_namespace
        where nspname !~ '^pg_' and nspname <> 'information_schema' and nspowner <> ours
    loop
        execute thing.statement;
    end loop;
end $$;
alter database {DATABASE} owner to {OWNER}
"""


class Roles:
    """The roles of one cluster. `reload` makes PostgreSQL reload pg_hba.conf."""

    def __init__(
        self, data_dir: Path, cluster: Path, sockets: Path, reload: Callable[[], Awaitable[None]]
    ) -> None:
        self._data_dir = data_dir
        self._rules = cluster / "pg_hba.conf"
        self._sockets = sockets
        self._reload = reload

    @property
    def url(self) -> str:
        """The URL with which Headway logs in."""
        return _url(self._data_dir, self._sockets, OWNER, DATABASE)

    async def set_up(self) -> None:
        """Creates what is missing and blocks all other logins. May be interrupted anywhere, and called again."""
        _make_passwords(self._data_dir / PASSWORDS)
        ours = self._has_our_rules()
        if not await self._may_log_in():
            # Anyone who can write here owns the data already: trusting them for a moment reveals nothing new.
            self._write(_TRUST_RULES)
            await self._reload()
            await self._wait_until(self._may_log_in)
            ours = False
        if not ours:
            await self._make_all()
            self._write(_RULES)
            await self._reload()
            await self._wait_until(self._refuses_others)

    async def _make_all(self) -> None:
        passwords = read_passwords(self._data_dir)
        connection = await asyncpg.connect(self._superuser_url("postgres"))
        try:
            async with connection.transaction():
                # An error must not write the passwords to the log.
                await connection.execute("set local log_min_error_statement = panic")
                await connection.execute("set local password_encryption = 'scram-sha-256'")
                await connection.execute(_MAKE_OWNER)
                for role, password in passwords.items():
                    await connection.execute(f"alter role {role} password '{password}'")
            if not await connection.fetchval(
                "select 1 from pg_database where datname = $1", DATABASE
            ):
                await connection.execute(f"create database {DATABASE} owner {OWNER}")
        finally:
            await connection.close()
        connection = await asyncpg.connect(self._superuser_url(DATABASE))
        try:
            async with connection.transaction():
                await connection.execute(_TRANSFER_OWNERSHIP)
        finally:
            await connection.close()

    async def _may_log_in(self) -> bool:
        try:
            connection = await asyncpg.connect(self._superuser_url("postgres"))
        except asyncpg.InvalidAuthorizationSpecificationError:
            return False
        await connection.close()
        return True

    async def _refuses_others(self) -> bool:
        """Whether the new rules are in effect: PostgreSQL reloads them with a delay."""
        where = str(self._sockets)
        try:
            stranger = await asyncpg.connect(
                host=where, port=PORT, user=SUPERUSER, password="", database="postgres"
            )
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InterfaceError):
            return True
        await stranger.close()
        return False

    async def _wait_until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        deadline = asyncio.get_running_loop().time() + _RELOAD_TIMEOUT
        while not await holds():
            if asyncio.get_running_loop().time() > deadline:
                raise Fault(
                    f"PostgreSQL does not apply the rules of {self._rules}: see its log next to it"
                )
            await asyncio.sleep(_POLL)

    def _superuser_url(self, database: str) -> str:
        return _url(self._data_dir, self._sockets, SUPERUSER, database)

    def _has_our_rules(self) -> bool:
        try:
            return self._rules.read_text() == _RULES
        except OSError:
            return False

    def _write(self, rules: str) -> None:
        """Gives the file the owner of its folder, because PostgreSQL may run as another user."""
        _replace(self._rules, rules, owner=self._rules.parent)


def read_passwords(data_dir: Path) -> Mapping[str, str]:
    found = json.loads((data_dir / PASSWORDS).read_text())
    return {role: str(found[role]) for role in (SUPERUSER, OWNER)}


def _make_passwords(path: Path) -> None:
    try:
        read_passwords(path.parent)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        made = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER)}
        _replace(path, json.dumps(made))


def _url(data_dir: Path, sockets: Path, role: str, database: str) -> str:
    where = urlencode({"host": str(sockets), "port": PORT}, quote_via=quote)
    return f"postgresql://{role}:{read_passwords(data_dir)[role]}@/{database}?{where}"


def _replace(path: Path, text: str, owner: Path | None = None) -> None:
    """Replaces a file atomically, even across a power failure; only its owner may read the file."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        if owner and (status := owner.stat()).st_uid != os.geteuid():
            os.fchown(file.fileno(), status.st_uid, status.st_gid)
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
