"""Real processes that try to escape."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from uuid import uuid4

import pytest

from runner.processes.child import Child, Program
from runner.processes.pipe import Readiness
from runner.processes.process_table import all_processes, environment_of, look
from runner.processes.process_tree import OrphanReaper, ProcessTree, adopt_orphans
from runner.processes.reaper import Reaper

DEADLINE = 10.0


@pytest.fixture(autouse=True)
def orphans_are_ours() -> None:
    adopt_orphans()


@asynccontextmanager
async def started(folder: Path, script: str) -> AsyncIterator[tuple[Child, ProcessTree]]:
    mark = f"HEADWAY_ATTEMPT_ID=att_{uuid4().hex}"
    name, _, value = mark.partition("=")
    env = {"PATH": os.environ["PATH"], name: value}
    child = Child.start(Program(["bash", "-euo", "pipefail", "-c", script], str(folder), env))
    family = ProcessTree(child.pid, mark.encode(), str(folder))
    try:
        yield child, family
    finally:
        await family.kill()
        child.reap()
        child.close()


async def line_of(child: Child) -> str:
    async with asyncio.timeout(DEADLINE):
        said = b""
        while not said.endswith(b"\n"):
            said += await child.stdout.read()
    return said.decode().strip()


def alive(marked: bytes) -> list[int]:
    return [
        seen.pid
        for seen in all_processes()
        if not seen.zombie and marked in environment_of(seen.pid)
    ]


async def test_exit_code_and_resources_are_reported(tmp_path: Path) -> None:
    async with started(tmp_path, "exit 3") as (child, _):
        await asyncio.wait_for(child.exited(), DEADLINE)
        exit = child.reap()
    assert (exit.code, exit.by_signal, exit.sentence) == (3, False, "exit code 3")
    assert exit.resources.keys() >= {"cpuSeconds"}
    assert exit.cpu_seconds >= 0


async def test_much_memory_is_reported(tmp_path: Path) -> None:
    # Memory below this process's own peak is not reported.
    size = getrusage(RUSAGE_SELF).ru_maxrss * 1024 + 300_000_000
    script = f"{sys.executable} -S -c 'bytearray({size})'"
    async with started(tmp_path, script) as (child, _):
        await asyncio.wait_for(child.exited(), DEADLINE)
        assert size <= child.reap().resources["maxRssBytes"] < size + 200_000_000


@pytest.mark.parametrize(
    ("script", "code", "sentence"),
    [
        ("kill -SEGV $$", -11, "killed by SIGSEGV"),
        ("kill -KILL $$", -9, "killed by SIGKILL"),
        ("kill -TERM $$", -15, "killed by SIGTERM"),
        ("exec {python} -c 'import os; os.abort()'", -6, "killed by SIGABRT"),
        ("{python} -c 'import os; os.kill(os.getpid(), 9)'", 137, "exit code 137"),
        ("exit 137", 137, "exit code 137"),
    ],
)
async def test_a_signal_is_a_negative_code_and_named_and_what_a_shell_says_is_its_own(
    tmp_path: Path, script: str, code: int, sentence: str
) -> None:
    script = f"{script.replace('{python}', sys.executable)}\nexit $?"
    async with started(tmp_path, script) as (child, _):
        await asyncio.wait_for(child.exited(), DEADLINE)
        exit = child.reap()
    assert (exit.code, exit.by_signal, exit.sentence) == (code, code < 0, sentence)


async def test_processes_that_ignore_sigterm_are_killed_after_the_grace(tmp_path: Path) -> None:
    async with started(tmp_path, "trap '' TERM; echo ready; while true; do sleep 1; done") as (
        child,
        family,
    ):
        assert await line_of(child) == "ready"
        begun = asyncio.get_running_loop().time()
        await family.terminate(asyncio.Event(), 0.3)
        took = asyncio.get_running_loop().time() - begun
        assert family.members() == []
        assert child.reap().code == -signal.SIGKILL
    assert took >= 0.3


async def test_hurry_cuts_the_grace_short(tmp_path: Path) -> None:
    hurry = asyncio.Event()
    async with started(tmp_path, "trap '' TERM; echo ready; while true; do sleep 1; done") as (
        child,
        family,
    ):
        await line_of(child)
        asyncio.get_running_loop().call_later(0.05, hurry.set)
        await asyncio.wait_for(family.terminate(hurry, 60), DEADLINE)
        assert family.members() == []


async def test_a_tidy_task_ends_at_sigterm(tmp_path: Path) -> None:
    async with started(
        tmp_path, "trap 'echo bye; exit 0' TERM; echo ready; while true; do sleep 0.05; done"
    ) as (child, family):
        await line_of(child)
        await family.terminate(asyncio.Event(), 5)
        assert await line_of(child) == "bye"
        assert child.reap().code == 0


async def ends(*pids: int) -> None:
    """Waits until these processes have ended; they may be anyone's children."""
    async with asyncio.timeout(DEADLINE):
        for pid in pids:
            try:
                descriptor = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            await Readiness(descriptor).wait()
            os.close(descriptor)


ESCAPES = {
    "own session": "setsid sleep 300 & echo $!",
    "double fork": "( setsid bash -c 'sleep 300 & echo $!' & ) ; wait",
    "double fork without its mark": "( env -i setsid /bin/sleep 300 & echo $! )",
    "ignores SIGTERM": "setsid bash -c \"trap '' TERM; echo \\$\\$; while true; do sleep 1; done\" &",
    "stopped": "bash -c 'echo $$; kill -STOP $$' &",
}


@pytest.mark.parametrize("script", ESCAPES.values(), ids=ESCAPES.keys())
async def test_stragglers_end_after_their_leader(tmp_path: Path, script: str) -> None:
    async with started(tmp_path, f"{script}\nsleep 0.1") as (child, family):
        pid = int(await line_of(child))
        assert look(pid) is not None
        await asyncio.wait_for(child.exited(), DEADLINE)
        await asyncio.wait_for(family.end_stragglers(), DEADLINE)
        seen = look(pid)
        assert seen is None or seen.zombie
        assert family.members() == []


@pytest.mark.parametrize("script", ESCAPES.values(), ids=ESCAPES.keys())
async def test_a_kill_reaches_them_too(tmp_path: Path, script: str) -> None:
    async with started(tmp_path, f"{script}\ntrap '' TERM; while true; do sleep 1; done") as (
        child,
        family,
    ):
        pid = int(await line_of(child))
        await asyncio.wait_for(family.terminate(asyncio.Event(), 0.1), DEADLINE)
        seen = look(pid)
        assert seen is None or seen.zombie
        assert family.members() == []


async def test_a_fork_bomb_does_not_escape(tmp_path: Path) -> None:
    """Bounded to 48 processes, half of them in sessions of their own, all orphaned and ignoring SIGTERM."""
    bomb = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for number in range(48):
    if os.fork() == 0:
        if number % 2:
            os.setsid()
        print('ready', flush=True)
        time.sleep(60)
        os._exit(0)
"""
    (tmp_path / "bomb.py").write_text(bomb)
    script = f"trap '' TERM; ( {sys.executable} -S bomb.py & ); while true; do sleep 1; done"
    async with started(tmp_path, script) as (child, family):
        await line_of(child)
        await asyncio.wait_for(family.terminate(asyncio.Event(), 0), DEADLINE)
        assert family.members() == []
        assert alive(family.mark) == []


async def test_a_normal_end_costs_no_kill_and_touches_no_other(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "300"])
    try:
        async with started(tmp_path, "true") as (child, family):
            await asyncio.wait_for(child.exited(), DEADLINE)
            await family.end_stragglers()
            await family.kill()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_unseen_orphans_are_buried(tmp_path: Path) -> None:
    digger = OrphanReaper()
    async with started(
        tmp_path, "( env -i setsid bash -c 'cd /; echo $$; exit 0' & ) ; sleep 0.3"
    ) as (child, _):
        pid = int(await line_of(child))
        await asyncio.wait_for(child.exited(), DEADLINE)
        digger.scan([child.pid])
        digger.scan([child.pid])
        assert look(pid) is None
        assert child.reap().code == 0


WORKER = """
import subprocess, sys, time
from runner.processes.pipe import Readiness
from runner.processes.reaper import Reaper
reaper = Reaper(sys.argv[1]).__enter__()
env = {"HEADWAY_WORKER_ID": sys.argv[1], "PATH": "/usr/bin:/bin"}
script = "setsid bash -c 'echo up; kill -STOP $$' & wait"
one = subprocess.Popen(["bash", "-c", script], env=env, start_new_session=True, stdout=subprocess.PIPE)
one.stdout.readline()
two = subprocess.Popen(["env", "-i", "sleep", "300"], start_new_session=True)
reaper.watch(one.pid); reaper.watch(two.pid)
print(two.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def worker_process() -> Iterator[tuple["subprocess.Popen[str]", str, int]]:
    id = f"wrk_{uuid4().hex}"
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, id], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    unmarked = int(process.stdout.readline())
    yield process, id, unmarked
    process.kill()
    process.wait()
    process.stdout.close()


async def test_nothing_outlives_a_worker_that_is_killed(
    worker_process: tuple["subprocess.Popen[str]", str, int],
) -> None:
    process, id, unmarked = worker_process
    mark = f"HEADWAY_WORKER_ID={id}".encode()
    left = alive(mark)
    assert len(left) >= 2
    process.kill()
    await ends(*left, unmarked)
    assert alive(mark) == []


def test_a_reaper_that_dies_is_replaced() -> None:
    with Reaper("wrk_x") as reaper:
        (first,) = reaper.spared
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        reaper.watch(4_000_000)
        assert reaper.spared > {4_000_000}
        assert first not in reaper.spared
        reaper.forget(4_000_000)
