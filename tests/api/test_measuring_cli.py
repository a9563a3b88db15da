"""Comparing and counting from the command line."""

import json
import re
from uuid import uuid4

from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway
from tests.api.test_comparing import HOUR, training
from tests.api.test_recording import report
from tests.api.test_stats import history


async def test_two_runs_are_compared(client: Client, served: Served) -> None:
    namespace = f"compare.cli{uuid4().hex[:8]}"
    ids = [await training(client, namespace, lr, end) for lr, end in ((0.5, "11"), (0.25, "31"))]
    for id, end in zip(ids, ("12", "32"), strict=True):
        await report(client, id, "finishExecution", state="SUCCESS", endedAt=f"{HOUR}{end}:00Z")
    code, output, _ = await headway(served, "compare", *ids)
    assert code == 0
    rows = {" ".join(line.split()) for line in output.splitlines()}
    assert {
        f"id {ids[0]} {ids[1]}",
        "property lr 0.5 0.25",
        "git commit c0.5 c0.25",
        "duration total 12m00s 32m00s (+167%)",
        "task fit SUCCESS 10m00s SUCCESS 30m00s (+200%)",
        "metric fit: loss 0.5 0.25 (-50%)",
    } <= rows
    assert "(baseline)" in output and "epochs" not in output and "states" not in output
    _, output, _ = await headway(served, "compare", "--all", *ids)
    rows = {" ".join(line.split()) for line in output.splitlines()}
    assert {"property epochs 2 2", "states CREATED RUNNING SUCCESS CREATED RUNNING SUCCESS"} <= rows
    _, output, _ = await headway(served, "compare", "--json", *ids)
    assert [one["key"] for one in json.loads(output)["properties"]] == ["lr"]


async def test_invalid_comparisons_are_refused(client: Client, served: Served) -> None:
    id = await training(client, "compare.cli", 0.5, "11")
    twin = await training(client, "compare.cli", 0.5, "11")
    for ids, words in (
        ([id], "error: 2 to 5 executions can be compared; got 1\n"),
        ([id, id], "error: execution 2 is the same as execution 1; give each once\n"),
        ([id, "exec_none"], "error: no execution exec_none\n"),
    ):
        assert await headway(served, "compare", *ids) == (1, "", words)
    for one in (id, twin):
        await report(client, one, "finishExecution", state="SUCCESS", endedAt=f"{HOUR}12:00Z")
    code, output, _ = await headway(served, "compare", id, twin)
    assert (code, output.splitlines()[-1]) == (0, "nothing differs")


async def test_executions_are_counted(client: Client, served: Served) -> None:
    namespace = await history(client)
    here = f"namespace:{namespace}"
    code, output, _ = await headway(served, "stats", here)
    assert code == 0
    rows = [line.split() for line in output.splitlines()]
    assert rows[0] == [
        "1",
        "▶",
        "RUNNING",
        "1",
        "✓",
        "SUCCESS",
        "1",
        "!",
        "WARNING",
        "1",
        "✗",
        "FAILED",
        "1",
        "■",
        "KILLED",
    ]
    assert rows[2:] == [
        [f"{namespace}/a", "3", "67%", "33%", "30.0s", "20.0s", "56.0s"],
        [f"{namespace}/b", "2", "0%", "0%", "30.0s", "30.0s", "30.0s"],
        ["all", "5", "50%", "25%", "30.0s", "25.0s", "55.5s"],
    ]
    _, output, _ = await headway(served, "stats", here, "--by", "kind", "--since", "24h")
    assert [line.split()[:2] for line in output.splitlines()[2:]] == [
        ["test", "3"], ["train", "2"], ["all", "5"],
    ]  # fmt: skip
    _, output, _ = await headway(served, "stats", here, "--by", "day", "--since", "2d", "--json")
    assert [one["total"] for one in json.loads(output)["buckets"]][-3:-1] == [0, 0]
    _, output, _ = await headway(served, "stats", here, "--since", "2d", "--until", "1d")
    span = r"from \d{4}-\d\d-\d\d [\d:]{8} to \d{4}-\d\d-\d\d [\d:]{8}"
    assert re.match(
        rf"no executions {span} \(--since 2d\); to look further back: --since 365d, or ", output
    )
    assert output.count("\n") == 1
    code, _, errors = await headway(served, "stats", "--by", "week", "--since", "yesterday")
    assert (
        code == 1 and "'yesterday' is not a valid time; write a date such as 2026-01-31" in errors
    )
    code, _, errors = await headway(served, "stats", "--by", "moon")
    assert (code, errors) == (
        1,
        "error: --by must be flow, kind, minute, hour, day, week; got moon\n",
    )
    code, _, errors = await headway(served, "stats", "--by", "minute")
    assert code == 1 and "the limit is 1500" in errors
