"""Log lines of external runs: recorded, streamed, read, exported and masked like those of tasks that run here."""

import asyncio
from typing import Any

import httpx
import pytest

import headway
from headway.client import Client as Program
from runner.external import logs
from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway as command
from tests.api.test_log_stream import LOGS, digest
from tests.api.test_recording import record, refusal, report

READ = """query ($id: ID!, $task: ID, $level: LogLevel, $attempt: Int) { execution(id: $id) {
  failure { logLine } taskRuns { id key }
  logs(taskRunId: $task, minLevel: $level, attempt: $attempt) {
    totalCount { value } nodes { line at level stream text taskRunId taskKey attempt } } } }"""
LINES = [
    {"text": "begins"},
    {"text": "loading\nloaded", "taskKey": "load", "at": "2026-01-21T14:23:15Z"},
    {"text": "slow", "stream": "STDERR"},
    {"text": "no such bucket", "level": "ERROR", "stream": "STDERR", "taskKey": "load"},
    {"text": "", "level": "DEBUG"},
]


async def lines_of(client: Client, id: str, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.post(READ, id=id, **wanted))["execution"]["logs"][
        "nodes"
    ]
    return found


async def test_lines_are_read_as_others_are(client: Client, served: Served) -> None:
    id = (await record(client, "wordy", startedAt="2026-01-21T14:23:00Z"))["id"]
    await report(client, id, "recordLogs", lines=LINES)
    lines = await lines_of(client, id)
    assert [(one["line"], one["text"], one["level"], one["taskKey"]) for one in lines] == [
        (1, "begins", "INFO", None),
        (2, "loading", "INFO", "load"),
        (3, "loaded", "INFO", "load"),
        (4, "slow", "WARN", None),
        (5, "no such bucket", "ERROR", "load"),
        (6, "", "DEBUG", None),
    ]
    assert [one["at"][:19] for one in lines[1:3]] == ["2026-01-21T14:23:15"] * 2
    assert {one["taskRunId"] for one in lines} == {None}
    # The task run is reported after its lines: the lines belong to it.
    failed = {"key": "load", "state": "FAILED", "endedAt": "2026-01-21T14:24:00Z"}
    await report(client, id, "recordTaskRun", **failed)
    shown = (await client.post(READ, id=id))["execution"]
    (run,) = shown["taskRuns"]
    texts = [one["text"] for one in await lines_of(client, id, task=run["id"])]
    assert texts == ["loading", "loaded", "no such bucket"]
    assert {one["taskRunId"] for one in shown["logs"]["nodes"]} == {None, run["id"]}
    assert [one["text"] for one in await lines_of(client, id, level="ERROR")] == ["no such bucket"]
    assert shown["failure"]["logLine"] == 5
    await report(client, id, "recordLogs", lines=[{"text": "later", "taskKey": "load"}])
    (later,) = await lines_of(client, id, attempt=1)
    assert (later["text"], later["taskRunId"]) == ("later", run["id"])
    await report(client, id, "finishExecution", state="FAILED", endedAt="2026-01-21T14:25:00Z")
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {served.token}"}) as http:
        base = f"{served.url}/executions/{id}"
        exported = (await http.get(f"{base}/logs.txt")).text.splitlines()
        assert [one.split(" ", 1)[1] for one in exported[:4]] == [
            "INFO  begins", "INFO  load: loading", "INFO  load: loaded", "WARN  slow",
        ]  # fmt: skip
        of_task = (await http.get(f"{base}/logs.txt?task=load&order=task")).text
        assert of_task.count("\n") == 5 and "begins" not in of_task
        whole = (await http.get(f"{base}/record.json?logs=true")).json()
    assert [one["text"] for one in whole["logs"]][-1] == "later"
    _, said, _ = await command(served, "logs", id)
    assert [one.split(" ", 1)[1] for one in said.splitlines()[:2]] == [
        "INFO  begins", "INFO  load: loading",
    ]  # fmt: skip


async def test_recorded_lines_are_streamed_and_have_the_digest(client: Client) -> None:
    id = (await record(client, "wordy"))["id"]
    texts: list[str] = []
    async with asyncio.timeout(20), client.subscribe(LOGS, id=id) as messages:
        for n in range(3):
            await report(client, id, "recordLogs", lines=[{"text": f"line {n}"}])
            while len(texts) <= n:
                batch = (await anext(messages))["logs"]
                texts += [line["text"] for line in batch["lines"]]
        await report(client, id, "finishExecution", state="SUCCESS")
        batches = [one["logs"] async for one in messages]
    assert texts == ["line 0", "line 1", "line 2"]
    assert (batches[-1]["complete"], batches[-1]["lineCount"]) == (True, 3)
    assert batches[-1]["sha256"] == digest(texts)


async def test_a_key_adds_them_once_and_other_lines_under_it_are_refused(client: Client) -> None:
    id = (await record(client, "wordy"))["id"]
    same = {"lines": [{"text": "a"}, {"text": "b"}], "idempotencyKey": "k"}
    await asyncio.gather(*(report(client, id, "recordLogs", **same) for _ in range(4)))
    assert [one["text"] for one in await lines_of(client, id)] == ["a", "b"]
    problem = await refusal(client, id, "recordLogs", lines=[{"text": "other"}], idempotencyKey="k")
    assert problem["code"] == "IDEMPOTENCY_CONFLICT"
    for _ in range(2):
        await report(client, id, "recordLogs", lines=[{"text": "c"}])
    assert [one["text"] for one in await lines_of(client, id)] == ["a", "b", "c", "c"]


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ([{"text": "x", "at": "2999-01-01T00:00:00Z"}], "at"),
        ([{"text": "x", "at": "1969-01-01T00:00:00Z"}], "at"),
        ([{"text": "x", "taskKey": "A B"}], "taskKey"),
        ([{"text": "x", "attempt": 0}], "attempt"),
        ([{"text": "x"}] * 5001, "lines"),
    ],
)
async def test_lines_that_cannot_be_are_refused_and_none_is_kept(
    client: Client, lines: list[dict[str, Any]], path: str
) -> None:
    id = (await record(client, "wordy"))["id"]
    problem = await refusal(client, id, "recordLogs", lines=[{"text": "fine"}, *lines])
    assert (problem["code"], problem["path"]) == ("VALIDATION", [path])
    assert await lines_of(client, id) == []


async def test_a_log_has_an_end(client: Client, served: Served) -> None:
    import asyncpg

    from models.ids import untyped

    id = (await record(client, "wordy"))["id"]
    connection = await asyncpg.connect(served.database_url)
    try:
        head = "insert into log_heads (execution_id, lines) values ($1, $2)"
        await connection.execute(head, untyped("exec", id), logs.MOST - 1)
        problem = await refusal(client, id, "recordLogs", lines=[{"text": "a\nb"}])
        assert problem["code"] == "PAYLOAD_TOO_LARGE"
        assert "at most 1000000 lines; it has 999999, and this call adds 2" in problem["message"]
        await report(client, id, "recordLogs", lines=[{"text": "a"}])
        # The invariant checker must not look for lines that do not exist.
        await connection.execute(
            "delete from log_heads where execution_id = $1", untyped("exec", id)
        )
        await connection.execute("delete from logs where execution_id = $1", untyped("exec", id))
        await connection.execute(
            "delete from log_blocks where execution_id = $1", untyped("exec", id)
        )
    finally:
        await connection.close()


async def test_secrets_of_the_namespace_are_masked(client: Client) -> None:
    save = """mutation ($input: SaveSecretInput!) { saveSecret(input: $input) { problems { message } } }"""
    for namespace, value in (
        ("logs", "hunter2-of-all"),
        ("logs.a", 'own-"quoted"'),
        ("other", "not-ours-4711"),
    ):
        input = {"namespace": namespace, "name": "KEY", "value": value}
        assert (await client.post(save, input=input))["saveSecret"]["problems"] == []
    id = (await record(client, "wordy", namespace="logs.a"))["id"]
    text = 'a hunter2-of-all b\nc own-"quoted" d\n' + "x" * 32_760 + "hunter2-of-all not-ours-4711"
    await report(client, id, "recordLogs", lines=[{"text": text}])
    texts = "\n".join(one["text"] for one in await lines_of(client, id))
    assert texts.startswith("a **** b\nc **** d\n") and "not-ours-4711" in texts
    assert not [part for part in ("hunter2", "own-", "quoted") if part in texts]


def test_a_program_logs_in_batches_that_fit(client: Client, served: Served) -> None:
    program = Program(served.url, served.token, patience=5)
    with headway.execution("logging", namespace="program", git_info={}, client=program) as run:
        for n in range(1500):
            run.log(f"line {n}")
        run.log("careful\nvery", "warn", task="fit")
        run.log("é\ud800" * 20_000)
        run.log("n" * 400_000)
        with pytest.raises(ValueError, match="there is no level 'LOUD'; there are: TRACE, DEBUG"):
            run.log("x", "LOUD")
    lines = list(program.logs(run.id))
    assert [one["text"] for one in lines[:1500]] == [f"line {n}" for n in range(1500)]
    assert [(one["text"], one["level"], one["taskKey"]) for one in lines[1500:1502]] == [
        ("careful", "WARN", "fit"), ("very", "WARN", "fit"),
    ]  # fmt: skip
    rest = "".join(one["text"] for one in lines[1502:])
    assert rest == "é?" * 20_000 + "n" * 400_000
    assert list(program.logs("exec_01h45ytscbebyvny4gc8cr8ma2")) == []
