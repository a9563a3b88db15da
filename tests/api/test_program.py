"""The package `headway` in a program that records itself, against a real server."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import headway
from headway.client import STATES
from headway.client import Client as Program
from headway.repository import detect, without_password
from models.states import ExecutionState
from tests.api.client import Client, states
from tests.api.conftest import verify
from tests.api.servers import Served, start
from tests.api.test_recording import whole

DOCUMENT = (Path(__file__).parents[2] / "docs" / "tracking.md").read_text()


@pytest.fixture
def program(served: Served) -> Program:
    return Program(served.url, served.token, patience=5)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Creates a git repository with one commit, as the working directory."""
    for words in (
        ["init", "-q", "-b", "feature/improved-model"],
        ["remote", "add", "origin", "https://john:secret@git.example/ml.git"],
        ["-c", "user.name=J", "-c", "user.email=john.doe@example.com", "commit", "-q",
         "--allow-empty", "-m", "Improved model architecture"],
    ):  # fmt: skip
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


async def test_a_program_records_itself(client: Client, program: Program, repository: Path) -> None:
    (repository / "data.csv").write_text("a,b\n")
    (repository / "parts").mkdir()
    (repository / "parts" / "one").write_text("1")

    def work() -> str:
        with headway.execution(
            "itself", kind="train", namespace="program", params={"lr": 0.1}, labels={"team": "x"},
            client=program,
        ) as run:  # fmt: skip
            run.log_params(optimizer="adam")
            for step in range(2500):
                run.log_metric("loss", 1 / (step + 1), step=step)
            run.log_metrics({"a": 1, "b": 2}, step=0)
            run.log_dataset("data.csv")
            run.log_dataset("parts", name="the-parts")
            run.log_model("s3://models/m", properties={"f1": 0.9})
            run.log_output(accuracy=0.97)
            with run.task("score"):
                run.log_metric("accuracy", 0.97, task="score")
        return run.id

    found = await whole(client, await asyncio.to_thread(work))
    assert (found["state"], found["kind"], found["failure"]) == ("SUCCESS", "train", None)
    assert (found["inputs"], found["outputs"]) == ({"lr": 0.1}, {"accuracy": 0.97})
    assert (found["properties"], found["labels"]) == (
        {"optimizer": "adam"},
        [{"key": "team", "value": "x"}],
    )
    losses = sorted(one["step"] for one in found["metrics"] if one["name"] == "loss")
    assert losses == list(range(2500))
    assert {one["name"]: one["taskKey"] for one in found["metrics"]} == {
        "loss": None, "a": None, "b": None, "accuracy": "score",
    }  # fmt: skip
    used = {(one["name"], one["type"], one["direction"], one["size"]) for one in found["artifacts"]}
    assert used == {
        ("data.csv", "Dataset", "IN", 4),
        ("the-parts", "Dataset", "IN", 1),
        ("m", "Model", "OUT", None),
    }
    assert found["git"] == {
        "commit": detect()["commit"],
        "branch": "feature/improved-model",
        "repository": "https://git.example/ml.git",
        "author": "john.doe@example.com",
        "message": "Improved model architecture",
    }
    assert states(found) == {"score": "SUCCESS"}


@pytest.mark.parametrize(
    ("error", "state", "failure"),
    [
        (
            ValueError("the loss diverged"),
            "FAILED",
            ("ValueError", "ValueError: the loss diverged"),
        ),
        (KeyboardInterrupt(), "KILLED", ("INTERRUPTED", "interrupted")),
        (SystemExit(3), "FAILED", ("SystemExit", "3")),
        (SystemExit(0), "SUCCESS", None),
    ],
)
async def test_an_exception_ends_the_run_and_is_raised(
    client: Client,
    program: Program,
    error: BaseException,
    state: str,
    failure: tuple[str, str] | None,
) -> None:
    run = headway.execution("raising", namespace="program", client=program)
    with pytest.raises(type(error)), run:
        raise error
    found = await whole(client, run.id)
    reported = found["failure"] and (found["failure"]["code"], found["failure"]["message"])
    assert (found["state"], reported) == (state, failure)


async def test_a_task_that_raises_has_failed(client: Client, program: Program) -> None:
    run = headway.execution("tasks", namespace="program", client=program)
    with pytest.raises(OSError), run, run.task("load"):
        raise OSError("no such bucket")
    found = await whole(client, run.id)
    assert (found["state"], states(found)) == ("FAILED", {"load": "FAILED"})
    assert found["taskRuns"][0]["attempts"][0]["error"] == {
        "code": "OSError",
        "message": "OSError: no such bucket",
    }


async def test_heartbeats_come_while_it_says_nothing(client: Client, program: Program) -> None:
    """The execution outlives another with the same heartbeat timeout for which nobody sends heartbeats."""
    with headway.execution("quiet", namespace="program", heartbeat_ttl=2, client=program) as run:
        silent = headway.execution("silent", namespace="program", heartbeat_ttl=3, client=program)
        made = program.mutate("recordExecution", **silent._input)
        assert (await client.until_ended(made["execution"]["id"]))["state"] == "ERROR"
    assert (await whole(client, run.id))["state"] == "SUCCESS"


async def test_a_value_that_is_no_number_is_omitted_with_a_warning(
    client: Client, program: Program
) -> None:
    run = headway.execution("nan", namespace="program", client=program)
    with run, pytest.warns(UserWarning, match="loss is nan"):
        run.log_metric("loss", float("nan"))
        with pytest.raises(ValueError, match="loss is nan, which JSON cannot represent"):
            run.log_output(loss=float("nan"))
        with pytest.raises(
            ValueError, match=r"properties.sizes.1 is a whole number beyond 64 bits"
        ):
            run.log_params(sizes=[1, 2**64])
    found = await whole(client, run.id)
    assert (found["state"], found["metrics"], found["properties"]) == ("SUCCESS", [], {})


async def test_refusals_are_raised_with_their_problems(client: Client, program: Program) -> None:
    with pytest.raises(headway.Refused) as refused:
        headway.execution("Not A Key", namespace="program", client=program).start()
    assert [problem["path"] for problem in refused.value.problems] == [["pipeline"]]
    with (
        headway.execution("files", namespace="program", client=program) as run,
        pytest.raises(FileNotFoundError),
    ):
        run.log_dataset("is-not-there.csv")
    with pytest.raises(headway.HeadwayError, match="has not started"):
        headway.execution("early", client=program).log_params(a=1)


async def test_executions_can_be_read(client: Client, program: Program) -> None:
    with headway.execution(
        "reading-of-a-program", kind="train", namespace="program", client=program
    ) as run:
        run.log_model("s3://b/m", version="v2.3")
    with headway.execution(
        "reading-of-a-program", kind="serve", namespace="program", client=program
    ) as user:
        user.log_model("s3://b/m", version="v2.3", direction="IN")
    every = list(program.executions(pipeline="reading-of-a-program"))
    assert [one["id"] for one in every] == [user.id, run.id]
    (trained,) = program.executions(
        "reading-of-a-program", "train", namespace="program", state="SUCCESS"
    )
    assert trained["id"] == run.id
    assert list(program.executions("reading-of-a-program", state=["FAILED", "ERROR"])) == []
    (model,) = program.artifacts(run.id, "OUT")
    assert (model["name"], model["version"]) == ("m", "v2.3")
    assert list(program.artifacts(run.id, "IN")) == []
    assert [one["id"] for one in program.executions("reading-of-a-program", state="success")] == [
        user.id,
        run.id,
    ]
    with pytest.raises(
        headway.HeadwayError, match="there is no state 'DONE'; there are: CREATED, "
    ):
        list(program.executions("reading-of-a-program", state="DONE"))
    graph = program.lineage(run.id, "DOWNSTREAM")
    assert [(edge["from"], edge["to"]) for edge in graph["edges"]] == [
        (run.id, model["id"]),
        (model["id"], user.id),
    ]
    found = program.execution(run.id)
    assert found and found["artifacts"][0]["artifact"] == {"id": model["id"]}
    assert program.execution("exec_01h45ytscbebyvny4gc8cr8ma2") is None
    (pipeline,) = (one for one in program.pipelines() if one["key"] == "reading-of-a-program")
    assert pipeline == {
        "namespace": "program", "key": "reading-of-a-program", "kinds": ["serve", "train"], "executionCount": 2,
    }  # fmt: skip


async def test_the_client_finds_the_server_of_this_machine(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HEADWAY_URL", "HEADWAY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(served.data_dir))
    assert Program().url == served.url
    assert Program().pipelines() is not None
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(tmp_path))
    with pytest.raises(headway.HeadwayError, match="no server runs on"):
        Program()
    monkeypatch.setenv("HEADWAY_URL", f"{served.url}/")
    with pytest.raises(headway.HeadwayError, match="does not accept this token"):
        Program().pipelines()
    monkeypatch.setenv("HEADWAY_URL", "http://127.0.0.1:9")
    with pytest.raises(headway.Unreachable, match="does not answer"):
        Program(patience=0).pipelines()


@pytest.mark.timeout(120)
async def test_a_server_that_is_killed_meanwhile_has_everything_once(tmp_path: Path) -> None:
    served = start(tmp_path / "data")
    program = Program(served.url, served.token, patience=60)
    killed, back = threading.Event(), threading.Event()

    def work() -> str:
        with headway.execution("away", namespace="program", client=program) as run:
            run.log_metric("n", 0)
            run.log_params(before=True)
            killed.wait(30)
            for n in range(1, 50):
                run.log_metric("n", n)
            run.log_params(while_away=True)  # repeated until the server is back
            assert back.is_set()
            run.log_artifact("s3://b/a")
        return run.id

    working = asyncio.create_task(asyncio.to_thread(work))
    try:
        async with asyncio.timeout(30):
            while not list(await asyncio.to_thread(lambda: list(program.executions("away")))):
                pass
        served.kill()
        killed.set()
        back.set()
        served = start(tmp_path / "data", port=served.port)
        found = await whole(Client(served.url, served.token), await working)
        assert (found["state"], len(found["artifacts"])) == ("SUCCESS", 1)
        assert found["properties"] == {"before": True, "while_away": True}
        assert sorted(one["value"] for one in found["metrics"]) == list(range(50))
        await verify(served.database_url)
    finally:
        served.stop()


async def test_a_request_is_repeated_after_a_lost_response_and_counts_once(
    client: Client, served: Served
) -> None:
    """The first response to every request is lost after the server has executed it."""
    async with forgetful(served.port) as port:
        program = Program(f"http://127.0.0.1:{port}", served.token, patience=20)

        def work() -> str:
            with headway.execution("lossy", namespace="program", client=program) as run:
                run.log_metric("n", 1)
                run.log_metric("n", 1)
                run.log_params(a=1)
                run.log_artifact("s3://b/lossy")
            return run.id

        id = await asyncio.to_thread(work)
    found = await whole(client, id)
    assert (found["state"], found["properties"]) == ("SUCCESS", {"a": 1})
    assert (len(found["metrics"]), len(found["artifacts"])) == (2, 1)
    kinds = [event["type"] for event in found["events"]]
    assert (kinds.count("PROPERTIES_SET"), kinds.count("EXECUTION_CREATED")) == (1, 1)
    nodes = await client.post('{ executions(where: {flow: {eq: "lossy"}}) { nodes { id } } }')
    assert nodes["executions"]["nodes"] == [{"id": id}]


@asynccontextmanager
async def forgetful(port: int) -> AsyncIterator[int]:
    """A proxy to the server that loses every other response."""
    count = 0

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        lost = count % 2 == 1
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        back.write(head + body)
        answer = await there.read()  # the program requests that the connection be closed
        if not lost:
            writer.write(answer)
        for one in (writer, back):
            one.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def test_the_package_knows_every_state() -> None:
    assert set(STATES) == {state.value for state in ExecutionState}


def test_without_a_repository_git_is_null_and_passwords_are_removed(tmp_path: Path) -> None:
    assert detect(str(tmp_path)) == {}
    assert without_password("https://me:token@host/a.git") == "https://host/a.git"
    assert without_password("git@host:a.git") == "git@host:a.git"


async def test_every_example_of_the_document_runs(
    client: Client, served: Served, repository: Path
) -> None:
    (repository / "data.csv").write_text("a,b\n1,2\n")
    examples = re.findall(r"(?ms)^```python\n(.*?)^```", DOCUMENT)
    assert len(examples) == 5
    said = [await run_example(example, served, repository) for example in examples]
    again = await run_example(examples[1], served, repository, quiet=False)
    assert "has already ended SUCCESS" in again and again.count("\n") == 1
    id = said[0].split()[0]
    found = await whole(client, id)
    assert (found["state"], found["outputs"]) == ("SUCCESS", {"accuracy": 0.97})
    assert {one["name"] for one in found["artifacts"]} == {"data.csv", "model.pkl"}
    assert f"{id} -> " in said[2]
    assert "mnist-classifier ['train'] 1" in said[3]
    assert "[(0, 1.0), (1, 0.5), (2, 0.3333333333333333)]" in said[3]
    assert "2025-01-21T14:23:15.000000Z 328" in said[4]


async def run_example(source: str, served: Served, folder: Path, quiet: bool = True) -> str:
    """Returns what the program prints on stdout and, unless `silent`, on stderr."""
    env: dict[str, Any] = {**os.environ, "HEADWAY_URL": served.url, "HEADWAY_TOKEN": served.token}
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "error", "-c", source],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert not (quiet and ran.stderr)
    return str(ran.stdout + ran.stderr)
