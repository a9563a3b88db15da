"""A program that records itself with a key of its own, and is started more than once."""

import asyncio

import pytest

import headway
from headway.client import Client as Program
from tests.api.client import Client, states
from tests.api.servers import Served
from tests.api.test_recording import whole


@pytest.fixture
def program(served: Served) -> Program:
    return Program(served.url, served.token, patience=5)


async def test_one_key_is_one_execution(client: Client, program: Program) -> None:
    runs = [
        headway.execution("keyed", namespace="program", key="job-1", git_info={}, client=program)
        for _ in range(2)
    ]
    assert len({run.start().id for run in runs}) == 1
    for run in runs:
        run.finish()


async def test_a_program_with_a_key_that_runs_again_records_nothing_twice(
    client: Client, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    def work(sign: float) -> str:
        with headway.execution(
            "keyed", namespace="program", key="K-2", git_info={}, client=program
        ) as run:
            with run.task("load"):
                run.log_metric("m", sign, step=1, task="load")
            run.log_metric("n", sign)
            run.log_metric("n", sign)
            run.log_output(sign=sign)
            run.log_artifact("s3://b/keyed")
        return run.id

    id = await asyncio.to_thread(work, 1.0)
    before = await whole(client, id)
    assert (before["state"], states(before), len(before["metrics"])) == (
        "SUCCESS",
        {"load": "SUCCESS"},
        3,
    )
    assert caplog.messages == []
    assert await asyncio.to_thread(work, 2.0) == id
    assert await whole(client, id) == before
    (said,) = caplog.messages
    assert (
        f"{id} has already ended SUCCESS" in said
        and "to record another run, use a key other than" in said
    )


async def test_a_program_with_a_key_resumes_after_its_death(
    client: Client, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    """The first program never reports its end, as after a kill; its reports remain, and a task that runs again is a new
    attempt."""

    def begun() -> headway.Recording:
        run = headway.execution(
            "dying", namespace="program", key="K-3", git_info={}, client=program
        ).start()
        with run.task("load"):
            run.log_metric("m", 1.0, step=1, tags={"set": "train"}, task="load")
            run.log_metric("n", 1.0)
        return run

    first = await asyncio.to_thread(begun)
    first._thread.stop()
    second = await asyncio.to_thread(begun)
    second.log_metric("n", 2.0)
    second.log_metric("m", 2.0, step=2, tags={"set": "train"}, task="load")
    await asyncio.to_thread(second.finish)
    found = await whole(client, second.id)
    assert (second.id, found["state"], states(found)) == (first.id, "SUCCESS", {"load": "SUCCESS"})
    assert [one["number"] for one in found["taskRuns"][0]["attempts"]] == [1, 2]
    values = sorted((one["name"], one["step"], one["value"]) for one in found["metrics"])
    assert values == [("m", 1, 1.0), ("m", 2, 2.0), ("n", None, 1.0), ("n", None, 2.0)]
    assert caplog.messages == []


async def test_reporting_a_task_again_records_another_attempt(
    client: Client, program: Program
) -> None:
    with headway.execution("epochs", namespace="program", client=program) as run:
        for _ in range(3):
            with run.task("epoch"):
                pass
    found = await whole(client, run.id)
    assert (found["state"], states(found)) == ("SUCCESS", {"epoch": "SUCCESS"})
    assert [one["number"] for one in found["taskRuns"][0]["attempts"]] == [1, 2, 3]
