"""Isolates the tasks of one worker. The way is chosen once, at start, by trying the possible ones."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from models.errors import Fault
from runner.isolation import landlock
from runner.isolation.confinement import Confinement, Order
from runner.isolation.launcher import Launcher
from runner.isolation.task_users import TaskUsers, numbers_of
from runner.isolation.ways import OFF, IsolationUnavailable, Policy, Way, possible
from runner.processes.child import Program, Started, Starts

logger = logging.getLogger("headway.isolation")

RECORD = "isolation.json"
"""A file in the folder of the worker, which `headway doctor` reads."""
_PACKAGES = ("server", "schema", "runner", "models", "headway")
_ENTERED = 0o011
_TRIAL = """
import headway, os, sys
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        continue
    sys.exit(path + " can still be read")
"""


@dataclass(frozen=True, slots=True)
class IsolationSettings:
    """The files that a worker hides from its tasks, and the policy on running tasks without isolation."""

    policy: Policy = Policy.OFF
    users: str | None = None
    private: tuple[Path, ...] = ()
    """Hidden in addition to the data directory: settings files, database sockets."""
    read_only: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptIsolation:
    """The isolation of one attempt. Without `starts`, its processes are started as ordinary children."""

    starts: Starts | None = None
    user: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables with the user and the home directory, if the attempt runs as another user."""


class Isolation:
    """Call `begin` first: it chooses the way."""

    def __init__(
        self, kept: IsolationSettings | None, data_dir: Path, artifacts: str | None
    ) -> None:
        self.way: Way = OFF
        self._settings = kept or IsolationSettings()
        self._reports = kept is not None
        self._data_dir = data_dir.resolve()
        self._artifacts = Path(artifacts).resolve() if artifacts else None
        self._users = TaskUsers(numbers_of(self._settings.users))
        self._launcher = Launcher()
        self._stack = ExitStack()
        self._base = Confinement()
        self._tried: list[str] = []

    async def begin(self, stack: AsyncExitStack, folder: Path) -> None:
        """Chooses the way, and ends with `stack`; `folder` is that of the worker. Raises IsolationUnavailable."""
        stack.callback(self._stack.close)
        if self._settings.policy is not Policy.OFF:
            await asyncio.to_thread(self._choose)
        if self._settings.policy is Policy.REQUIRED and self.way.lacks:
            raise IsolationUnavailable(
                f"task_isolation is required, but not available: {'; '.join(self.problems)}"
            )
        if self._reports:
            self._log()
            self._record(folder)

    @property
    def spared(self) -> set[int]:
        """Pids of children of this process that belong to no task."""
        return {self._launcher.pid} if self._launcher.pid else set()

    @property
    def problems(self) -> list[str]:
        """The things that tasks can still reach on this machine, and why better ways did not work."""
        return [*self.way.lacks, *self._tried] if self.way.lacks else []

    def _record(self, folder: Path) -> None:
        """Writes the file for `headway doctor`. The worker's folder may be missing because the disk is full."""
        text = json.dumps({"way": self.way.name, "lacks": self.problems})
        with suppress(OSError):
            (folder / RECORD).write_text(text, encoding="utf-8")

    @contextmanager
    def for_attempt(self, root: Path, artifacts: Sequence[str]) -> Iterator[AttemptIsolation]:
        """Isolates an attempt with the folder `root`, which its user becomes the owner of. It may read the folders
        `artifacts` of the artifact store. Leave the context only when no process of the attempt is left."""
        if not self.way.confines:
            yield AttemptIsolation()
            return
        with ExitStack() as stack:
            user = stack.enter_context(self._users.one()) if self.way.user else None
            readable = [str(self._artifacts / one) for one in artifacts if self._artifacts]
            confinement = self._confinement(user, readable, (str(root),))
            env = {} if user is None else _given_to(user, root)
            yield AttemptIsolation(partial(self._start, confinement), user, env)

    def _start(self, confinement: Confinement, program: Program, streams: Sequence[int]) -> Started:
        order = Order(program.argv, program.folder, program.env, confinement)
        return self._launcher.start(order, streams)

    def _confinement(
        self, user: int | None, readable: Sequence[str], writable: Sequence[str]
    ) -> Confinement:
        base = self._base
        return Confinement(
            user=user,
            user_namespace=self.way.user_namespace,
            mounts=self.way.mounts,
            landlock=self.way.landlock,
            hidden=base.hidden,
            readable=(*base.readable, *readable),
            writable=(*base.writable, *writable),
        )

    def _choose(self) -> None:
        self._stack.enter_context(self._launcher)
        for way in possible(landlock.version(), landlock.SCOPES_SINCE):
            self.way, self._base = way, self._based(way)
            if not (failure := self._try()):
                return
            self._tried.append(f"{way.name} does not work here ({failure})")
        self.way = OFF
        self._stack.close()

    def _based(self, way: Way) -> Confinement:
        """Returns the confinement that all attempts share."""
        hidden = {self._data_dir, *(one.resolve() for one in self._settings.private)}
        hidden |= {self._artifacts} if self._artifacts else set()
        code, writable = _code(), set[Path]()
        readable = {self._data_dir / "python"}
        if way.user and way.mounts:
            # A folder that other users cannot enter is replaced by an empty one with only what tasks need.
            needed = [*code, *readable, self._data_dir / "work"]
            hidden |= {closed for path in needed if (closed := _closed_above(path))}
            readable |= {one for one in code if any(one.is_relative_to(h) for h in hidden)}
        elif way.user:
            self._let_others_pass()
        else:
            home, writable = _home()
            readable |= {
                one for one in (*code, *self._settings.read_only) if os.access(one, os.W_OK)
            }
            readable |= home
            hidden |= _ways_out()
        return Confinement(
            hidden=_texts(hidden), readable=_texts(readable), writable=_texts(writable)
        )

    def _let_others_pass(self) -> None:
        for folder in (self._data_dir, *self._data_dir.glob("work"), self._data_dir / "python"):
            os.chmod(folder, folder.stat().st_mode | _ENTERED)
        for folder in self._data_dir.glob("work/wrk_*"):
            os.chmod(folder, folder.stat().st_mode | _ENTERED)

    def _try(self) -> str:
        """Returns why the way does not work; "" if it works."""
        try:
            with ExitStack() as stack:
                user = stack.enter_context(self._users.one()) if self.way.user else None
                return self._try_as(user)
        except (OSError, Fault) as error:
            return str(error)

    def _try_as(self, user: int | None) -> str:
        hidden_file = self._data_dir / "work.lock"
        argv = [sys.executable, "-c", _TRIAL, str(hidden_file)]
        env = {"PYTHONPATH": str(self._data_dir / "python"), "LC_ALL": "C.UTF-8"}
        order = Order(argv, "/", env, self._confinement(user, (), ()))
        read_end, write_end = os.pipe()
        with open(read_end, "rb") as output:
            try:
                pid = self._launcher.start(order, (write_end, write_end, write_end)).pid
            finally:
                os.close(write_end)
            lines = output.read().decode(errors="replace").strip().splitlines()
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return (lines[-1] if lines else f"a test program ended with {code}") if code else ""

    def _log(self) -> None:
        logger.info("tasks are kept apart: %s", self.way.name)
        for sentence in self.problems:
            logger.warning("task isolation: %s", sentence)


def _given_to(user: int, root: Path) -> dict[str, str]:
    """Makes `user` the owner of the attempt's folder; returns the environment of that user."""
    home = root / "home"
    home.mkdir()
    os.chmod(root, 0o700)
    for folder, _, files in os.walk(root):
        os.chown(folder, user, user)
        for name in files:
            os.chown(os.path.join(folder, name), user, user, follow_symlinks=False)
    return {"HOME": str(home), "USER": "headway-task", "LOGNAME": "headway-task"}


def _code() -> set[Path]:
    """The folders of Headway's code and of the Python that runs it."""
    places = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).parent.parent}
    for name in _PACKAGES:
        found = find_spec(name)
        if found and found.origin:
            places.add(Path(found.origin).parent)
    places |= {Path(one) for one in sys.path if one}
    there = {one.resolve() for one in places if one.exists()} - {Path("/")}
    return {one for one in there if there.isdisjoint(one.parents)}


def _home() -> tuple[set[Path], set[Path]]:
    """Returns the home directory, which is read-only for tasks, and the folders in it that stay writable. Dotfiles do
    not (except .cache): the user's shell would run a line that a task adds to them."""
    variable = os.environ.get("HOME", "")
    home = Path(variable).resolve() if variable else Path("/")
    if home == Path("/") or not home.is_dir() or not os.access(home, os.W_OK):
        return set(), set()
    inside = (Path(one.path) for one in os.scandir(home) if one.is_dir(follow_symlinks=False))
    return {home}, {one for one in inside if not one.name.startswith(".") or one.name == ".cache"}


def _ways_out() -> set[Path]:
    """Sockets by which other programs would run something for the task as the user or as root; files with passwords."""
    names = ("PGPASSFILE", "PGSERVICEFILE", "XDG_RUNTIME_DIR")
    found = {Path(os.environ[name]) for name in names if os.environ.get(name, "").startswith("/")}
    found |= {Path(f"/run/user/{os.geteuid()}"), Path("/run/docker.sock"), Path("/run/podman")}
    home = Path(os.environ.get("HOME", "/"))
    found |= {home / ".pgpass", home / ".pg_service.conf"}
    return {one.resolve() for one in found}


def _closed_above(path: Path) -> Path | None:
    """Returns the outermost parent folder that other users cannot enter."""
    above = (one for one in reversed(path.parents) if one.exists())
    return next((one for one in above if not one.stat().st_mode & 0o001), None)


def _texts(paths: set[Path]) -> tuple[str, ...]:
    return tuple(sorted(map(str, paths)))
