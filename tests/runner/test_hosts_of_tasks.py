"""`http` and `sql` tasks with host rules: each notation of a denied host, and each way around a rule."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from models.access.hosts import HostRules
from models.lifecycle.snapshot import TaskRun
from models.states import TaskRunState
from runner.executors import guarded_http
from tests.runner.floor import Floor, open_floor
from tests.runner.proxy import proxy_to

ITSELF = (
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0.0.0.0",
    "localhost",
    "LOCALHOST",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    socket.gethostname(),
)


@dataclass
class Trap:
    """A server that no task may reach, or one that redirects there."""

    port: int
    answer: bytes
    received: list[bytes] = field(default_factory=list)


def answer(body: str, status: str = "200 OK", head: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{head}content-length: {len(body)}\r\n\r\n{body}".encode()


@asynccontextmanager
async def listening(said: bytes = answer("secret")) -> AsyncIterator[Trap]:
    trap = Trap(0, said)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trap.received.append(b"")
        trap.received[-1] = await reader.read(4096)
        writer.write(trap.answer)
        await writer.drain()
        writer.close()

    both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    async with await asyncio.start_server(hear, sock=both):
        trap.port = both.getsockname()[1]
        yield trap


Floors = Callable[..., Any]


@pytest.fixture
def floor_with(database_url: str, data_dir: Path) -> Floors:
    def make(**rules: Sequence[str]) -> Any:
        given = {name: tuple(those) for name, those in rules.items()}
        return open_floor(database_url, data_dir, hosts=HostRules(**given))  # type: ignore[arg-type]

    return make


def refusal_of(task: TaskRun) -> str:
    assert task.state is TaskRunState.FAILED, task.state
    assert task.error and task.error.code == "HOST_REFUSED", task.error
    return task.error.message


def http(url: str, **more: Any) -> str:
    return f"\n  - {json.dumps({'id': 'q', 'type': 'http', 'url': url, **more})}"


def sql(url: str, statement: str | list[str] = "select 1", **more: Any) -> str:
    return f"\n  - {json.dumps({'id': 'q', 'type': 'sql', 'url': url, 'statement': statement, **more})}"


async def test_no_way_to_write_a_host_gets_round_a_rule(floor_with: Floors) -> None:
    async with listening() as trap, floor_with(denied=["@loopback"]) as floor:
        for host in ITSELF:
            task = await floor.task(http(f"http://{host}:{trap.port}/"))
            if host == "0177.0.0.1":
                assert task.error and "Invalid IPv4 address" in task.error.message
                continue
            refusal = refusal_of(task)
            assert "@loopback" in refusal and "task_denied_hosts" in refusal
    assert trap.received == []


async def test_no_way_to_write_a_database_gets_round_a_rule(floor_with: Floors) -> None:
    async with listening() as trap, floor_with(denied=["@loopback"]) as floor:
        port = trap.port
        urls = [f"postgresql://u@{host}:{port}/x" for host in ITSELF]
        urls += [
            f"postgresql://u@/x?host=127.0.0.1&port={port}",
            f"postgresql://u@/x?host=localhost,127.0.0.1&port={port},{port}",
            f"postgresql://u@127.0.0.1:{port},[::1]:{port}/x",
            f"postgres://u:p@127.0.0.1:{port}/x?sslmode=require",
            "postgresql://u@/x?host=/tmp",
        ]
        for url in urls:
            assert "@loopback" in refusal_of(await floor.task(sql(url)))
        for env in ({"PGHOST": "127.0.0.1", "PGPORT": str(port)}, {"PGHOST": "/tmp"}):
            assert "@loopback" in refusal_of(await floor.task(sql("postgresql:///x", env=env)))
    assert trap.received == []


async def test_a_service_file_cannot_redirect_a_connection(
    floor_with: Floors, tmp_path: Path
) -> None:
    services = tmp_path / "services"
    async with listening() as trap, floor_with(denied=["@loopback"]) as floor:
        services.write_text(f"[x]\nhost=127.0.0.1\nport={trap.port}\nuser=u\ndbname=x\n")
        task = await floor.task(
            sql("postgresql:///?service=x", env={"PGSERVICEFILE": str(services)})
        )
        assert "@loopback" in refusal_of(task)
    assert trap.received == []


async def test_a_redirect_is_checked_too(floor_with: Floors) -> None:
    async with listening() as trap, listening() as first:
        denied = [f"127.0.0.0/8:{trap.port}", f"[::1]:{trap.port}", "@link-local"]
        async with floor_with(denied=denied) as floor:
            for target in (
                f"http://127.0.0.1:{trap.port}/",
                f"http://[::ffff:127.0.0.1]:{trap.port}/",
                f"http://0.0.0.0:{trap.port}/",
                f"http://localhost:{trap.port}/",
                "http://169.254.169.254/latest/meta-data/",
                "http://[fe80::1]/",
            ):
                first.answer = answer("", "302 Found", f"location: {target}\r\n")
                task = await floor.task(http(f"http://127.0.0.1:{first.port}/"))
                assert "task_denied_hosts" in refusal_of(task)
            first.answer = answer("hello")
            task = await floor.task(http(f"http://localhost:{first.port}/", headers={"x-a": "b"}))
            assert task.outputs["body"] == "hello"
    assert trap.received == []
    assert f"host: localhost:{first.port}".encode() in first.received[-1].lower()


async def test_a_name_that_changes_where_it_leads_is_resolved_once(
    floor_with: Floors, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1", "127.0.0.2"]

    async def rebound(_: str, port: int) -> list[tuple[str, int]]:
        return [(answers.pop(0), port)]

    async with listening() as trap, floor_with(denied=["127.0.0.2"]) as floor:
        monkeypatch.setattr(guarded_http, "addresses_of", rebound)
        task = await floor.task(http(f"http://rebound.example:{trap.port}/"))
        assert task.state is TaskRunState.SUCCESS and answers == ["127.0.0.2"]
        assert "127.0.0.2" in refusal_of(await floor.task(http("http://rebound.example:1/")))


async def test_a_proxy_of_the_worker_is_no_way_round(
    floor_with: Floors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening() as proxy, floor_with(denied=["@link-local", "*.internal"]) as floor:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        for url in ("http://169.254.169.254/", "http://2852039166/", "http://pay.internal/"):
            refusal_of(await floor.task(http(url)))
        assert proxy.received == []
        task = await floor.task(http("http://elsewhere.example/"))
        assert task.state is TaskRunState.SUCCESS
    assert proxy.received[0].startswith(b"GET http://elsewhere.example/")


async def test_only_hosts_that_are_allowed_are_reached(floor_with: Floors) -> None:
    async with (
        listening() as trap,
        listening() as other,
        floor_with(allowed=[f"127.0.0.1:{trap.port}"]) as floor,
    ):
        task = await floor.task(http(f"http://127.0.0.1:{trap.port}/"))
        assert task.state is TaskRunState.SUCCESS
        for url in (f"http://127.0.0.1:{other.port}/", f"http://[::1]:{trap.port}/"):
            assert "task_allowed_hosts" in refusal_of(await floor.task(http(url)))
        task = await floor.task(sql(f"postgresql://u@127.0.0.1:{other.port}/x"))
        assert "task_allowed_hosts" in refusal_of(task)
    assert other.received == [] and len(trap.received) == 1


async def test_headways_own_database_is_refused_whichever_way_leads_to_it(
    database_url: str, postgres_url: str, floor_with: Floors, tmp_path: Path
) -> None:
    statement = "update meta set epoch = gen_random_uuid()"
    async with floor_with() as floor, proxy_to(tmp_path, database_url):
        pool = floor.parts.database.pool
        epoch = await pool.fetchval("select epoch from meta")
        through = database_url.partition("?")[0] + f"?host={tmp_path}&port=5432"
        for url in (database_url, through):
            assert "@database" in refusal_of(await floor.task(sql(url, statement)))
        assert await pool.fetchval("select epoch from meta") == epoch
        same_server = await floor.task(sql(postgres_url))  # another database of the same server
        assert same_server.state is TaskRunState.SUCCESS
    async with floor_with(denied=["@link-local"]) as floor:
        task = await floor.task(sql(database_url, statement))
        assert task.state is TaskRunState.SUCCESS


@pytest.mark.parametrize("hiding", ["select 1::int8", "select 1::int8 from pg_sleep(60)"])
async def test_nothing_that_a_url_sets_hides_headways_own_database(
    database_url: str, floor_with: Floors, tmp_path: Path, hiding: str
) -> None:
    async with floor_with() as floor, proxy_to(tmp_path, database_url):
        pool = floor.parts.database.pool
        await pool.execute("create schema hiding")
        await pool.execute(
            "create function hiding.pg_control_system() returns table (system_identifier int8) "
            f"language sql as $$ {hiding} $$"
        )
        url = database_url.partition("?")[0] + f"?host={tmp_path}&port=5432"
        url += "&search_path=hiding,pg_catalog&statement_timeout=500"
        assert "@database" in refusal_of(await floor.task(sql(url)))


@pytest.fixture
async def floor_next_to_data(floor_with: Floors, data_dir: Path) -> AsyncIterator[Floor]:
    async with floor_with() as floor:
        (data_dir / "token").write_text("secret")
        (data_dir / "artifacts").mkdir(exist_ok=True)
        yield floor


async def test_duckdb_opens_nothing_of_the_data_directory(
    floor_next_to_data: Floor, data_dir: Path, tmp_path: Path
) -> None:
    token, link, folder = data_dir / "token", tmp_path / "link", tmp_path / "folder"
    link.symlink_to(token)
    folder.symlink_to(data_dir)
    before = sorted(data_dir.iterdir())
    for url in (
        str(data_dir / "x.duckdb"),
        f"duckdb://{data_dir}/../{data_dir.name}/x.duckdb",
        str(folder / "x.duckdb"),
        str(token),
    ):
        refusal = refusal_of(await floor_next_to_data.task(sql(url)))
        assert "data directory" in refusal
    for statement in (
        f"select content from read_text('{token}')",
        f"select content from read_text('{link}')",
        f"select content from read_text('{folder}/token')",
        f"select content from read_text('{tmp_path}/x/../{data_dir.name}/token')",
        f"select content from read_text('file://{token}')",
        f"select * from glob('{data_dir}/*')",
        f"copy (select 1) to '{data_dir}/made.csv'",
        f"attach '{data_dir}/made.duckdb' as made",
        "set enable_external_access = true",
        f"set allowed_directories = ['{data_dir}']",
    ):
        task = await floor_next_to_data.task(sql("duckdb://", statement))
        assert task.state is TaskRunState.FAILED or task.outputs["count"] == 0, statement
    assert sorted(data_dir.iterdir()) == before


async def test_duckdb_still_has_files_of_its_own_and_others(
    floor_next_to_data: Floor, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n2\n")
    database = tmp_path / "own.duckdb"
    task = await floor_next_to_data.task(
        sql(
            str(database),
            [
                f"create table t as select * from read_csv('{tmp_path}/in.csv')",
                "copy t to 'out.csv'",
                "select count(*) from 'out.csv'",
            ],
        )
    )
    assert task.state is TaskRunState.SUCCESS, task.error
    assert task.outputs["value"] == 2


async def test_duckdb_reaches_no_network(floor_next_to_data: Floor) -> None:
    async with listening() as trap:
        at = f"http://127.0.0.1:{trap.port}"
        for statement in (
            f"select * from read_text('{at}/x')",
            f"attach '{at}/x.duckdb' as x",
            f"install x from '{at}'",
            "load httpfs",
            f"force install httpfs from '{at}'",
            f"set custom_extension_repository = '{at}'; install httpfs",
            f"attach 'postgres:host=127.0.0.1 port={trap.port}' as x (type postgres)",
            "update extensions",
        ):
            task = await floor_next_to_data.task(sql("duckdb://", statement))
            assert task.state is TaskRunState.FAILED, statement
        for url in (f"duckdb://{at}/x.duckdb", "md:x", "duckdb://md:x", "s3://x/y"):
            task = await floor_next_to_data.task(sql(f"{{{{ '{url}' }}}}"))
            assert "network" in refusal_of(task)
    assert trap.received == []
