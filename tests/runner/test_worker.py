"""A worker with real services: engine, queue, leases, processes."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from models.lifecycle.commands.commands import Cancel
from models.lifecycle.status import Failure
from models.states import AttemptState, ExecutionState, TaskRunState
from models.task_error import TaskError
from runner.maintenance import invariants
from runner.processes.process_table import all_processes, environment_of, look
from runner.store import workers
from server.process.runtime import make_worker
from tests.runner.floor import Floor, open_floor
from tests.runner.test_processes import ends


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


async def test_tasks_run_in_order_and_pass_their_outputs_on(floor: Floor) -> None:
    execution = await floor.run(
        """
  - {id: one, type: return, outputs: {rows: "{{ inputs.rows }}"}}
  - id: two
    type: shell
    needs: [one]
    run: |
      echo rows {{ outputs.one.rows }}
      echo '{"output": {"answer": 42}}' >&"$HEADWAY_FD"
  - {id: three, type: log, needs: [two], message: "answer {{ outputs.two.answer }}"}
""",
        rows="7; exit 1",
    )
    assert execution.state is ExecutionState.SUCCESS
    assert execution.tasks["two"].outputs == {"answer": 42}
    assert execution.tasks["two"].inputs["run"].startswith("echo rows '7; exit 1'")
    assert [line.text for line in await floor.lines(execution.id)] == [
        "rows 7; exit 1",
        "answer 42",
    ]


async def test_a_failure_has_its_cause_and_its_exit_code(floor: Floor) -> None:
    execution = await floor.run('\n  - {id: bad, type: shell, run: "echo oh no >&2; exit 3"}')
    task = execution.tasks["bad"]
    assert (execution.state, task.state) == (ExecutionState.FAILED, TaskRunState.FAILED)
    assert task.error == TaskError("EXIT_CODE", "oh no", 3)
    assert execution.failure == Failure("bad", 1, "EXIT_CODE", "oh no", 3)
    row = await floor.parts.database.pool.fetchrow("select exit_code, resources from attempts")
    assert row
    assert row["exit_code"] == 3
    assert "cpuSeconds" in row["resources"]


async def test_an_expression_that_fails_is_an_error(floor: Floor) -> None:
    task = await floor.task('\n  - {id: bad, type: log, message: "{{ 1 / 0 }}"}')
    assert task.state is TaskRunState.ERROR
    assert task.error and task.error.code == "EXPRESSION"


async def test_a_timeout_ends_the_attempt(floor: Floor) -> None:
    task = await floor.task("\n  - {id: slow, type: shell, run: sleep 60, timeout: 300ms}")
    assert task.state is TaskRunState.FAILED
    assert task.error and task.error.code == "TIMED_OUT"
    assert task.newest and task.newest.state is AttemptState.TIMED_OUT


async def test_a_cancel_reaches_the_processes(floor: Floor) -> None:
    id = await floor.begin(
        '\n  - {id: long, type: shell, run: "echo pid $$; setsid sleep 300 & wait"}'
    )
    pid = int((await floor.until_said(id, "pid")).text.split()[1])
    await floor.submit(id, Cancel())
    execution = await floor.until_ended(id)
    assert execution.state is ExecutionState.KILLED
    assert execution.tasks["long"].newest
    assert execution.tasks["long"].newest.state is AttemptState.KILLED
    assert look(pid) is None


async def test_a_second_cancel_leaves_no_grace(floor: Floor) -> None:
    id = await floor.begin(
        "\n  - {id: deaf, type: shell, kill_grace: 60s, "
        "run: \"trap '' TERM; echo up; while true; do sleep 0.1; done\"}"
    )
    await floor.until_said(id, "up")
    await floor.submit(id, Cancel())
    await floor.submit(id, Cancel(force=True))
    assert (await floor.until_ended(id)).state is ExecutionState.KILLED


async def test_a_void_lease_ends_the_processes_and_drops_the_result(floor: Floor) -> None:
    id = await floor.begin(
        '\n  - {id: long, type: shell, on_worker_lost: fail, run: "echo pid $$; sleep 300"}'
    )
    pid = int((await floor.until_said(id, "pid")).text.split()[1])
    await floor.parts.database.pool.execute(
        "update attempts set lease_expires_at = clock_timestamp() - interval '1 minute'"
    )
    execution = await floor.until_ended(id)
    assert execution.tasks["long"].state is TaskRunState.ERROR
    await ends(pid)


async def test_draining_hands_back_unfinished_attempts(database_url: str, data_dir: Path) -> None:
    async with open_floor(database_url, data_dir, drain_timeout=0.2) as floor:
        id = await floor.begin('\n  - {id: long, type: shell, run: "echo pid $$; sleep 300"}')
        pid = int((await floor.until_said(id, "pid")).text.split()[1])
        await floor.worker.drain()
        rows = await floor.parts.database.pool.fetch("select state from attempts")
        assert [row["state"] for row in rows] == ["LOST"]
        reasons = await floor.parts.database.pool.fetch(
            "select data::jsonb ->> 'reason' as reason from events where type = 'ATTEMPT_ENDED'"
        )
        assert [row["reason"] for row in reasons] == ["drained"]
        assert look(pid) is None
        assert (await floor.look(id)).tasks["long"].state is TaskRunState.QUEUED
        assert await workers.live_queues(floor.parts.database.pool) == frozenset()


async def test_five_drains_of_one_task_do_not_end_it(database_url: str, data_dir: Path) -> None:
    task = '  - {id: long, type: shell, run: "test $HEADWAY_ATTEMPT -gt 5 || sleep 300"}'
    async with open_floor(database_url, data_dir) as floor:
        await floor.worker.drain(0)
        id = await floor.begin(task)
        for number in range(1, 6):
            async with make_worker(floor.parts, data_dir, ("default",), 1, 0):
                await floor.until_running(id, "long")
                assert (await floor.look(id)).tasks["long"].attempt == number
        async with make_worker(floor.parts, data_dir, ("default",), 1, 0):
            ended = await floor.until_ended(id)
        long = ended.tasks["long"]
        assert (long.state, long.lost, long.handed_back) == (TaskRunState.SUCCESS, 5, 5)
        assert await invariants.verify(floor.parts.database.pool) == []


async def test_a_worker_is_listed_and_alive(floor: Floor) -> None:
    pool = floor.parts.database.pool
    (row,) = await workers.all_workers(pool)
    assert (row["name"], row["alive"], row["running"]) == (floor.worker.name, True, 0)
    assert await workers.live_queues(pool) == {"default"}


async def test_more_tasks_than_slots_all_run(floor: Floor) -> None:
    tasks = "".join(f'\n  - {{id: t{n}, type: shell, run: "echo {n}"}}' for n in range(12))
    light = "".join(f"\n  - {{id: l{n}, type: log, message: 'light {n}'}}" for n in range(40))
    execution = await floor.run(tasks + light)
    assert execution.state is ExecutionState.SUCCESS
    assert len(await floor.lines(execution.id)) == 52


async def test_ten_thousand_lines_are_complete_and_in_order(floor: Floor) -> None:
    execution = await floor.run("\n  - {id: many, type: shell, run: seq 1 10000}")
    texts = [line.text for line in await floor.lines(execution.id)]
    assert texts == [str(number) for number in range(1, 10001)]


async def test_binary_and_nul_are_shown_as_replacement_characters(floor: Floor) -> None:
    execution = await floor.run(
        "\n  - {id: odd, type: shell, run: \"printf 'a\\\\0b\\\\xffc\\\\nnext\\\\r\\\\nlast'\"}"
    )
    texts = [line.text for line in await floor.lines(execution.id)]
    assert texts == ["a\ufffdb\ufffdc", "next", "last"]


async def test_nothing_is_inherited_that_may_be_secret(
    database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_DATABASE_URL", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    async with open_floor(database_url, data_dir) as floor:
        execution = await floor.run(
            '\n  - {id: env, type: shell, run: env, env: {MINE: "{{ 1 + 1 }}"}}'
        )
        texts = [line.text for line in await floor.lines(execution.id)]
        assert [file.name for file in (data_dir / "work").glob("*/*")] == ["lock"]
    assert "MINE=2" in texts
    assert not [text for text in texts if "secret" in text]
    assert not list((data_dir / "work").iterdir())


SERVER = """
import asyncio, sys
from pathlib import Path
from tests.runner.floor import open_floor

async def main():
    async with open_floor(sys.argv[1], Path(sys.argv[2])) as floor:
        id = await floor.begin("\\n  - {id: long, type: shell, run: 'echo up; setsid sleep 300 & sleep 300'}")
        await floor.until_said(id, "up")
        print(floor.worker._services.worker_id, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_worker_killed_hard_leaves_no_process(database_url: str, data_dir: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, database_url, str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        id = (await asyncio.to_thread(process.stdout.readline)).strip()
        mark = f"HEADWAY_WORKER_ID={id}".encode()

        def left() -> list[int]:
            return [
                s.pid for s in all_processes() if not s.zombie and mark in environment_of(s.pid)
            ]

        tasks = left()
        assert len(tasks) >= 2
        process.send_signal(signal.SIGKILL)
        await ends(*tasks)
        assert left() == []
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.mark.parametrize("place", ["task_types", "requeue"])
async def test_jobs_come_again_when_a_query_between_taking_and_starting_is_cancelled(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The worker that took them must not continue to report that they are being started."""
    owner = workers if place == "task_types" else floor.parts.queue
    works, cancelled = getattr(owner, place), asyncio.Event()

    async def is_cancelled_once(*arguments: Any) -> Any:
        if not cancelled.is_set():
            cancelled.set()
            raise asyncpg.QueryCanceledError("canceling statement due to user request")
        return await works(*arguments)

    monkeypatch.setattr(owner, place, is_cancelled_once)
    kind = "log, message: hi" if place == "task_types" else "shell, run: 'true'"
    execution = await floor.run(
        f"""
  - {{id: light, type: foreach, items: "{{{{ range(80) | list }}}}", tasks: [{{id: a, type: log, message: hi}}]}}
  - {{id: each, needs: [light], type: foreach, items: "{{{{ range(80) | list }}}}", tasks: [{{id: b, type: {kind}}}]}}
"""
    )
    assert cancelled.is_set()
    assert execution.state is ExecutionState.SUCCESS
