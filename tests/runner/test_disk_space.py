"""A full disk is not counted as a failure of the task."""

import asyncio
from pathlib import Path

import pytest

from models.states import AttemptState, ExecutionState
from runner.files.disk_space import is_nearly_full
from runner.maintenance import invariants
from runner.worker import job_executor, job_taker
from tests.runner.floor import DEADLINE, open_floor
from tests.small_disk import small_disk


async def test_an_attempt_without_room_is_handed_back_and_run_when_there_is(
    database_url: str, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_executor, "_DISK_FULL_PAUSE", 0.05)
    monkeypatch.setattr(job_taker, "_LOOK_AGAIN", 0.05)
    with small_disk(tmp_path / "small", 1, files=20) as disk:
        data_dir.mkdir()
        (data_dir / "work").symlink_to(disk.root)
        async with open_floor(database_url, data_dir) as floor:
            disk.use_up_files()
            id = await floor.begin("  - {id: a, type: shell, run: echo it ran}\n")
            said = await floor.until_said(id, "free some space there")
            assert str(data_dir) in said.text
            async with asyncio.timeout(DEADLINE):
                with floor.parts.feed.watch(f"e:{id}") as watch:
                    while (await floor.look(id)).tasks["a"].lost < 6:
                        await watch.changed()
            disk.make_room()
            ended = await floor.until_ended(id)
            assert ended.state is ExecutionState.SUCCESS
            task = ended.tasks["a"]
            assert task.lost == task.handed_back >= 6
            assert await invariants.verify(floor.parts.database.pool) == []
            states = await floor.parts.database.pool.fetch(
                "select state from attempts where execution_id = $1 order by number", id
            )
            assert {row["state"] for row in states} == {AttemptState.LOST, AttemptState.SUCCESS}


DECLARED = """
  - id: a
    type: shell
    run: head -c 300000 /dev/zero > large
    artifacts: [{path: large}]
"""
REPORTED = """
  - id: a
    type: shell
    run: |
      head -c 300000 /dev/zero > large
      echo '{"artifact": {"path": "large"}}' >&"$HEADWAY_FD"
"""
REPORTED_BY_FILE = REPORTED.replace('>&"$HEADWAY_FD"', '>> "$HEADWAY_FILE"')


@pytest.mark.parametrize("task", [DECLARED, REPORTED, REPORTED_BY_FILE])
async def test_an_attempt_without_room_for_its_artifact_is_handed_back(
    database_url: str, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    monkeypatch.setattr(job_executor, "_DISK_FULL_PAUSE", 0.05)
    with small_disk(tmp_path / "small", 1) as disk:
        data_dir.mkdir()
        (data_dir / "artifacts").symlink_to(disk.root)
        (disk.root / "other").write_bytes(bytes(800_000))
        async with open_floor(database_url, data_dir) as floor:
            id = await floor.begin(task)
            said = await floor.until_said(id, "free some space there")
            assert f"no disk space left in {data_dir / 'artifacts'}" in said.text
            (disk.root / "other").unlink()
            ended = await floor.until_ended(id)
            assert ended.state is ExecutionState.SUCCESS
            last = ended.tasks["a"]
            assert last.attempt == last.lost + 1 == last.handed_back + 1 > 1
            (kept,) = last.outputs["artifacts"].values()
            assert kept["size"] == 300_000
            files = [file.stat().st_size for file in disk.root.rglob("*") if file.is_file()]
            assert files == [300_000], "there are parts of files"
            assert await invariants.verify(floor.parts.database.pool) == []


def test_room_is_of_bytes_and_of_files(tmp_path: Path) -> None:
    assert not is_nearly_full(tmp_path)
    with small_disk(tmp_path / "bytes", 40) as disk:
        assert not is_nearly_full(disk.root)
        disk.fill()
        assert is_nearly_full(disk.root)
    with small_disk(tmp_path / "files", 40, files=200) as disk:
        assert not is_nearly_full(disk.root)
        disk.use_up_files()
        assert is_nearly_full(disk.root)
