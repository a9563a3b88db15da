"""What a client of the embedded database may do, and how older data directories are upgraded."""

import asyncio
import json
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from runner.store.postgres.database import migrate, open_database
from server.local import postgres, postgres_roles
from server.local.postgres import embedded_postgres
from tests.conftest import as_superuser
from tests.server.test_postgres import SERVE, post

POWERS = (
    "copy (select 1) to program 'touch {mark}'",
    "create table got (line text); copy got from program 'id'",
    "copy (select 1) to '{mark}'",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select lo_import('/etc/passwd')",
    "select lo_export(lo_from_bytea(0, 'x'), '{mark}')",
    "create function run() returns int language c as 'libc', 'system'",
    "create extension file_fdw",
    "alter system set archive_command = 'touch {mark}'",
    "alter role headway_server superuser",
    "alter role headway password 'known'",
    "create role x superuser",
    "create role x in role pg_execute_server_program",
    "grant pg_read_server_files to headway_server",
    "set role headway",
    "set session authorization headway",
    "select rolpassword from pg_authid",
    "load 'auto_explain'",
)
OTHERS = """
select format('%s %s', kind, name) from (
    select 'relation' as kind, c.oid::regclass::text as name, c.relowner as owner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'
    union all
    select 'function', p.oid::regprocedure::text, p.proowner
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'public'
    union all
    select 'type', t.oid::regtype::text, t.typowner
    from pg_type t join pg_namespace n on n.oid = t.typnamespace where n.nspname = 'public'
    union all
    select 'database', datname, datdba from pg_database where datname = current_database()
    union all
    select 'schema', nspname, nspowner from pg_namespace where nspname = 'public'
) of_ours where owner::regrole::text not in ('headway_server', 'pg_database_owner')
"""


@pytest.mark.parametrize("power", POWERS)
async def test_the_role_of_headway_has_no_power_over_the_machine(
    postgres_url: str, tmp_path: Path, power: str
) -> None:
    mark = tmp_path / "mark"
    roles = "select string_agg(concat(r.*), ' ' order by rolname) from pg_roles r"
    before = await post(postgres_url, roles)
    connection = await asyncpg.connect(postgres_url)
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute(power.format(mark=mark))
    finally:
        await connection.close()
    assert isinstance(
        refused.value, asyncpg.InsufficientPrivilegeError | asyncpg.FeatureNotSupportedError
    ), refused.value
    assert not mark.exists()
    assert await post(postgres_url, roles) == before


async def test_nobody_logs_in_without_a_password(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as url:
        sockets = parse_qs(urlsplit(url).query)["host"][0]
        for user in ("headway", "headway_server", "postgres"):
            for password in ("", "headway", "x"):
                with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InterfaceError)):
                    await asyncpg.connect(
                        host=sockets, user=user, password=password, database="headway"
                    )
        file = data_dir / "postgres.passwords"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        passwords = json.loads(file.read_text())
        assert set(passwords) == {"headway", "headway_server"}
        assert len(set(passwords.values())) == 2
        with pytest.raises(asyncpg.InvalidPasswordError):  # one is not valid for the other
            await asyncpg.connect(
                host=sockets,
                user="headway",
                password=passwords["headway_server"],
                database="headway",
            )


@asynccontextmanager
async def as_before(data_dir: Path) -> AsyncIterator[str]:
    """Creates a cluster as older releases did: with one role, a superuser whom the socket trusted."""
    home = data_dir / "pg"
    home.mkdir(mode=0o700, parents=True)
    cluster = postgres._Cluster(home, data_dir)
    await cluster.start()
    sockets = cluster._sockets
    await post(f"postgresql://headway@/postgres?host={sockets}", "create database headway")
    url = f"postgresql://headway@/headway?host={sockets}"
    async with open_database(url) as database:
        await migrate(database)
    await post(url, "insert into meta default values on conflict do nothing")
    try:
        yield url
    finally:
        await cluster.stop()


async def everything_is_ours(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetch(OTHERS) == []
        assert not await connection.fetchval("select rolsuper from pg_roles where rolname = user")
    finally:
        await connection.close()
    async with open_database(url) as database:
        await migrate(database)


async def test_a_directory_of_before_is_taken_over(data_dir: Path) -> None:
    async with as_before(data_dir) as old:
        epoch = await post(old, "select epoch from meta")
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select epoch from meta") == epoch
        await everything_is_ours(url)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await post(old.replace("headway@", "headway:@"), "select 1")


class CutOffError(Exception):
    pass


@pytest.mark.parametrize("step", ["passwords", "roles", "owners", "rules", "reload"])
async def test_a_takeover_that_was_cut_off_is_done_again(
    data_dir: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with as_before(data_dir) as old:
        epoch = await post(old, "select epoch from meta")

    def cut_off(*_: object) -> None:
        raise CutOffError

    with monkeypatch.context() as cut:
        if step == "passwords":
            cut.setattr(postgres_roles.Roles, "_may_log_in", cut_off)
        elif step == "roles":
            cut.setattr(
                postgres_roles,
                "_TRANSFER_OWNERSHIP",
                f"{postgres_roles._TRANSFER_OWNERSHIP}; select 1 / 0",
            )
        elif step == "owners":
            cut.setattr(postgres_roles.Roles, "_write", cut_off)
        elif step == "rules":
            cut.setattr(postgres._Cluster, "_reload", cut_off)
        else:
            cut.setattr(postgres_roles.Roles, "_refuses_others", cut_off)
        with pytest.raises((CutOffError, asyncpg.DivisionByZeroError)):
            await embedded_postgres(data_dir).__aenter__()
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select epoch from meta") == epoch
        await everything_is_ours(url)


async def test_a_takeover_that_was_killed_is_done_again(data_dir: Path) -> None:
    """PostgreSQL continues without its Headway, and the next one finds it running."""
    async with as_before(data_dir) as old:
        epoch = await post(old, "select epoch from meta")
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, str(data_dir))
    passwords = data_dir / "postgres.passwords"
    while process.returncode is None and not passwords.exists():
        await asyncio.sleep(0)
    process.kill()
    await process.wait()
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select epoch from meta") == epoch
        await everything_is_ours(url)


async def test_lost_passwords_are_created_again(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as url:
        await post(url, "create table kept as select 42 as answer")
    (data_dir / "postgres.passwords").write_text('{"headway": ')
    async with embedded_postgres(data_dir) as again:
        assert again != url
        assert await post(again, "select answer from kept") == 42
        assert await post(as_superuser(again, data_dir), "select 1") == 1
        with pytest.raises(asyncpg.InvalidPasswordError):
            await post(url, "select 1")
