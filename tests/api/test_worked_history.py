"""The tasks that ML tracking tools document for their page of runs, on an imported history of last year: through the
API, the command line and the client."""

import asyncio
import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

import headway
from headway.client import Client as Program
from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway as command

GIT = {"branch": "feature/improved-model", "author": "john.doe@example.com"}
RATES = {7: 0.1, 14: 0.01, 21: 0.001}
"""The successful trainings, by the day of January 2025."""
BAD = 28


@dataclass
class Imported:
    namespace: str
    program: Program
    trained: dict[int, str]
    tested: dict[int, str]
    failed: str

    @property
    def search(self) -> str:
        return f"namespace:{self.namespace} pipeline:mnist-classifier"


def at(day: int, minute: int, second: int = 0) -> datetime:
    return datetime(2025, 1, day, 14, minute, second, tzinfo=UTC)


def train(program: Program, namespace: str, day: int, rate: float) -> str:
    """Records a training: prepared data in, a model out; an error for the bad rate."""
    bad = rate >= 1
    run = headway.execution(
        "mnist-classifier", kind="train", namespace=namespace, name=f"train_model_{day}",
        params={"epochs": 3}, properties={"learning_rate": rate, "optimizer": "adam"},
        git_info={**GIT, "commit": "ffff0000" if bad else "a3f9e2b7"},
        created_at=at(day, 0, 10), started_at=at(day, 0, 15), client=program,
    ).start()  # fmt: skip
    run.log_dataset("s3://bucket/train.csv", version="v1.3" if bad else "v1.2", task="load")
    with run.task("load", started_at=at(day, 0, 15), ended_at=at(day, 0, 45)):
        run.log("loading", task="load", at=at(day, 0, 16))
    for step in (1, 2, 4):
        run.log_metric("loss", rate / step, step=step, task="fit", at=at(day, step))
    if bad:
        run.log("Traceback: loss is nan", "ERROR", task="fit", at=at(day, 9))
        error = {"code": "FloatingPointError", "message": "loss is nan"}
        run.finish("FAILED", error, ended_at=at(day, 10))
    else:
        run.log_model("s3://bucket/model.pkl", version=f"v2.{day}")
        run.finish(ended_at=at(day, 10) + timedelta(minutes=day))
    return run.id


def evaluate(program: Program, namespace: str, day: int) -> str:
    """Records a run of another kind, which is short."""
    with headway.execution(
        "mnist-classifier", kind="test", namespace=namespace, git_info=GIT,
        started_at=at(day, 50), ended_at=at(day, 50, 20), client=program,
    ) as run:  # fmt: skip
        run.log_model("s3://bucket/model.pkl", version=f"v2.{day}", direction="IN")
    return run.id


def imported(served: Served) -> Imported:
    """Records the history in an order that is not that of its times."""
    namespace = f"worked.h{uuid4().hex[:8]}"
    program = Program(served.url, served.token, patience=5)
    failed = train(program, namespace, BAD, 10)
    trained = {day: train(program, namespace, day, RATES[day]) for day in (14, 21, 7)}
    tested = {day: evaluate(program, namespace, day) for day in (21, 7, 14, BAD)}
    return Imported(namespace, program, trained, tested, failed)


@pytest.fixture
async def history(served: Served) -> Imported:
    return await asyncio.to_thread(imported, served)


async def test_debug_a_failed_execution(client: Client, served: Served, history: Imported) -> None:
    january = f"{history.search} date:2025-01-01 TO 2025-01-31"
    # The most recent failed one: client, API and command line agree.
    failed = await asyncio.to_thread(
        lambda: list(history.program.executions("mnist-classifier", state="FAILED", search=january))
    )
    assert [one["id"] for one in failed] == [history.failed]
    code, output, _ = await command(served, "ls", f"{january} status:failed", "--json")
    assert (code, [one["id"] for one in json.loads(output)]) == (0, [history.failed])
    # Properties, input artifacts, git; the log; the duration.
    shown = await asyncio.to_thread(history.program.execution, history.failed)
    assert shown
    assert shown["properties"] == {"learning_rate": 10, "optimizer": "adam"}
    assert shown["git"]["commit"] == "ffff0000"
    (data,) = [one for one in shown["artifacts"] if one["direction"] == "IN"]
    assert (data["name"], data["version"], data["taskKey"]) == ("train.csv", "v1.3", "load")
    assert (shown["createdAt"], shown["endedAt"], shown["duration"]) == (
        "2025-01-28T14:00:10.000000Z", "2025-01-28T14:10:00.000000Z", 585,
    )  # fmt: skip
    lines = await asyncio.to_thread(lambda: list(history.program.logs(history.failed)))
    assert [(one["at"], one["level"], one["taskKey"], one["text"]) for one in lines] == [
        ("2025-01-28T14:00:16.000000Z", "INFO", "load", "loading"),
        ("2025-01-28T14:09:00.000000Z", "ERROR", "fit", "Traceback: loss is nan"),
    ]
    code, output, _ = await command(served, "show", history.failed)
    assert code == 0 and "loss is nan" in output
    # The previous success: the training before, not the short test between them.
    assert shown["lastSuccess"] == shown["previous"] == {"id": history.trained[21]}
    assert shown["durationStats"] == {
        "count": 3, "p50": (10 + 14) * 60 - 15, "p95": pytest.approx((10 + 20.3) * 60 - 15),
    }  # fmt: skip
    code, output, _ = await command(
        served, "compare", shown["lastSuccess"]["id"], history.failed, "--json"
    )
    found = json.loads(output)
    assert {one["key"] for one in found["properties"] if one.get("values")} == {"learning_rate"}


async def test_compare_training_runs(client: Client, served: Served, history: Imported) -> None:
    search = f"{history.search} execution_type:train".replace("execution_type", "kind")
    query = """query ($search: String) { executions(search: $search, orderBy: STARTED_ASC) { nodes { id } } }"""
    nodes = (await client.post(query, search=f"{search} status:completed"))["executions"]["nodes"]
    ids = [node["id"] for node in nodes]
    assert ids == [history.trained[day] for day in (7, 14, 21)]
    query = """query ($ids: [ID!]!) { compareExecutions(ids: $ids) {
      properties { key differs values { value } } durations { key values { value } }
      metrics { name values { value points { step elapsed } } } artifacts { name direction differs }
      states { steps { state at lasted } } tasks { key values { duration } } } }"""
    found = (await client.post(query, ids=ids))["compareExecutions"]
    rates = [one for one in found["properties"] if one["differs"]]
    assert [[cell["value"] for cell in one["values"]] for one in rates] == [[0.1, 0.01, 0.001]]
    lasted = {one["key"]: [cell["value"] for cell in one["values"]] for one in found["durations"]}
    assert lasted == {"total": [1005, 1425, 1845], "queued": [5, 5, 5]}
    (loss,) = found["metrics"]
    assert [[point["elapsed"] for point in cell["points"]] for cell in loss["values"]] == [
        [45, 105, 225]
    ] * 3
    assert [(one["name"], one["direction"], one["differs"]) for one in found["artifacts"]] == [
        ("train.csv", "IN", False), ("model.pkl", "OUT", True),
    ]  # fmt: skip
    assert [[cell["duration"] for cell in one["values"]] for one in found["tasks"]] == [[30] * 3]
    assert [step["lasted"] for step in found["states"][0]["steps"]] == [5, 1005, None]
    code, output, _ = await command(served, "compare", *ids)
    rows = {" ".join(line.split()) for line in output.splitlines()}
    assert code == 0
    assert "duration total 16m45s 23m45s (+42%) 30m45s (+84%)" in rows


async def test_track_the_history_of_an_experiment(
    client: Client, served: Served, history: Imported
) -> None:
    newest_first = [history.failed, *(history.trained[day] for day in (21, 14, 7))]
    read = await asyncio.to_thread(
        lambda: list(
            history.program.executions(
                "mnist-classifier", "train", namespace=history.namespace, order="STARTED_DESC"
            )
        )
    )
    assert [one["id"] for one in read] == newest_first
    assert [one["properties"]["learning_rate"] for one in read] == [10, 0.001, 0.01, 0.1]
    of_day = await asyncio.to_thread(
        lambda: list(history.program.executions(search=f"{history.search} date:2025-01-14"))
    )
    assert {one["id"] for one in of_day} == {history.trained[14], history.tested[14]}
    middle = await asyncio.to_thread(history.program.execution, history.trained[14])
    assert middle
    assert (middle["previous"], middle["next"]) == (
        {"id": history.trained[7]}, {"id": history.trained[21]},
    )  # fmt: skip
    made = history.program.lineage
    graph = await asyncio.to_thread(made, history.trained[14], "DOWNSTREAM", 4)
    assert history.tested[14] in {edge["to"] for edge in graph["edges"]}
    # Since and until filter by the original times, on the command line too.
    code, output, _ = await command(
        served, "ls", history.search, "--since", "2025-01-14", "--until", "2025-01-21",
        "--kind", "train", "--json",
    )  # fmt: skip
    assert (code, [one["id"] for one in json.loads(output)]) == (0, newest_first[1:3])
    # Files have the original dates.
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {served.token}"}) as http:
        parameters = {"search": f"{history.search} kind:train date:2025-01-01 TO 2025-01-31"}
        answer = await http.get(f"{served.url}/executions/export.csv", params=parameters)
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [row["id"] for row in rows] == newest_first
    assert [
        (row["createdAt"][:19], row["startedAt"][:19], row["endedAt"][:19]) for row in rows
    ] == [
        ("2025-01-28T14:00:10", "2025-01-28T14:00:15", "2025-01-28T14:10:00"),
        ("2025-01-21T14:00:10", "2025-01-21T14:00:15", "2025-01-21T14:31:00"),
        ("2025-01-14T14:00:10", "2025-01-14T14:00:15", "2025-01-14T14:24:00"),
        ("2025-01-07T14:00:10", "2025-01-07T14:00:15", "2025-01-07T14:17:00"),
    ]
    # And so has the count of each day.
    query = """query ($search: String) { executionStats(search: $search, bucket: DAY,
      since: "2025-01-01T00:00:00Z", until: "2025-02-01T00:00:00Z") {
      total succeeded failed kinds { kind total } buckets { start total } } }"""
    stats = (await client.post(query, search=history.search))["executionStats"]
    assert (stats["total"], stats["succeeded"], stats["failed"]) == (8, 7, 1)
    days = {one["start"][8:10]: one["total"] for one in stats["buckets"] if one["total"]}
    assert days == {"07": 2, "14": 2, "21": 2, "28": 2}
    code, output, _ = await command(
        served, "stats", history.search, "--by", "day", "--since", "2025-01-14", "--until", "2025-01-15", "--json"
    )  # fmt: skip
    assert code == 0 and '"total": 2' in output


async def test_a_program_cannot_forget_when_it_was(served: Served) -> None:
    """The end or a part of a past run is never set to the current time, and a time needs a zone."""
    program = Program(served.url, served.token, patience=5)

    def work() -> None:
        about: dict[str, Any] = {"namespace": "program", "git_info": {}, "client": program}
        run = headway.execution("past", started_at="2025-01-07T14:00:00Z", **about).start()
        with (
            pytest.raises(headway.Refused, match="pass startedAt, the time when this happened"),
            run.task("fit"),
        ):
            pass
        run.log_metric("n", 1)
        with pytest.raises(headway.Refused, match="pass endedAt, the time when this happened"):
            run.finish()
        shown = program.execution(run.id)
        assert shown and [one["at"][:10] for one in shown["metrics"]] == ["2025-01-07"]
        run.finish(ended_at="2025-01-07T15:00:00Z")
        ended = program.execution(run.id)
        assert ended and (ended["state"], ended["duration"]) == ("SUCCESS", 3600)
        with pytest.raises(ValueError, match="has no time zone"):
            headway.execution("past", started_at=datetime(2025, 1, 7), **about)
        # A live execution began then and ends now.
        with headway.execution(
            "past", started_at="2025-01-07T14:00:00Z", heartbeat_ttl=60, **about
        ) as living:
            pass
        found = program.execution(living.id)
        assert found and found["endedAt"] > "2026"

    await asyncio.to_thread(work)
