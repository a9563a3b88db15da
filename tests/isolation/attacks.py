"""The script of a task that attacks the server and another task. Each function returns what it got; an empty result, or
an error, is a failed attack. A worker runs it, and its information comes from its environment only."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial

DIR = os.environ["TARGET"]
SERVER, VICTIM = os.environ["SERVER"], os.environ["VICTIM"]
THEIR_FOLDER, THEIR_FILE = os.environ["THEIR_FOLDER"], os.environ["THEIR_FILE"]
NESTED = "import os; print(len(open(os.environ['TARGET'] + '/token').read()))"
PTRACE_ATTACH, PTRACE_DETACH = 16, 17


def read(path: str) -> str:
    with open(path, "rb") as file:
        return repr(file.read(40))


def appended(path: str) -> str:
    with open(path, "ab"):
        return f"{path} could be changed"


def environment(pid: str) -> str:
    return read(f"/proc/{pid}/environ")


def command(pid: str) -> str:
    """Reads the command line, which may contain passwords."""
    return read(f"/proc/{pid}/cmdline")


def beyond_root(pid: str) -> str:
    return read(f"/proc/{pid}/root{DIR}/token")


def next_to_working_directory(pid: str) -> str:
    return ", ".join(os.listdir(f"/proc/{pid}/cwd/"))


def memory(pid: str) -> str:
    with open(f"/proc/{pid}/maps") as maps:
        start = next(int(line.split("-")[0], 16) for line in maps if " r" in line)
    with open(f"/proc/{pid}/mem", "rb") as mem:
        mem.seek(start)
        return repr(mem.read(16))


def traced(pid: str) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, int(pid), None, None):
        return ""
    os.waitpid(int(pid), 0)
    libc.ptrace(PTRACE_DETACH, int(pid), None, None)
    return "traced"


def killed(pid: str) -> str:
    os.kill(int(pid), signal.SIGCONT)
    return "a signal was sent"


def connected(address: str) -> str:
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(5)
        door.connect(address)
        return "connected"


def pipe_of(pid: str) -> str:
    """Opens the pipe of messages; a message in it would count as another task's."""
    for number in os.listdir(f"/proc/{pid}/fd"):
        with open(f"/proc/{pid}/fd/{number}", "wb"):
            return f"descriptor {number} opened"
    return ""


def nested(command: list[str]) -> str:
    done = subprocess.run(
        [*command, sys.executable, "-c", NESTED], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def privileges() -> str:
    with open("/proc/self/status") as status:
        return "".join(line for line in status if line.startswith("NoNewPrivs") and "0" in line)


def descriptors() -> str:
    """Lists descriptors that the task was not given: other than stdin, the log and the pipe of messages."""
    given = {"0", "1", "2", os.environ["HEADWAY_FD"]}
    links = {one: f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd")}
    return ", ".join(
        os.readlink(link)
        for one, link in links.items()
        if one not in given and os.path.exists(link)
    )


def described(pid: str) -> str:
    """Reads the target of one of its descriptors; that there are some is visible to everybody."""
    return os.readlink(f"/proc/{pid}/fd/{os.listdir(f'/proc/{pid}/fd')[0]}")


def others_listed(folder: str, mine: str) -> str:
    return ", ".join(set(os.listdir(folder)) - {mine})


def code(module: str) -> str:
    return appended(os.path.join(os.environ["CODE"], module))


ATTACKS: dict[str, Callable[[], str]] = {
    "token": lambda: read(f"{DIR}/token"),
    "server.json": lambda: read(f"{DIR}/server.json"),
    "secret.key": lambda: read(f"{DIR}/secret.key"),
    "headway.toml": lambda: read(f"{DIR}/headway.toml"),
    "database files": lambda: read(f"{DIR}/pg/data/PG_VERSION"),
    "database socket": lambda: connected(f"{DIR}/pg/socket/.s.PGSQL.5432"),
    "artifacts of another namespace": lambda: read(THEIR_FILE),
    "names of artifacts": lambda: others_listed(
        f"{DIR}/artifacts", os.environ["HEADWAY_EXECUTION_ID"]
    ),
    "work folder of another": lambda: read(f"{THEIR_FOLDER}/input.json"),
    "names of work folders": lambda: others_listed(
        os.path.dirname(THEIR_FOLDER), os.environ["HEADWAY_ATTEMPT_ID"]
    ),
    "work folder of another filled": lambda: appended(f"{THEIR_FOLDER}/messages.jsonl"),
    "package headway": lambda: appended(f"{DIR}/python/headway/task.py"),
    "code of the server": lambda: code("runner/worker/worker.py"),
    "code of a new name": lambda: appended(f"{DIR}/python/headway_evil.py"),
    "nested namespaces": lambda: nested(["unshare", "--user", "--map-root-user", "--mount"]),
    "nested unmounting": lambda: nested(
        ["unshare", "-Urm", "sh", "-c", 'umount -l "$TARGET"; exec "$0" "$@"']
    ),
    "setuid": privileges,
    "inherited descriptors": descriptors,
    "abstract socket": lambda: connected("\0" + os.environ["ABSTRACT"]),
    **{
        f"{name} of {who}": partial(attack, pid)
        for who, pid in (("the server", SERVER), ("another task", VICTIM))
        for name, attack in (
            ("environment", environment),
            ("command", command),
            ("memory", memory),
            ("descriptors", described),
            ("pipes", pipe_of),
            ("root", beyond_root),
            ("working directory", next_to_working_directory),
            ("tracing", traced),
            ("signal", killed),
        )
    },
}


def outcome(attack: Callable[[], str]) -> str:
    try:
        return attack()
    except (OSError, ValueError, StopIteration):
        return ""


if __name__ == "__main__":
    import headway

    headway.output(found={name: outcome(attack) for name, attack in ATTACKS.items()})
