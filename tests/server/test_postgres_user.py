"""PostgreSQL under a root without user namespaces, as in most containers; others run it as themselves."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from models.errors import Fault
from server.local.postgres import embedded_postgres
from server.local.postgres_user import NOBODY

IS_ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def no_namespaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("setpriv", "sh", "locale"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Creates a folder that every user may enter, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="headway-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


async def test_root_gives_access_to_no_other_user(open_directory: Path) -> None:
    for _ in range(2):
        async with embedded_postgres(open_directory) as url:
            connection = await asyncpg.connect(url)
            assert await connection.fetchval("select 1") == 1
            await connection.close()
    assert (open_directory / "pg").stat().st_uid == (NOBODY if IS_ROOT else os.geteuid())
    assert open_directory.stat().st_uid == os.geteuid()


async def test_a_way_that_is_closed_to_others_is_named(open_directory: Path) -> None:
    open_directory.chmod(0o700)
    server = embedded_postgres(open_directory / "data")
    if IS_ROOT:
        with pytest.raises(Fault, match=f"{open_directory} is closed to other users"):
            await server.__aenter__()
    else:
        async with server:
            assert (open_directory / "data" / "pg").stat().st_uid == os.geteuid()
