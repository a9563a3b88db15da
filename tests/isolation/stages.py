"""Servers in the situations for the isolation modes: root, root without the right to mount, an ordinary user, and one
who cannot create namespaces either."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.api.client import Client
from tests.api.servers import Served, start

ATTACKS = Path(__file__).with_name("attacks.py")
CODE = Path(__file__).parents[2]
SECRET = "of-another-namespace-8231"
_SEEMING = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
_NO_NAMESPACES = (
    "echo 0 > /proc/sys/user/max_user_namespaces; "
    'exec setpriv --ambient-caps=-all --inh-caps=-all "$0" "$@"'
)
_NO_MOUNTS = 'exec setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$0" "$@"'
VICTIM = """
id: sleeper
namespace: victim
tasks:
  - id: sleeper
    type: shell
    env: {THEIRS: "{{ secrets.THEIRS }}"}
    run: |
      echo theirs > theirs.txt
      echo '{"artifact": {"path": "theirs.txt"}}' >&"$HEADWAY_FD"
      touch "$HEADWAY_FILE"
      exec sleep 300
"""
ATTACKER = """
id: attacker
namespace: attacker
tasks:
  - id: attack
    type: python
    env: {{TARGET: {target}, SERVER: "{server}", VICTIM: "{victim}", THEIR_FOLDER: {folder}, THEIR_FILE: {file},
          CODE: {code}, ABSTRACT: {abstract}}}
    script: |
{script}
"""


def _reachable(folder: str) -> str:
    """A shell command that gives others access to a Python in a private folder, for this server only."""
    base = Path(sys.base_prefix)
    closed = next((one for one in reversed(base.parents) if not one.stat().st_mode & 0o001), None)
    if closed is None:
        return ""
    return (
        f"mkdir {folder}/python; mount --bind {base} {folder}/python; mount -t tmpfs -o mode=755 none {closed}; "
        f"mkdir -p {base}; mount --bind {folder}/python {base}; "
    )


def within(way: str, folder: str) -> Sequence[str]:
    """Returns the command line of a program that becomes the server. An ordinary user is one without privileges."""
    root = os.geteuid() == 0
    words: Mapping[str, Sequence[str]] = {
        "users": (),
        "users-landlock": ("unshare", "--mount", "sh", "-c", _reachable(folder) + _NO_MOUNTS),
        "namespaces": _SEEMING if root else (),
        "landlock": (*_SEEMING, "--keep-caps", "sh", "-c", _NO_NAMESPACES),
        "none": (),
    }
    return words[way]


NEEDS_ROOT = ("users", "users-landlock")


@dataclass(frozen=True)
class Stage:
    way: str
    served: Served
    victim: psutil.Process
    folder: Path
    file: Path
    abstract: str

    @property
    def client(self) -> Client:
        return self.served.client

    def attacker(self) -> str:
        script = "".join(f"      {line}\n" for line in ATTACKS.read_text().splitlines())
        return ATTACKER.format(
            target=self.served.data_dir,
            server=self.served.process.pid,
            victim=self.victim.pid,
            folder=self.folder,
            file=self.file,
            code=CODE,
            abstract=self.abstract,
            script=script,
        )


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """Creates a folder that other users may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory(
        prefix="headway-isolation-", ignore_cleanup_errors=True
    ) as name:
        os.chmod(name, 0o755)
        yield Path(name)


@contextmanager
def serving_as(way: str, **settings: str) -> Iterator[Served]:
    """Starts a server that isolates its tasks in this mode; with `none`, not at all."""
    with folder_for_all() as folder:
        data_dir = folder / "data"
        data_dir.mkdir()
        (data_dir / "headway.toml").write_text('database_url = ""\n')
        policy = "off" if way == "none" else "auto"
        env = {
            "HEADWAY_TASK_ISOLATION": policy,
            "HEADWAY_DRAIN_TIMEOUT": "0.1",
            "PGPASSWORD": "of-the-server",
            **settings,
        }
        served = start(data_dir, env=env, within=within(way, str(folder)))
        try:
            yield served
        finally:
            served.stop()


async def staged(way: str, served: Served, abstract: str) -> Stage:
    """Starts another task next to the attacks, in another namespace, with a secret."""
    client = served.client
    saved = await client.post(
        "mutation ($input: SaveSecretInput!) { saveSecret(input: $input) { problems { message } } }",
        input={"namespace": "victim", "name": "THEIRS", "value": SECRET},
    )
    assert not saved["saveSecret"]["problems"]
    started = await client.run(VICTIM)
    await client.until(started["id"], sleeper="RUNNING")
    victim = _victim(served)
    (attempt,) = served.data_dir.glob("work/wrk_*/att_*")
    file = served.data_dir / "artifacts" / started["id"] / "sleeper" / "1" / "theirs.txt"
    return Stage(way, served, victim, attempt, file, abstract)


def _victim(served: Served) -> psutil.Process:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for one in psutil.Process(served.process.pid).children(recursive=True):
            if one.name() == "sleep":
                return one
    raise AssertionError("the other task does not run")


@contextmanager
def abstract_listener() -> Iterator[str]:
    """Runs a program that listens on an abstract socket; yields its name."""
    name = f"headway-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("\0" + name)
        listening.listen(64)
        yield name
