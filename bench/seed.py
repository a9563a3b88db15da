"""Writes a reproducible history by COPY: executions with 10 labels, 10 properties and 10 metrics each.

`python bench/seed.py DATABASE_URL COUNT` fills a migrated database."""

import asyncio
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

LAST: Final = datetime(2026, 6, 1, tzinfo=UTC)
DAYS: Final = 90
FLOWS: Final = 40
BATCH: Final = 5_000
METRICS: Final = 10
_STATES: Final = ["SUCCESS"] * 80 + ["FAILED"] * 12 + ["WARNING"] * 4 + ["KILLED"] * 3 + ["ERROR"]
_ERRORS: Final = [
    "no space left on device",
    "connection refused by warehouse",
    "assertion failed: rows > 0",
]
_COLUMNS: Final = (
    "id", "flow_id", "namespace", "flow_key", "kind", "revision", "name", "state", "seq", "state_seq", "progress",
    "inputs", "labels", "properties", "on_failure", "created_by", "created_at", "started_at", "ended_at",
    "failure", "git",
)  # fmt: skip
_METRIC_COLUMNS: Final = ("execution_id", "id", "name", "value", "kind", "step", "at")


async def seed(
    connection: "asyncpg.Connection[Any]", count: int, *, metrics: int = METRICS, chance: int = 1
) -> list[UUID]:
    """Returns the ids, the oldest first. The newest 1 % has not ended."""
    dice = random.Random(chance)
    flows = [UUID(int=dice.getrandbits(128)) for _ in range(FLOWS)]
    await connection.copy_records_to_table(
        "flows",
        columns=("id", "namespace", "key", "kind", "latest_revision"),
        records=[(id, _namespace(n), f"flow-{n}", "flow", 1) for n, id in enumerate(flows)],
    )
    ids: list[UUID] = []
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        records = [_execution(number, count, flows, dice) for number in numbers]
        await connection.copy_records_to_table("executions", columns=_COLUMNS, records=records)
        if metrics:
            await connection.copy_records_to_table(
                "metrics", columns=_METRIC_COLUMNS, records=list(_metrics(records, metrics, dice))
            )
        ids += [record[0] for record in records]
    await connection.execute("analyze executions, metrics, flows")
    return ids


def _execution(number: int, count: int, flows: list[UUID], dice: random.Random) -> tuple[Any, ...]:
    created = LAST - timedelta(days=DAYS) * (1 - number / count)
    flow = number % 7 if dice.random() < 0.7 else dice.randrange(FLOWS)
    state = "RUNNING" if number >= count - count // 100 else dice.choice(_STATES)
    started = created + timedelta(seconds=dice.random() * 30)
    ended = None if state == "RUNNING" else started + timedelta(seconds=dice.expovariate(1 / 300))
    failure = {"code": "FAILED", "message": dice.choice(_ERRORS), "path": "load", "attempt": 1}
    if state == "FAILED" and number % 997 == 0:
        failure["message"] = f"checksum mismatch in part {number}"
    return (
        UUID(int=_id(created, dice)), flows[flow], _namespace(flow), f"flow-{flow}",
        "train" if flow % 5 == 0 else "flow",
        1, f"flow-{flow}-{number:x}", state, 5, 4, 0.5 if state == "RUNNING" else 1.0,
        orjson.dumps({"region": dice.choice(["eu", "us"]), "day": str(created.date())}).decode(),
        orjson.dumps(_labels(number, dice)).decode(), orjson.dumps(_properties(number, dice)).decode(),
        "FINISH_RUNNING", dice.choice(["user:maria", "user:admin", "schedule:nightly"]), created, started, ended,
        orjson.dumps(failure).decode() if state == "FAILED" else None,
        orjson.dumps({"commit": f"{dice.getrandbits(160):040x}", "branch": _branch(dice)}).decode(),
    )  # fmt: skip


def _id(moment: datetime, dice: random.Random) -> int:
    milliseconds = int(moment.timestamp() * 1000)
    return (
        milliseconds << 80 | 7 << 76 | dice.getrandbits(12) << 64 | 2 << 62 | dice.getrandbits(62)
    )


def _namespace(flow: int) -> str:
    return ("acme", "acme.data", "acme.ml", "beta")[flow % 4]


def _branch(dice: random.Random) -> str:
    return "main" if dice.random() < 0.9 else f"feature-{dice.randrange(500)}"


def _labels(number: int, dice: random.Random) -> dict[str, str]:
    """Returns labels: `team` has few values, `customer` many; the others are filler."""
    first = {
        "team": dice.choice(["data", "ml", "web"]),
        "env": dice.choice(["prod", "prod", "prod", "staging"]),
        "customer": f"c{number % 5000}",
        "priority": str(dice.randrange(5)),
    }
    return first | {f"extra-{n}": f"v{dice.randrange(50)}" for n in range(6)}


def _properties(number: int, dice: random.Random) -> dict[str, Any]:
    first = {"lr": dice.choice([0.1, 0.01, 0.001]), "epochs": dice.randrange(100), "run": number}
    return first | {f"setting-{n}": dice.randrange(1000) for n in range(7)}


def _metrics(
    records: list[tuple[Any, ...]], count: int, dice: random.Random
) -> Iterator[tuple[Any, ...]]:
    for record in records:
        for n in range(count):
            name = ("loss", "accuracy", "rows")[n % 3]
            yield (
                record[0],
                UUID(int=dice.getrandbits(128)),
                name,
                dice.random(),
                "gauge",
                n,
                record[17],
            )


async def main(url: str, count: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        print(f"{len(await seed(connection, count))} executions")
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
