import asyncio
import os
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest

from models.errors import Fault
from server.local.postgres import embedded_postgres

SERVE = """
import asyncio, sys
from pathlib import Path
from server.local.postgres import embedded_postgres

async def main():
    async with embedded_postgres(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def postmaster(data_dir: Path) -> psutil.Process:
    pid = (data_dir / "pg" / "data" / "postmaster.pid").read_text().split("\n", 1)[0]
    return psutil.Process(int(pid))


def has_ended(process: psutil.Process) -> bool:
    """Holds also when nobody reaps the process, as in a container without an init."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def modes(directory: Path) -> Mapping[Path, tuple[int, int, int]]:
    seen = [
        directory,
        *directory.parents,
        *(p for p in directory.rglob("*") if "pg" not in p.parts),
    ]
    return {path: (s.st_mode, s.st_uid, s.st_gid) for path in seen for s in [path.lstat()]}


async def post(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def serve(data_dir: Path) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(data_dir), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
    assert url.startswith("postgresql://")
    return process, url


async def test_postgresql_starts_keeps_its_data_and_stops(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as url:
        await post(url, "create table kept as select 42 as answer")
        assert await post(url, "show server_encoding") == "UTF8"
        assert await post(url, "show synchronous_commit") == "on"
        assert await post(url, "show listen_addresses") == ""
        running = postmaster(data_dir)
    psutil.wait_procs([running], timeout=10)
    assert has_ended(running)
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select answer from kept") == 42


async def test_nothing_but_its_own_directory_changes_mode_or_owner(tmp_path: Path) -> None:
    home = tmp_path / "home"
    data_dir = home / "headway"
    data_dir.mkdir(parents=True)
    secret = data_dir / "secret.key"
    secret.write_text("s")
    for path, mode in ((home, 0o700), (data_dir, 0o750), (secret, 0o600)):
        path.chmod(mode)
    before = modes(home)
    passwords = data_dir / "postgres.passwords"
    async with embedded_postgres(data_dir):
        status = passwords.stat()
        before = {**before, passwords: (stat.S_IFREG | 0o600, status.st_uid, status.st_gid)}
        assert status.st_uid == os.geteuid()
        assert modes(home) == before
        assert stat.S_IMODE((data_dir / "pg").stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "pg" / "data").stat().st_mode) == 0o700
    assert modes(home) == before


async def test_a_second_server_on_one_directory_is_refused(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as url:
        with pytest.raises(Fault, match="another Headway runs on"):
            await embedded_postgres(data_dir).__aenter__()
        assert await post(url, "select 1") == 1


async def test_a_killed_serve_leaves_a_server_that_the_next_one_adopts_and_stops(
    data_dir: Path,
) -> None:
    process, _ = await serve(data_dir)
    left = postmaster(data_dir)
    process.kill()
    await process.wait()
    async with embedded_postgres(data_dir) as url:
        assert postmaster(data_dir).pid == left.pid
        assert await post(url, "select 1") == 1
    assert has_ended(left)


async def test_a_killed_server_recovers_committed_data(data_dir: Path) -> None:
    process, url = await serve(data_dir)
    await post(url, "create table kept as select generate_series(1, 1000) as n")
    postmaster(data_dir).kill()
    process.kill()
    await process.wait()
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select count(*) from kept") == 1000


async def test_a_foreign_pid_is_not_mistaken_for_the_server(data_dir: Path) -> None:
    """As after a reboot: the pid in the file belongs to another process."""
    async with embedded_postgres(data_dir):
        stale = (data_dir / "pg" / "data" / "postmaster.pid").read_text()
    stale = re.sub(r"^\d+", str(os.getpid()), stale)
    (data_dir / "pg" / "data" / "postmaster.pid").write_text(stale)
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select 1") == 1


async def test_an_initialisation_that_was_cut_off_is_done_again(data_dir: Path) -> None:
    half = data_dir / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select 1") == 1
    assert not half.exists()


async def test_data_of_another_version_is_refused(data_dir: Path) -> None:
    (data_dir / "pg" / "data").mkdir(parents=True)
    (data_dir / "pg" / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(Fault, match="was created by PostgreSQL 16, but this Headway includes 18"):
        await embedded_postgres(data_dir).__aenter__()


@pytest.mark.parametrize(
    "name", ["a b'c", '"quotes", commas', "$(touch x)`id`", "é%/../é", "x" * 120]
)
async def test_any_directory_will_do(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select current_database()") == "headway"
        assert (data_dir / "pg" / "data" / "PG_VERSION").exists()
        sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
    assert list(sockets.glob("*")) == []
    assert sockets.exists() == (sockets.parent.name == "pg")


async def test_an_interrupt_of_the_terminal_does_not_reach_it(data_dir: Path) -> None:
    async with embedded_postgres(data_dir):
        assert os.getsid(postmaster(data_dir).pid) != os.getsid(0)
        assert os.getpgid(postmaster(data_dir).pid) != os.getpgid(0)


async def test_variables_of_postgres_do_not_lead_elsewhere(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("PGPORT", "1"),
        ("PGHOST", "nowhere"),
        ("PGDATA", "/nowhere"),
        ("PGUSER", "x"),
    ):
        monkeypatch.setenv(name, value)
    async with embedded_postgres(data_dir) as url:
        assert await post(url, "select current_user") == "headway_server"
