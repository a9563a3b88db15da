"""Killed processes are detected and their work is retried: real kills of real processes."""

import asyncio
import signal
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from models.ids import untyped
from tests.api.client import ENDS, Client, states, task
from tests.api.conftest import verify
from tests.api.servers import Served, serving, start, start_worker
from tests.api.test_frozen_worker import rows
from tests.semantics.marks import Marks
from tests.semantics.scene import acted, child_of, flow

TEN = """id: ten
namespace: faults
tasks:
  - {{id: first, type: log, message: one}}
  - id: middle
    type: shell
    needs: [first]
    run: |
      echo $HEADWAY_ATTEMPT
      until [ -e {go} ]; do sleep 0.02; done
  - {{id: pause, type: wait, duration: 1s, needs: [first]}}
  - {{id: last, type: return, needs: [middle, pause], outputs: {{done: true}}}}
outputs: {{done: "{{{{ outputs.last.done }}}}"}}
"""


@pytest.mark.timeout(120)
async def test_a_server_killed_in_the_middle_of_ten_executions_finishes_all_ten(
    tmp_path: Path,
) -> None:
    go = tmp_path / "go"
    served = start(tmp_path / "data")
    client = served.client
    await client.save(TEN.format(go=go))
    ids = [(await client.create("faults/ten", idempotencyKey=f"k{n}"))["id"] for n in range(10)]
    for id in ids:
        await client.until(id, middle="RUNNING")
    cursor, seen = await _some_events(client, ids[0])
    children = psutil.Process(served.process.pid).children(recursive=True)
    children = [one for one in children if not _is_of_postgres(one)]
    served.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive, "no child process is left"

    served = start(tmp_path / "data", port=served.port)
    client = Client(served.url, served.token, timeout=60)
    try:
        again = [
            (await client.create("faults/ten", idempotencyKey=f"k{n}"))["id"] for n in range(10)
        ]
        assert again == ids, "the keys still name the same executions"
        go.touch()
        ended = [await client.until_ended(id) for id in ids]
        assert [one["state"] for one in ended] == ["SUCCESS"] * 10
        assert all(one["outputs"] == {"done": True} for one in ended)
        assert {one["state"] for one in task(ended[0], "middle")["attempts"]} == {"LOST", "SUCCESS"}
        rest = [event["seq"] async for event in client.events(ids[0], after=cursor)]
        assert seen + rest == list(range(1, ended[0]["seq"] + 1))
        await verify(served.database_url)
    finally:
        served.stop()


def _is_of_postgres(process: psutil.Process) -> bool:
    try:
        return "postgres" in process.name()
    except psutil.NoSuchProcess:
        return True  # gone already: a task's processes stay until they are killed


async def _some_events(client: Client, id: str) -> tuple[int, list[int]]:
    seen: list[int] = []
    async with aclosing(client.events(id)) as events:
        async for event in events:
            seen.append(event["seq"])
            if event["type"] == "ATTEMPT_STARTED" and event["taskRun"]["key"] == "middle":
                break
    return seen[-1], seen


HELD = """id: held
namespace: faults
tasks:
  - id: hold
    type: shell
    queue: heavy
    run: |
      echo "attempt $HEADWAY_ATTEMPT"
      if [ $HEADWAY_ATTEMPT -gt 1 ]; then exit 0; fi
      for said in '{"output": {"rows": 3}}' '{"property": {"lr": 0.5}}' '{"progress": 0.5}'; do
        echo "$said" >&"$HEADWAY_FD"
      done
      while true; do sleep 1; done
  - {id: after, type: return, needs: [hold], outputs: {saw: "{{ outputs.hold }}"}}
"""
LEASE, NOTICED_WITHIN, AGAIN_WITHIN = (timedelta(seconds=seconds) for seconds in (10, 12, 15))
"""Seconds from a worker's last heartbeat until its attempt may be lost, until it is, and until the next has begun."""
NOISE = timedelta(seconds=6)
"""Seconds by which the servers of a busy machine may be late, each time."""
ATTEMPTS = """select started_at, ended_at, lease_expires_at, lease_expires_at - clock_timestamp() as left
  from attempts where task_run_id = (select id from task_runs where execution_id = $1 and path = 'hold')
  order by number"""
WORKERS = "select count(*) from workers where stopped_at is null and queues @> '[\"heavy\"]'"
SAID = """properties taskRuns { key progress outputs attempts { number outputs properties progress } }"""


@pytest.mark.timeout(120)
async def test_a_worker_killed_while_it_runs_is_noticed_and_its_task_run_again(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data") as served:
        client = served.client
        await client.save(HELD)
        id = (await client.create("faults/held"))["id"]
        waiting = await client.post(
            "query ($id: ID!) { execution(id: $id) { waitingFor { code message } } }", id=id
        )
        assert "no live worker on queue heavy" in waiting["execution"]["waitingFor"][0]["message"]
        worker = start_worker(tmp_path / "data", "--queue", "heavy")
        await _until_said(client, id)
        second = start_worker(tmp_path / "data", "--queue", "heavy")
        try:
            await _until_two_work(served)
            (running,) = await rows(served.database_url, ATTEMPTS, untyped("exec", id))
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            ended = await client.until_ended(id)
            assert [one["state"] for one in task(ended, "hold")["attempts"]] == ["LOST", "SUCCESS"]
            gone, again = await rows(served.database_url, ATTEMPTS, untyped("exec", id))
            assert running["left"] <= LEASE
            assert gone["ended_at"] - gone["lease_expires_at"] <= NOTICED_WITHIN - LEASE + NOISE
            assert again["started_at"] - gone["ended_at"] <= AGAIN_WITHIN - NOTICED_WITHIN + NOISE
            said = (
                await client.post(f"query ($id: ID!) {{ execution(id: $id) {{ {SAID} }} }}", id=id)
            )["execution"]
            assert said["properties"] == {}
            hold, after = said["taskRuns"]
            lost = {"number": 1, "outputs": {"rows": 3}, "properties": {"lr": 0.5}, "progress": 0.5}
            nothing = {"number": 2, "outputs": {}, "properties": {}, "progress": None}
            assert hold == {
                "key": "hold",
                "progress": 1.0,
                "outputs": {},
                "attempts": [lost, nothing],
            }
            assert after["outputs"] == {"saw": {}}, (
                "nothing of the lost attempt reaches another task"
            )
            await verify(served.database_url)
        finally:
            second.terminate()
            assert second.wait(40) == 0


async def _until_two_work(served: Served) -> None:
    """Seconds to start a server, which the guaranteed times do not include."""
    async with asyncio.timeout(60):
        while (await rows(served.database_url, WORKERS))[0]["count"] < 2:
            pass


async def _until_said(client: Client, id: str) -> None:
    """Waits until the running attempt's outputs, properties and progress are shown."""
    query = f"subscription ($id: ID!) {{ execution(id: $id) {{ {SAID} }} }}"
    async with client.subscribe(query, id=id) as messages:
        async for data in messages:
            said = data["execution"]
            (hold,) = [run for run in said["taskRuns"] if run["key"] == "hold"]
            shown = (hold["outputs"], said["properties"], hold["progress"])
            if shown == ({"rows": 3}, {"lr": 0.5}, 0.5):
                return
    raise AssertionError("it ended before it said so")


@pytest.mark.timeout(120)
async def test_a_frozen_worker_that_wakes_up_is_fenced_and_its_result_refused(
    tmp_path: Path,
) -> None:
    go = tmp_path / "go"
    source = HELD.replace("while true; do sleep 1; done", f"until [ -e {go} ]; do sleep 0.02; done")
    with serving(tmp_path / "data") as served:
        client = served.client
        await client.save(source)
        id = (await client.create("faults/held"))["id"]
        frozen = start_worker(tmp_path / "data", "--queue", "heavy")
        await client.until(id, hold="RUNNING")
        frozen.send_signal(signal.SIGSTOP)
        go.touch()
        second = start_worker(tmp_path / "data", "--queue", "heavy")
        try:
            ended = await client.until_ended(id)
            frozen.send_signal(signal.SIGCONT)
            assert states(ended) == {"hold": "SUCCESS", "after": "SUCCESS"}
            assert [one["state"] for one in task(ended, "hold")["attempts"]] == ["LOST", "SUCCESS"]
        finally:
            frozen.send_signal(signal.SIGCONT)
            for worker in (frozen, second):
                worker.terminate()
                assert worker.wait(40) == 0
        after = await client.show(id)
        assert (after["state"], states(after)) == (
            "SUCCESS",
            {"hold": "SUCCESS", "after": "SUCCESS"},
        )
        await verify(served.database_url)


@pytest.mark.timeout(120)
async def test_a_stopped_server_drains(tmp_path: Path) -> None:
    served = start(tmp_path / "data", "--drain-timeout", "20")
    client = served.client
    source = "id: brief\nnamespace: faults\ntasks: [{id: a, type: shell, run: sleep 1}]\n"
    id = (await client.run(source))["id"]
    await client.until(id, a="RUNNING")
    assert await asyncio.to_thread(served.stop) == 0
    assert not (served.data_dir / "server.json").exists()
    served = start(tmp_path / "data")
    try:
        ended = await served.client.until_ended(id)
        assert [one["state"] for one in task(ended, "a")["attempts"]] == ["SUCCESS"]
    finally:
        served.stop()


@pytest.mark.timeout(120)
async def test_a_killed_postgresql_restarts_and_work_continues(tmp_path: Path) -> None:
    source = "id: twice\nnamespace: faults\ntasks:\n  - {id: a, type: shell, run: sleep 3}\n"
    with serving(tmp_path / "data") as served:
        client = served.client
        id = (await client.run(source + "  - {id: b, type: shell, run: echo, needs: [a]}\n"))["id"]
        await client.until(id, a="RUNNING")
        pid = int((tmp_path / "data/pg/data/postmaster.pid").read_text().split()[0])
        psutil.Process(pid).kill()
        ended = await _patiently(client, id)
        assert ended["state"] == "SUCCESS"
        again = await client.create("faults/twice")
        assert (await client.until_ended(again["id"]))["state"] == "SUCCESS"
        assert served.process.poll() is None
        await verify(served.database_url)


async def _patiently(client: Client, id: str) -> dict[str, Any]:
    """Repeats the request while the database is unreachable; every refusal says so and none is a bug."""
    async with asyncio.timeout(60):
        while True:
            answer = await client.answer("query ($id: ID!) { execution(id: $id) { state } }", id=id)
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert codes <= {"UNAVAILABLE"}, answer
            if not codes and answer["data"]["execution"]["state"] in ENDS:
                return await client.show(id)


async def test_an_occupied_port_is_reported_and_the_exit_code_is_3(
    served: Served, tmp_path: Path
) -> None:
    code, output = await _headway("serve", "--port", str(served.port), "--data-dir", str(tmp_path))
    assert code == 3
    assert "cannot listen" in output and "--port" in output


async def test_an_unreachable_database_is_reported_and_the_exit_code_is_4(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    code, output = await _headway(
        "serve", "--port", "0", "--data-dir", str(tmp_path), "--database-url", url
    )
    assert code == 4
    assert "PostgreSQL" in output and "Traceback" not in output


async def _headway(*arguments: str) -> tuple[Any, str]:
    from tests.api.servers import HEADWAY

    process = await asyncio.create_subprocess_exec(
        HEADWAY, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("depth", [1, 3])
async def test_a_parent_outlives_its_child_though_the_worker_of_that_is_killed(
    tmp_path: Path, depth: int
) -> None:
    """Attempts that are cancelled or time out with a retry: none begins before the worker's death is detected."""
    marks = Marks(tmp_path)
    with serving(tmp_path / "data") as served:
        client = served.client
        for source in (marks.leaf("leaf", "heavy"), *marks.ancestors("top", "leaf", depth)):
            await client.save(source)
        below = "leaf" if depth == 1 else "top-1"
        sub = "  - {{id: sub, type: subflow, flow: {}, {}}}\n"
        retry = "timeout: 5s, retry: {max_attempts: 30, delay: 0s}"  # as the second worker takes its time
        tidy = f"finally: [{marks.task('tidy')}]\n"
        worker = start_worker(tmp_path / "data", "--queue", "heavy")
        ready = flow("ready", "  - {id: a, type: log, message: ready, queue: heavy}\n")
        await client.until_ended((await client.run(ready))["id"])
        late = (await client.run(flow("late", sub.format(below, retry))))["id"]
        stopped = (await client.run(flow("stopped", sub.format(below, "wait: true"), tidy)))["id"]
        leaves = [await _leaf(client, id, depth) for id in (late, stopped)]
        for leaf in leaves:
            await client.until(leaf, work="RUNNING")
        await marks.more()
        await acted(client, "cancelExecution", id=stopped)
        for leaf in leaves:
            await client.until(leaf, work="KILLING")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        marks.release()
        second = start_worker(tmp_path / "data", "--queue", "heavy")
        try:
            assert (await client.until_ended(stopped))["state"] == "KILLED"
            again = await client.until_ended(late)
            assert again["state"] == "SUCCESS"
            assert len(task(again, "sub")["attempts"]) > 1
            turns = marks.turns()
            of_children = [at for at, who in enumerate(turns) if who in turns[:2]]
            assert turns.index("tidy") > max(of_children), turns
            assert len({who for who in turns if who.startswith("work-")}) == 3
            await verify(served.database_url)
        finally:
            second.terminate()
            assert second.wait(40) == 0


async def _leaf(client: Client, id: str, depth: int) -> str:
    for _ in range(depth):
        id = await child_of(client, id)
    return id
