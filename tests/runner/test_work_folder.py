"""Work folders of killed workers are removed by the next worker, and those of live workers are not."""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from runner.worker import worker
from runner.worker.work_folder import WorkFolder
from tests.runner.floor import DEADLINE, open_floor

HOLDER = """
import sys
from pathlib import Path
from runner.worker.work_folder import WorkFolder

with WorkFolder(Path(sys.argv[1]), sys.argv[2]) as folder:
    (folder.path / "att_1").mkdir()
    (folder.path / "att_1" / "large").write_text("x")
    print("claimed", flush=True)
    sys.stdin.read()
"""
WORKER = """
import asyncio, sys
from pathlib import Path
from tests.runner.floor import open_floor

async def main():
    async with open_floor(sys.argv[1], Path(sys.argv[2])) as floor:
        id = await floor.begin("\\n  - {id: long, type: shell, run: 'echo x > large; echo up; sleep 300'}")
        await floor.until_said(id, "up")
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def started(script: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Starts a process and waits for its first output."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout and process.stdin
        assert process.stdout.readline().strip()
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


@contextmanager
def logged_by(logger: str, text: str) -> Iterator["asyncio.Queue[str]"]:
    """Collects the messages with this text that are logged meanwhile."""
    messages: asyncio.Queue[str] = asyncio.Queue()

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if text in (sentence := record.getMessage()):
                messages.put_nowait(sentence)

    recorder = Recorder()
    logging.getLogger(logger).addHandler(recorder)
    try:
        yield messages
    finally:
        logging.getLogger(logger).removeHandler(recorder)


def names(data_dir: Path) -> list[str]:
    return sorted(folder.name for folder in (data_dir / "work").iterdir())


@pytest.mark.parametrize("fate", ["lives", "is frozen", "is killed"])
def test_only_the_folders_of_dead_workers_are_removed(tmp_path: Path, fate: str) -> None:
    with started(HOLDER, str(tmp_path), "wrk_other") as other:
        if fate == "is frozen":
            other.send_signal(signal.SIGSTOP)
        if fate == "is killed":
            other.kill()
            other.wait()
        with WorkFolder(tmp_path, "wrk_mine") as mine:
            assert names(tmp_path) == ["wrk_mine", "wrk_other"]
            mine.remove_abandoned()
            gone = fate == "is killed"
            assert names(tmp_path) == (["wrk_mine"] if gone else ["wrk_mine", "wrk_other"])
            assert gone or (tmp_path / "work" / "wrk_other" / "att_1" / "large").exists()
    assert "wrk_mine" not in names(tmp_path)


def test_a_worker_that_leaves_takes_its_folder_along(tmp_path: Path) -> None:
    with started(HOLDER, str(tmp_path), "wrk_other") as other:
        other.communicate("")
        assert other.returncode == 0
        assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_made_later(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.write_text("in the way")
    with WorkFolder(data_dir, "wrk_mine") as mine:
        assert not mine.claim()
        data_dir.unlink()
        assert mine.claim()
        assert names(data_dir) == ["wrk_mine"]


def test_folders_of_an_older_release_are_removed_when_they_are_surely_nobodys(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = psutil.boot_time() - 60
    for name in ("att_old", "att_new"):
        (tmp_path / "work" / name / "files").mkdir(parents=True)
    os.utime(tmp_path / "work" / "att_old", (before, before))
    with WorkFolder(tmp_path, "wrk_mine") as mine:
        mine.remove_abandoned()
        mine.remove_abandoned()
        assert names(tmp_path) == ["att_new", "wrk_mine"]
    messages = [one.getMessage() for one in caplog.records if "stay" in one.getMessage()]
    assert len(messages) == 1 and messages[0].startswith("1 folders of an older release stay")


@pytest.mark.parametrize("error", [OSError("no /proc"), RuntimeError("no btime in /proc/stat")])
def test_an_unreadable_folder_does_not_block_the_removal_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    (tmp_path / "work" / "att_new").mkdir(parents=True)
    (tmp_path / "work" / "wrk_killed").mkdir()

    def fails() -> float:
        raise error

    with WorkFolder(tmp_path, "wrk_mine") as mine:
        with monkeypatch.context() as patched, suppress(RuntimeError):
            patched.setattr(psutil, "boot_time", fails)
            mine.remove_abandoned()
        if isinstance(error, RuntimeError):
            mine.remove_abandoned()
        assert names(tmp_path) == ["att_new", "wrk_mine"]


def test_a_folder_can_be_claimed_while_others_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, killed = tmp_path / "work" / "att_old", tmp_path / "work" / "wrk_killed"
    for folder in (old, killed):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    removes, claimed = shutil.rmtree, {}

    def claims_meanwhile(folder: Path, ignore_errors: bool) -> None:
        if folder in (old, killed):
            with WorkFolder(tmp_path, f"wrk_{folder.name}") as new:
                claimed[folder] = new.claim()
        removes(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", claims_meanwhile)
    with WorkFolder(tmp_path, "wrk_mine") as mine:
        mine.remove_abandoned()
        assert names(tmp_path) == ["wrk_mine"]
    assert claimed == {old: True, killed: True}


async def test_a_worker_without_a_work_folder_reports_the_reason(
    database_url: str, data_dir: Path
) -> None:
    data_dir.mkdir(exist_ok=True)
    (data_dir / "work").write_text("in the way")
    with logged_by("headway.worker", "no jobs are taken") as messages:
        async with open_floor(database_url, data_dir), asyncio.timeout(DEADLINE):
            sentence = await messages.get()
    assert "cannot be created" in sentence and "less than" not in sentence


async def test_the_folders_of_a_worker_killed_hard_are_removed_by_the_next(
    database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = asyncio.Event()

    class Recorder(WorkFolder):
        def remove_abandoned(self) -> None:
            super().remove_abandoned()
            loop.call_soon_threadsafe(removed.set)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(worker, "WorkFolder", Recorder)
    with started(WORKER, database_url, str(data_dir)) as other:
        (large,) = (data_dir / "work").glob("*/*/files/large")
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert large.exists()
        async with open_floor(database_url, data_dir) as floor, asyncio.timeout(DEADLINE):
            await removed.wait()
            assert not large.exists() and len(names(data_dir)) == 1
            execution = await floor.run("  - {id: a, type: shell, run: echo it ran}\n")
            assert execution.tasks["a"].error is None
    assert names(data_dir) == []
