"""A worker with a database role of its own: it runs flows from end to end, and its URL gives access to nothing else."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from runner.store.postgres.database import Database, migrate
from runner.store.postgres.worker_roles import NEEDS, held_by, make_worker_role, needs
from tests.api.client import task
from tests.api.servers import HEADWAY, Served, serving, start_worker

KEPT_FROM_WORKERS = frozenset(
    {
        *(
            "tokens",
            "worker_roles",
            "principals",
            "group_members",
            "roles",
            "role_grants",
        ),  # credentials and roles
        *("sign_ins", "login_links", "access_version", "quota_use", "servers"),
        *("audit_log", "notes", "saved_filters"),  # actions and settings of people
        *("bulk_items", "bulk_sets", "schedules", "idempotency_keys"),  # work of the servers
        *("files", "heartbeats", "revision_links", "pruned_months", "meta"),
        *("pgqueuer_schedules", "pgqueuer_statistics"),
        *("pgqueuer_schedules_id_seq", "pgqueuer_statistics_id_seq", "tortoise_migrations_id_seq"),
    }
)
"""A table that a migration adds must be added here, or to NEEDS with the permissions of a worker."""
TABLES = """
select c.relname, c.relkind::text from pg_class c where c.relnamespace = 'public'::regnamespace
and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
"""
PRIVILEGES = """
select p from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN']) p
where has_table_privilege($1, $2, p) or p not in ('DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN')
  and has_any_column_privilege($1, $2, p)
"""
FLOW = """
id: all
namespace: acme
inputs: [{{id: key, type: SECRET, required: false}}]
tasks:
  - {{id: said, type: shell, run: "echo hello; echo '::set' >&2"}}
  - id: reported
    type: python
    needs: [said]
    env: {{KEY: "{{{{ secrets.KEY }}}}"}}
    script: |
      import headway, os, pathlib
      assert os.environ["KEY"] == "s3cr3t-value"
      headway.metric("loss", 0.5)
      headway.progress(0.5, "half")
      headway.output(rows=3)
      pathlib.Path("out.txt").write_text("x")
      headway.artifact("out.txt")
  - id: again
    type: shell
    needs: [reported]
    retry: {{max_attempts: 2, delay: 10ms}}
    run: "test -e {mark} || {{ touch {mark}; exit 1; }}"
  - id: each
    type: foreach
    needs: [again]
    items: [1, 2, 3]
    tasks: [{{id: one, type: shell, run: "true"}}]
  - {{id: below, type: subflow, needs: [each], flow: below}}
  - {{id: paused, type: wait, needs: [below], duration: 10ms}}
  - {{id: done, type: return, needs: [paused], outputs: {{rows: "{{{{ outputs.reported.rows }}}}"}}}}
"""
FAILING = """
id: failing
namespace: acme
on_failure: CANCEL_ALL
tasks:
  - {{id: first, type: shell, cache: {{ttl: 1d}}, run: "true"}}
  - {{id: sign_off, type: approval, message: "go on?"}}
  - {{id: failed, type: shell, run: "until [ -e {go} ]; do sleep 0.02; done; exit 3"}}
"""
BELOW = "id: below\nnamespace: acme\ntasks:\n  - {id: a, type: shell, run: 'exit 0'}\n"


STATES = "subscription ($id: ID!) { execution(id: $id) { taskRuns { key state } } }"


def headway(data_dir: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [HEADWAY, *words],
        env={**os.environ, "HEADWAY_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("roles") / "data", "--no-worker") as served:
        yield served


@pytest.fixture(scope="module")
def worker_url(served: Served) -> str:
    made = headway(served.data_dir, "worker-role", "create", "builders")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.mark.timeout(180)
async def test_a_worker_with_its_role_runs_flows_from_end_to_end(
    served: Served, worker_url: str, tmp_path: Path
) -> None:
    client = served.client
    secret = subprocess.run(
        [HEADWAY, "secret", "set", "acme", "KEY"],
        input="s3cr3t-value",
        env={**os.environ, "HEADWAY_URL": served.url, "HEADWAY_TOKEN": served.token},
        text=True,
        check=False,
    )
    assert secret.returncode == 0
    worker = start_worker(served.data_dir, "--database-url", worker_url)
    try:
        await client.save(BELOW)
        started = await client.run(FLOW.format(mark=tmp_path / "mark"))
        ended = await client.until_ended(started["id"])
        going = await client.run(FAILING.format(go=tmp_path / "go"))
        async with client.subscribe(STATES, id=going["id"]) as messages:
            async for data in messages:
                states = {run["key"]: run["state"] for run in data["execution"]["taskRuns"]}
                if states["sign_off"] == "WAITING_FOR_APPROVAL":
                    break
        (tmp_path / "go").touch()
        failed = await client.until_ended(going["id"])
        restarted = await client.run(FAILING.format(go=tmp_path / "go"))
        assert (await client.until_ended(restarted["id"]))["state"] == "KILLED"
        log = (served.data_dir / "worker.log").read_text()
        assert ended["state"] == "SUCCESS", (ended, log)
        assert task(ended, "reported")["outputs"]["rows"] == 3
        assert failed["state"] == "KILLED", (failed, log)
        assert task(failed, "sign_off")["state"] == "KILLED"
        assert len(task(ended, "again")["attempts"]) == 2
        assert "permission denied" not in log
        postgres = (served.data_dir / "pg" / "postgres.log").read_text()
        assert "permission denied" not in postgres
    finally:
        worker.terminate()
        assert worker.wait(40) == 0


ATTACKS = (
    "select * from tokens",
    "insert into tokens select * from tokens",
    "update role_grants set role = 'admin'",
    "select * from audit_log",
    "delete from audit_log",
    "select * from saved_filters",
    "select * from worker_roles",
    "insert into worker_roles values ('builders')",
    "delete from executions",
    "delete from events",
    "update events set actor = '{{}}'",
    "insert into executions select * from executions",
    "update secrets set value = ''",
    "insert into revisions select * from revisions",
    "update flows set key = 'x'",
    "truncate executions",
    "alter table executions add x int",
    "alter table tokens owner to builders",
    "drop table events",
    "create table public.x (a int)",
    "create function public.x() returns int language sql as 'select 1'",
    "create or replace function headway_moved() returns trigger language plpgsql as 'begin return new; end'",
    "alter table executions disable trigger all",
    "create trigger x before insert on events execute function headway_moved()",
    "grant select on tokens to builders",
    "create role x",
    "alter role builders createrole",
    "alter role headway_server password 'known'",
    "grant headway_server to builders",
    "set role headway_server",
    "set role headway",
    "create schema x",
    "alter database headway set search_path = x",
    "copy tokens to stdout",
    "copy (select 1) to program 'id'",
    "select pg_read_file('/etc/passwd')",
    "select lo_import('/etc/passwd')",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'headway_server'",
    "select headway_ensure_partitions(40)",
    "select rolpassword from pg_authid",
)
STATE = "select coalesce(md5(string_agg(t::text, '' order by t::text)), '') from {table} t"


@pytest.mark.parametrize("attack", ATTACKS)
async def test_the_workers_url_allows_nothing_else(
    served: Served, worker_url: str, attack: str
) -> None:
    ours = await asyncpg.connect(served.database_url)
    theirs = await asyncpg.connect(worker_url)
    try:
        tables = ("tokens", "audit_log", "secrets", "flows", "revisions", "worker_roles")
        states = " || ".join(f"({STATE.format(table=table)})" for table in tables)
        before = await ours.fetchval(f"select {states}")
        schema = await ours.fetch("select oid, relname, relowner, relacl from pg_class order by 1")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await theirs.execute(attack)
        assert await ours.fetchval(f"select {states}") == before
        assert (
            await ours.fetch("select oid, relname, relowner, relacl from pg_class order by 1")
            == schema
        )
    finally:
        await theirs.close()
        await ours.close()


async def test_every_table_is_decided_on(served: Served, worker_url: str) -> None:
    """For every table: the role has the permissions in NEEDS, and none on other tables."""
    ours = await asyncpg.connect(served.database_url)
    try:
        found = {name: kind for name, kind in await ours.fetch(TABLES)}
        parents = await ours.fetch("select inhrelid::regclass::text from pg_inherits")
        partitions = {row[0] for row in parents}
        assert set(found) - partitions == set(NEEDS) | KEPT_FROM_WORKERS
        assert set(NEEDS).isdisjoint(KEPT_FROM_WORKERS)
        for name, kind in found.items():
            wanted = {privilege for table, privilege in needs() if table == name}
            if kind == "S":
                can = "select has_sequence_privilege('builders', $1, 'USAGE')"
                assert await ours.fetchval(can, name) is bool(wanted), name
                continue
            rows = await ours.fetch(PRIVILEGES, "builders", name)
            assert {row["p"] for row in rows} == wanted, name
    finally:
        await ours.close()


async def test_a_table_of_a_later_migration_is_closed_and_grants_follow(
    database: Database, request: pytest.FixtureRequest
) -> None:
    name = "later_worker"
    owner = await database.pool.fetchval("select current_user")
    password = await make_worker_role(database.pool, name)
    assert password
    try:
        await database.pool.execute("create table people (name text)")
        await database.pool.execute(f"grant select on tokens to {name}")
        await database.pool.execute(f"revoke select on flows from {name}")
        await migrate(database)
        assert await held_by(database.pool, name) == needs()
        assert not await database.pool.fetchval(
            "select has_table_privilege($1, 'people', 'select')", name
        )
        assert await database.pool.fetchval("select current_user") == owner
    finally:
        await database.pool.execute(f"drop owned by {name}")
        await database.pool.execute(f"drop role {name}")


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("migrate",)])
def test_the_role_of_a_worker_neither_serves_nor_migrates(
    served: Served, worker_url: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = headway(tmp_path / "other", *command, "--database-url", worker_url)
    assert done.returncode == 4 and "worker role" in done.stderr, done.stderr


@pytest.mark.timeout(240)
async def test_a_role_that_may_more_is_refused_and_a_dropped_one_ends(served: Served) -> None:
    for powerful in ("headway", "headway_server"):
        refused = headway(served.data_dir, "worker-role", "create", powerful)
        assert refused.returncode == 4 and "may do more than a worker needs" in refused.stderr
    made = headway(served.data_dir, "worker-role", "create", 'odd "name')
    assert made.returncode == 0, made.stderr
    url = made.stdout.strip()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("select count(*) from flows") >= 0
    listed = headway(served.data_dir, "worker-role", "list").stdout
    assert 'odd "name  created ' in listed
    again = headway(served.data_dir, "worker-role", "create", 'odd "name')
    assert again.returncode == 0 and "its password is unchanged" in again.stdout
    assert headway(served.data_dir, "worker-role", "drop", 'odd "name').returncode == 0
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await connection.fetchval("select count(*) from flows")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(url)
    gone = headway(served.data_dir, "worker-role", "drop", 'odd "name')
    assert gone.returncode == 4 and "is not a worker role" in gone.stderr
