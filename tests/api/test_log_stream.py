"""The lines of a subscription, with any number of disconnects, have the digest that it ends with."""

from hashlib import sha256
from typing import Any

import pytest

from tests.api.client import Client, task

LOGS = """subscription ($id: ID!, $run: ID, $level: LogLevel, $after: String) {
  logs(executionId: $id, taskRunId: $run, minLevel: $level, after: $after) {
    lines { line text } cursor complete lineCount sha256 } }"""
FLOW = """id: wordy
namespace: log-stream
tasks:
  - id: a
    type: shell
    run: |
      for n in $(seq 1 1700); do echo "line $n ü"; done
      echo; printf 'no end'
  - {id: b, type: log, needs: [a], level: WARN, message: "done\\n"}
"""


async def folded(client: Client, cut_after: int | None, **wanted: Any) -> dict[str, Any]:
    """Returns all lines in order, over as many subscriptions as needed when each ends after so many batches."""
    texts: list[str] = []
    numbers: list[int] = []
    after, subscriptions = None, 0
    while True:
        subscriptions += 1
        async with client.subscribe(LOGS, after=after, **wanted) as messages:
            batches = 0
            async for data in messages:
                batch = data["logs"]
                after = batch["cursor"]
                texts += [line["text"] for line in batch["lines"]]
                numbers += [line["line"] for line in batch["lines"]]
                if batch["complete"]:
                    assert batch["lines"] == []
                    assert [one async for one in messages] == []
                    return {
                        "texts": texts,
                        "numbers": numbers,
                        "last": batch,
                        "subscriptions": subscriptions,
                    }
                assert (batch["lineCount"], batch["sha256"]) == (None, None)
                batches += 1
                if batches == cut_after:
                    break


def digest(texts: list[str]) -> str:
    return sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()


@pytest.mark.parametrize("cut_after", [None, 1, 2])
async def test_a_cut_and_resumed_subscription_gives_the_digest(
    client: Client, cut_after: int | None
) -> None:
    execution = await client.run(FLOW)
    found = await folded(client, cut_after, id=execution["id"])
    assert found["texts"] == [
        *(f"line {n} ü" for n in range(1, 1701)), "", "no end", "done", *found["texts"][1703:],
    ]  # fmt: skip
    assert found["numbers"] == list(range(1, len(found["texts"]) + 1))
    assert found["last"]["lineCount"] == len(found["texts"])
    assert found["last"]["sha256"] == digest(found["texts"])
    assert (found["subscriptions"] > 1) is (cut_after is not None)


async def test_the_digest_holds_for_one_task_run_and_one_level(client: Client) -> None:
    execution = await client.until_ended((await client.run(FLOW))["id"])
    mine = await folded(client, 1, id=execution["id"], run=task(execution, "a")["id"])
    assert len(mine["texts"]) == 1702
    assert (mine["last"]["lineCount"], mine["last"]["sha256"]) == (1702, digest(mine["texts"]))
    warned = await folded(client, 1, id=execution["id"], level="WARN")
    assert (warned["texts"][:1], warned["last"]["sha256"]) == (["done"], digest(warned["texts"]))
