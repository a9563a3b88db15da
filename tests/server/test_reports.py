"""The text of reports: their contents, their fonts, and that they stay small for large executions."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from pypdf import PdfReader

from models.access.viewer import Scope
from models.errors import Refused
from models.ids import new_id, typed
from runner.store.postgres.database import Database
from server.exports.reports import report
from server.files.places import Places
from server.report.facts import MOST_TASKS, POINTS, facts_of
from server.report.fonts import runs_of
from server.report.formatting import seconds, shown, without_paths
from server.visible_execution import ExportRequest
from tests.server.test_exports import seeded

START = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
NAME = "Größe Ελλάδα Привет 東京 かな 서울 ไทย שלום مرحبا नमस्ते → ∑"


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


async def pdf_of(database: Database, *ids: UUID, scope: Scope = Scope()) -> bytes:  # noqa: B008
    requests = [ExportRequest(typed("exec", id), scope) for id in ids]
    return b"".join([piece async for piece in report(database.pool, requests, Places())])


async def furnish(database: Database, id: UUID, tasks: int = 3, points: int = 50) -> None:
    """Adds tasks with two attempts each, two series, and the rows of a failure."""
    runs = [(new_id(), f"task-{number}") for number in range(tasks)]
    await database.pool.executemany(
        """insert into task_runs (id, execution_id, path, position, type, queue, state, attempt, started_at,
             ended_at, error)
           values ($1, $2, $3, $4, 'shell', 'default', $5, 2, $6, $7, $8)""",
        [
            (run, id, path, number, "FAILED" if number == 1 else "SUCCESS", START,
             START + timedelta(minutes=number + 1),
             '{"code": "EXIT", "message": "exit code 3"}' if number == 1 else None)
            for number, (run, path) in enumerate(runs)
        ],
    )  # fmt: skip
    await database.pool.executemany(
        """insert into attempts (id, execution_id, task_run_id, number, state, started_at, ended_at)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        [
            (new_id(), id, run, number, "FAILED" if number == 1 else "SUCCESS",
             START + timedelta(minutes=number - 1), START + timedelta(minutes=number))
            for run, _ in runs
            for number in (1, 2)
        ],
    )  # fmt: skip
    await database.pool.executemany(
        "insert into metrics (execution_id, id, name, value, kind, step, at) values ($1, $2, $3, $4, 'gauge', $5, $6)",
        [
            (id, new_id(), name, value, step, START + timedelta(seconds=step))
            for name in ("loss", "flat")
            for step in range(points)
            for value in ([1 / (step + 1), float("nan")][step == 7] if name == "loss" else 2.5,)
        ],
    )


async def one(database: Database) -> UUID:
    id, *_ = await seeded(database, 5)
    await database.pool.execute(
        """update executions set name = $2, state = 'FAILED', started_at = $3, ended_at = $4, failure = $5,
             inputs = $6, outputs = '{"rows": 12}' where id = $1""",
        id, NAME, START, START + timedelta(minutes=3, seconds=5),
        orjson.dumps({"path": "task-1", "code": "EXIT", "message": "exit code 3", "attempt": 2}).decode(),
        orjson.dumps({"data": "file:///srv/headway/artifacts/files/orders.csv", "<b>": "a & b"}).decode(),
    )  # fmt: skip
    await furnish(database, id)
    return id


async def test_a_report_shows_what_happened(database: Database) -> None:
    id = await one(database)
    pdf = await pdf_of(database, id)
    assert pdf.startswith(b"%PDF-")
    text = text_of(pdf)
    for words in (
        typed("exec", id),
        "2026-03-01 11:30:00 UTC",
        "3 min 05 s",
        "task-1: EXIT: exit code 3",
        "When tasks ran",
        "task-2",
        "Metrics over time",
        "loss",
        "orders.csv",
        "a & b",
        "<b>",
        "Outputs",
        "rows",
        "12",
    ):
        assert words in text, words
    assert "/srv/" not in text and "file:" not in text


async def test_names_print_in_every_script(database: Database) -> None:
    text = text_of(await pdf_of(database, await one(database)))
    for word in NAME.split():
        assert word in text, word
    fonts = {font for font, _ in runs_of(NAME)}
    assert fonts == {"headway-plain", "STSong-Light", "HeiseiKakuGo-W5", "HYSMyeongJo-Medium"}
    assert "".join(piece for _, piece in runs_of("a\x07b\tc")) == "a\N{REPLACEMENT CHARACTER}b c"


async def test_a_comparison_has_all_of_them(database: Database) -> None:
    ids = await seeded(database, 5)
    for number, id in enumerate(ids):
        await furnish(database, id, points=2 + number)
    text = text_of(await pdf_of(database, *ids))
    assert "Comparison of executions" in text
    flat = "".join(text.split())
    assert [typed("exec", id) for id in ids if typed("exec", id) not in flat] == []
    assert "Properties" in text and "Metrics over time" in text and text.count("Tasks of ") == 5


async def test_a_report_of_a_giant_is_bounded(database: Database) -> None:
    id, *_ = await seeded(database, 5)
    await furnish(database, id, tasks=MOST_TASKS * 3, points=5_000)
    await database.pool.execute(
        "update executions set outputs = $2, properties = $3 where id = $1",
        id,
        orjson.dumps({"text": "x" * 2_000_000}).decode(),
        orjson.dumps({f"key-{n}": n for n in range(5_000)}).decode(),
    )
    (facts,) = await facts_of(database.pool, [ExportRequest(typed("exec", id), Scope())], Places())
    assert len(facts.bars) == MOST_TASKS + 1
    assert [len(points) <= 2 * POINTS + 1 for points in facts.series.values()] == [True, True]
    assert facts.series["flat"][-1] == (4_999.0, 2.5)
    pdf = await pdf_of(database, id)
    assert len(pdf) < 1_000_000
    text = text_of(pdf)
    assert f"the first {MOST_TASKS} are shown" in text
    assert len(PdfReader(io.BytesIO(pdf)).pages) < 40


async def test_series_are_distinguished_by_their_tags(database: Database) -> None:
    id, *_ = await seeded(database, 1)
    await database.pool.executemany(
        """insert into metrics (execution_id, id, name, value, kind, step, at, path, tags)
           values ($1, $2, 'loss', $3, 'gauge', $4, $5, 'fit', $6)""",
        [
            (id, new_id(), float(step), step, START, orjson.dumps({"split": split}).decode())
            for split in ("train", "test")
            for step in range(3)
        ],
    )
    (facts,) = await facts_of(database.pool, [ExportRequest(typed("exec", id), Scope())], Places())
    points = [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]
    assert facts.series == {"loss (fit, split=test)": points, "loss (fit, split=train)": points}


async def test_hidden_executions_are_not_in_a_report(database: Database) -> None:
    id, other, *_ = await seeded(database, 5)
    for ids in ((id,), (id, other)):
        with pytest.raises(Refused, match=f"no execution {typed('exec', id)}"):
            await pdf_of(database, *ids, scope=Scope(("nowhere",)))


async def test_an_execution_that_has_not_begun_has_a_report(database: Database) -> None:
    ids = await seeded(database, 100)
    await database.pool.execute(
        "update executions set state = 'CREATED', started_at = null, ended_at = null where id = $1", ids[0]
    )  # fmt: skip
    assert "CREATED" in text_of(await pdf_of(database, ids[0]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("file:///a/b/c.csv", "c.csv"),
        ({"uri": "file:///a/b c/d.csv", "n": [1]}, '{"uri":"d.csv","n":[1]}'),
        ({"uri": "file:///a/b/d.csv"}, '{"uri":"d.csv"}'),
        ("s3://bucket/x", "s3://bucket/x"),
        (0.30000000000000004, "0.3"),
        (None, "null"),
    ],
)
def test_values_are_shown(value: Any, text: str) -> None:
    assert shown(value) == text


def test_times_and_paths() -> None:
    assert [seconds(n) for n in (None, 0.25, 42, 61, 3725)] == [
        "", "0.2 s", "42 s", "1 min 01 s", "1 h 02 min",
    ]  # fmt: skip
    assert without_paths("see file:///x/y.txt and file:///z/") == "see y.txt and z"
    assert without_paths("file:// and headway:///a") == "file:// and a"
    assert without_paths("file:///" * 200_000) == "file:"
