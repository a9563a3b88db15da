"""A worker reports the isolation that its machine lacks, at its start and in `headway doctor`; if required, it does not
start."""

import os
import subprocess

import pytest

from runner.isolation.task_users import TaskUsers, numbers_of
from runner.isolation.ways import ALL, SOCKETS
from tests.api.servers import HEADWAY, Served
from tests.api.test_cli import headway
from tests.isolation.stages import folder_for_all, serving_as, within

pytestmark = pytest.mark.timeout(240)


def _log(served: Served) -> str:
    return (served.data_dir / "serve.log").read_text()


@pytest.mark.parametrize(
    ("way", "lacks"), [("namespaces", ""), ("landlock", SOCKETS), ("none", ALL)]
)
async def test_the_isolation_mode_and_its_gaps_are_logged(way: str, lacks: str) -> None:
    with serving_as(way) as served:
        code, output, errors = await headway(served, "doctor")
        assert (code, errors) == (0, "")
        assert f"tasks are kept apart: {way}" in _log(served)
        if lacks:
            assert f"! task isolation ({way}): {lacks}" in output
            assert f"task isolation: {lacks}" in _log(served)
        else:
            assert f"✓ tasks are isolated from the server: {way}" in output
            assert "task isolation" not in _log(served) + output


def test_a_worker_without_required_isolation_does_not_start() -> None:
    with folder_for_all() as folder:
        data_dir = folder / "data"
        command = [str(HEADWAY), "serve", "--port", "0", "--data-dir", str(data_dir)]
        done = subprocess.run(
            [*within("landlock", str(folder)), *command],
            env={"PATH": os.environ["PATH"], "HEADWAY_TASK_ISOLATION": "required"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 6, done.stderr
        error = done.stderr.strip().splitlines()[-1]
        assert error.startswith("error: task_isolation is required, but not available: ")
        assert SOCKETS in error
        assert "namespaces does not work here" in error
        assert not (data_dir / "server.json").exists()


def test_no_two_attempts_are_the_same_user() -> None:
    one, other = TaskUsers(range(70_000, 70_002)), TaskUsers(range(70_000, 70_002))
    with one.one() as first, other.one() as second:
        assert {first, second} == {70_000, 70_001}


@pytest.mark.parametrize("text", ["", "5", "9-5", "0-10", "a-b", "1-4294967295"])
def test_a_range_of_users_is_two_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="two user ids"):
        numbers_of(text)


def test_a_range_is_taken_as_it_is_written() -> None:
    assert numbers_of("7-9") == range(7, 10)
