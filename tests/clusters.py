"""A PostgreSQL cluster with its roles and tables, made once per test session and copied for each server of a test.

A session that lasts into the next month makes another: a database has partitions from the month in which it was made.

`python -m tests.clusters DIR` makes it in DIR, by the same steps as the first start of a server.
"""

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from runner.store.postgres.database import migrate, open_database
from server.local.postgres import embedded_postgres
from server.local.postgres_roles import PASSWORDS

WHERE = "PYTEST_HEADWAY_CLUSTER"
"""The variable with the directory of the session; processes that pytest starts inherit it."""
_PARTS = ("pg/data", PASSWORDS)


def open_session() -> None:
    os.environ[WHERE] = tempfile.mkdtemp(prefix="headway-tests-")


def close_session() -> None:
    shutil.rmtree(os.environ.pop(WHERE), ignore_errors=True)


def copy_cluster(data_dir: Path) -> None:
    """Creates the cluster in this data directory, unless it has one."""
    if (data_dir / "pg").exists():
        return
    made = _made_once(Path(os.environ[WHERE]), this_month())
    (data_dir / "pg").mkdir(mode=0o700, parents=True)
    for part in _PARTS:
        # Unlike shutil.copytree, cp keeps the owner, who is another user where the tests run as root.
        subprocess.run(["cp", "-a", made / part, data_dir / part], check=True)


def this_month() -> str:
    return f"{datetime.now(UTC):%Y_%m}"


def _made_once(directory: Path, name: str) -> Path:
    made = directory / name
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            partial = directory / "partial"
            subprocess.run([sys.executable, "-m", "tests.clusters", partial], check=True)
            partial.rename(made)
    return made


async def _make(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as url, open_database(url) as database:
        await migrate(database)


if __name__ == "__main__":
    asyncio.run(_make(Path(sys.argv[1])))
