"""The effects of each task type, in a real worker."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from models.payloads import MAX_PAYLOAD
from models.spec.tasks import TASK_CLASSES
from models.states import ExecutionState, TaskRunState
from runner.executors import BUILT_IN, load_executors
from runner.executors.http import MAX_BODY
from runner.store.json import load
from tests.runner.floor import Floor, open_floor


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


def test_every_task_type_has_an_executor_or_is_the_engines() -> None:
    assert set(BUILT_IN) | {"wait", "approval", "subflow", "foreach"} == set(TASK_CLASSES)
    assert set(load_executors()) >= set(BUILT_IN)


async def test_a_python_script_has_its_args_and_says_things(floor: Floor) -> None:
    execution = await floor.run(
        """
  - id: train
    type: python
    args: {epochs: "{{ 1 + 2 }}", name: "it's"}
    script: |
      import headway
      assert headway.args == {"epochs": 3, "name": "it's"}, headway.args
      for epoch in range(headway.args["epochs"]):
          headway.metric("loss", 1 / (epoch + 1), step=epoch, tags={"set": "train"})
          headway.progress((epoch + 1) / 3, f"epoch {epoch + 1}/3")
      headway.output(loss=0.3)
      headway.property(best=True)
      headway.label(**{"model/kind": "small"})
"""
    )
    task = execution.tasks["train"]
    assert task.state is TaskRunState.SUCCESS
    assert task.outputs == {"loss": 0.3}
    assert task.message == "epoch 3/3"
    assert execution.properties == {"best": True}
    assert execution.labels["model/kind"] == "small"
    rows = await floor.parts.database.pool.fetch("select * from metrics order by step")
    assert [(r["name"], r["value"], r["kind"], r["step"]) for r in rows] == [
        ("loss", 1 / (step + 1), "gauge", step) for step in range(3)
    ]
    assert load(rows[0]["tags"]) == {"set": "train"}


async def test_a_python_call_returns_its_outputs(floor: Floor) -> None:
    task = await floor.task(
        '\n  - {id: call, type: python, call: "json:loads", args: {s: \'{"a": [1, 2]}\'}}'
    )
    assert task.outputs == {"a": [1, 2]}


async def test_a_call_that_returns_no_dict_is_refused(floor: Floor) -> None:
    task = await floor.task('\n  - {id: call, type: python, call: "math:sqrt", args: {}}')
    assert task.error and "TypeError" in task.error.message
    task = await floor.task('\n  - {id: call, type: python, call: "os:getcwd"}')
    assert task.error and (task.error.code, task.error.message) == (
        "INVALID_OUTPUT",
        "os:getcwd returned str; a task returns a dict of outputs or None",
    )


async def test_artifacts_are_kept_and_named_in_the_outputs(floor: Floor) -> None:
    execution = await floor.run(
        """
  - id: extract
    type: shell
    run: |
      printf 'a,b\\n1,2\\n' > orders.csv
      mkdir parts; echo x > parts/one.txt; echo y > parts/two.txt
    artifacts: [{path: orders.csv, type: Dataset}, {path: "parts/*.txt"}]
  - id: load
    type: log
    needs: [extract]
    message: "{{ outputs.extract.artifacts['orders.csv'].uri }}"
"""
    )
    assert execution.state is ExecutionState.SUCCESS
    kept = execution.tasks["extract"].outputs["artifacts"]
    assert sorted(kept) == ["orders.csv", "parts/one.txt", "parts/two.txt"]
    content = Path(urlsplit(kept["orders.csv"]["uri"]).path).read_bytes()
    assert content == b"a,b\n1,2\n"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert kept["orders.csv"]["digest"] == digest
    row = await floor.parts.database.pool.fetchrow(
        "select a.*, u.direction from artifacts a join artifact_uses u on u.artifact_id = a.id "
        "where name = 'orders.csv'"
    )
    assert row
    assert (row["type"], row["size"], row["digest"], row["direction"], row["namespace"]) == (
        ("Dataset", 8, digest, "OUT", "acme")
    )
    assert row["version"] == digest.removeprefix("sha256:")[:12]
    (line,) = await floor.lines(execution.id)
    assert line.text == kept["orders.csv"]["uri"]


@pytest.mark.parametrize(
    ("path", "script", "sentence"),
    [
        ("none.csv", "true", "artifact 'none.csv' does not exist"),
        ("*.csv", "true", "no file matches artifact '*.csv'"),
        ("/etc/passwd", "true", "artifact '/etc/passwd' leads out of the working directory"),
        (
            "../messages.jsonl",
            "true",
            "artifact '../messages.jsonl' leads out of the working directory",
        ),
        ("link", "ln -s /etc/passwd link", "artifact 'link' leads out of the working directory"),
        ("l*", "ln -s /etc/passwd link", "artifact 'link' leads out of the working directory"),
        ("folder", "mkdir folder", "artifact 'folder' is a folder"),
    ],
)
async def test_only_files_in_the_work_folder_become_artifacts(
    floor: Floor, path: str, script: str, sentence: str
) -> None:
    task = await floor.task(
        f'\n  - {{id: make, type: shell, run: "{script}", artifacts: [{{path: "{path}"}}]}}'
    )
    assert task.state is TaskRunState.FAILED
    assert task.error and (task.error.code, task.error.message) == ("ARTIFACT", sentence)
    assert await floor.parts.database.pool.fetchval("select count(*) from artifacts") == 0


async def test_an_artifact_elsewhere_is_named_only(floor: Floor) -> None:
    await floor.task(
        """
  - id: use
    type: python
    script: |
      import headway
      headway.artifact(uri="s3://lake/orders/7.parquet", type="Dataset", version="7", direction="IN")
"""
    )
    row = await floor.parts.database.pool.fetchrow(
        "select a.*, u.direction from artifacts a join artifact_uses u on u.artifact_id = a.id"
    )
    assert row
    assert (row["name"], row["uri"], row["version"], row["direction"], row["digest"]) == (
        ("7.parquet", "s3://lake/orders/7.parquet", "7", "IN", None)
    )


async def test_grandchildren_say_things_by_the_file(floor: Floor) -> None:
    task = await floor.task(
        """
  - id: parent
    type: python
    script: |
      import subprocess, sys
      subprocess.run([sys.executable, "-c", "import headway; headway.output(by='grandchild')"], check=True)
      subprocess.run(["sh", "-c", 'echo "{\\\\"output\\\\": {\\\\"also\\\\": 1}}" >> "$HEADWAY_FILE"'], check=True)
"""
    )
    assert task.outputs == {"by": "grandchild", "also": 1}


async def test_a_malformed_message_is_a_warning_and_no_loss(floor: Floor) -> None:
    execution = await floor.run(
        """
  - id: odd
    type: shell
    run: |
      echo 'not json' >&"$HEADWAY_FD"
      echo '{"progress": 7}' >&"$HEADWAY_FD"
      printf '{"output": {"last": true}}' >&"$HEADWAY_FD"
"""
    )
    assert execution.tasks["odd"].outputs == {"last": True}
    texts = [line.text for line in await floor.lines(execution.id)]
    assert len(texts) == 2
    assert texts[0].startswith("message not understood: it is not valid JSON")
    assert "progress" in texts[1]


async def test_outputs_have_a_limit(floor: Floor) -> None:
    task = await floor.task(
        """
  - id: big
    type: python
    script: |
      import headway
      headway.output(a="x" * 600_000)
      headway.output(b="x" * 600_000)
"""
    )
    assert task.state is TaskRunState.FAILED
    assert task.error and task.error.code == "PAYLOAD_TOO_LARGE"


async def test_a_daemon_with_the_pipe_blocks_nobody(floor: Floor) -> None:
    task = await floor.task(
        '\n  - {id: daemon, type: shell, run: "setsid sleep 300 & disown; echo started"}'
    )
    assert task.state is TaskRunState.SUCCESS


async def test_an_interpreter_of_ones_own(floor: Floor) -> None:
    execution = await floor.run(
        "\n  - {id: perl, type: shell, interpreter: /bin/sh -x, run: 'echo hi'}"
    )
    assert "hi" in [line.text for line in await floor.lines(execution.id)]
    task = await floor.task("\n  - {id: none, type: shell, interpreter: /no/such, run: 'echo hi'}")
    assert task.error and task.error.code == "NOT_STARTED"


async def test_a_fail_task_fails_with_its_message(floor: Floor) -> None:
    task = await floor.task('\n  - {id: no, type: fail, message: "because {{ 1 + 1 }}"}')
    assert task.error and (task.error.code, task.error.message) == ("FAILED", "because 2")


@asynccontextmanager
async def answering(*statuses: int) -> AsyncIterator[tuple[str, list[str]]]:
    """Runs a web server that answers with these statuses in turn and repeats the last one; yields its URL and the
    requests."""
    left, requests = list(statuses), []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        status = left.pop(0) if len(left) > 1 else left[0]
        body = json.dumps({"n": len(requests)})
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"connection: close\r\n\r\n{body}".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", requests


async def test_http_gives_status_headers_and_body(floor: Floor) -> None:
    async with answering(201) as (url, requests):
        task = await floor.task(
            f'\n  - {{id: get, type: http, method: POST, url: "{url}/x", json: {{a: 1}}, '
            'params: {q: "{{ 1 + 1 }}"}}'
        )
    assert task.outputs["status"] == 201
    assert task.outputs["body"] == {"n": 1}
    assert task.outputs["headers"]["content-type"] == "application/json"
    assert requests[0].startswith("POST /x?q=2 ")


async def test_http_tries_again_while_the_server_cannot(floor: Floor) -> None:
    async with answering(503, 200) as (url, requests):
        task = await floor.task(f'\n  - {{id: get, type: http, url: "{url}"}}')
    assert (task.state, len(requests)) == (TaskRunState.SUCCESS, 2)


async def test_http_expects_a_status(floor: Floor) -> None:
    async with answering(404) as (url, _):
        task = await floor.task(f'\n  - {{id: get, type: http, url: "{url}"}}')
        assert task.error and task.error.code == "HTTP_STATUS"
        assert task.error.message == f"GET {url} answered 404; expected 2xx"
        assert (await floor.set_aside(task))["status"] == 404
        task = await floor.task(
            f'\n  - {{id: get, type: http, url: "{url}", expect_status: [200, 404]}}'
        )
        assert task.state is TaskRunState.SUCCESS


async def test_http_without_a_server_is_a_clear_failure(floor: Floor) -> None:
    task = await floor.task('\n  - {id: get, type: http, url: "http://127.0.0.1:9/"}')
    assert task.error and task.error.code == "HTTP_UNREACHABLE"
    task = await floor.task('\n  - {id: get, type: http, url: "no url"}')
    assert task.error and task.error.code == "HTTP_ERROR"


@asynccontextmanager
async def answering_with(status: int, head: str, body: bytes) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\nconnection: close\r\n\r\n".encode() + body)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_http_keeps_an_object_with_invalid_text_and_warns(floor: Floor) -> None:
    body = b'{"half": "a\\ud800", "rate": NaN, "n": 18446744073709551616}'
    async with answering_with(200, "content-type: application/json", body) as url:
        execution = await floor.run(f'\n  - {{id: get, type: http, url: "{url}"}}')
    outputs = execution.tasks["get"].outputs
    assert outputs["body"] == {"half": "a\ufffd", "rate": "NaN", "n": "18446744073709551616"}
    (line,) = await floor.lines(execution.id)
    assert "U+FFFD" in line.text


async def test_http_reads_an_unknown_charset_as_utf_8(floor: Floor) -> None:
    async with answering_with(
        200, "content-type: text/plain; charset=x-none", "\u4e2d".encode()
    ) as url:
        task = await floor.task(f'\n  - {{id: get, type: http, url: "{url}"}}')
    assert task.outputs["body"] == "\u4e2d"


@pytest.mark.parametrize("size", [MAX_PAYLOAD, MAX_BODY + 1])
async def test_http_reports_a_wrong_status_before_a_body_that_is_too_large(
    floor: Floor, size: int
) -> None:
    async with answering_with(404, "content-type: text/plain", b"x" * size) as url:
        task = await floor.task(f'\n  - {{id: get, type: http, url: "{url}"}}')
    assert task.error and task.error.code == "HTTP_STATUS"
    status, _, body = task.error.message.partition("; besides ")
    assert status.endswith("answered 404; expected 2xx")
    assert body.startswith("PAYLOAD_TOO_LARGE: GET ")
    outputs = await floor.set_aside(task)
    assert (outputs["status"], "body" in outputs) == (404, False)
