"""The checks of a soak test find their errors: each loss, and each duplicate, is made here by hand."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tests.api.servers import Served, serving
from tests.soak.followers import Events, Lines
from tests.soak.load import flows
from tests.soak.record import differences, digest

KINDS = ("steps", "fan", "parent", "gate", "again")
"""Kinds of executions that end at once."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that has run one execution of each kind."""
    folder = tmp_path_factory.mktemp("record")
    with serving(folder / "data") as served:
        (folder / "marks").mkdir()
        asyncio.run(run(served, flows(folder / "marks")))
        yield served


async def run(served: Served, sources: list[str]) -> None:
    client = served.client
    for source in sources:
        await client.save(source)
    ids = [(await client.create(f"soak/{kind}", inputs={"name": kind}))["id"] for kind in KINDS]
    shown = await client.until(ids[KINDS.index("gate")], ask="WAITING_FOR_APPROVAL")
    (approval,) = [one["approval"]["id"] for one in shown["taskRuns"] if one["approval"]]
    await client.mutate("approve", approvalId=approval)
    for id in ids:
        assert (await client.until_ended(id))["state"] == "SUCCESS"


@asynccontextmanager
async def changed(served: Served, statement: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """Returns a connection that sees the change; other sessions do not, and it is rolled back."""
    raw = await asyncpg.connect(served.database_url)
    try:
        transaction = raw.transaction()
        await transaction.start()
        if statement:
            assert (await raw.execute(statement)).split()[-1] != "0"
        yield raw
        await transaction.rollback()
    finally:
        await raw.close()


async def test_correct_results_have_no_differences(ran: Served) -> None:
    async with changed(ran, "") as raw:
        assert await differences(raw) == []


OF_FIRST = "execution_id in (select id from executions where flow_key = 'steps') and path = 'first'"
ANOTHER_LINE = f"""
insert into logs select execution_id, line + 100, task_run_id, path, attempt, at, level, stream, {{text}}
from logs where {OF_FIRST} and text = 'line 7'
"""


@pytest.mark.parametrize(
    ("statement", "reported_end"),
    [
        (f"delete from logs where {OF_FIRST} and text = 'line 7'", "lost 1 ['line 7']"),
        (ANOTHER_LINE.format(text="text"), "too many 1 ['line 7']"),
        (ANOTHER_LINE.format(text="text"), "1 lines stand more than once, such as 'line 7'"),
        (ANOTHER_LINE.format(text="'other'"), "too many 1 ['other']"),
        (f"update logs set line = -line where {OF_FIRST}", "lost 0 [], too many 0 []"),
        (f"delete from metrics where {OF_FIRST}", "metrics 0, not 1"),
        (f"update metrics set value = 0.6 where {OF_FIRST}", "values "),
        ("update executions set properties = '{}' where flow_key = 'steps'", "has the properties {}"),
        (f"update task_runs set outputs = '{{}}' where {OF_FIRST}", "outputs {}, not {'rows': 3}"),
        ("delete from task_runs where path = 'each[3].one'", "has the task runs ['after', 'each', "),
        ("update attempts set state = 'LOST' where number = 2", "state LOST, not SUCCESS"),
    ],
)  # fmt: skip
async def test_lost_and_duplicate_rows_are_reported(
    ran: Served, statement: str, reported_end: str
) -> None:
    async with changed(ran, statement) as raw:
        found = await differences(raw)
        assert [one for one in found if reported_end in one], found


def test_a_subscriber_that_missed_something_is_reported() -> None:
    whole = Events("exec_1", [1, 2, 3])
    assert whole.differences(ended=3, last=3) == whole.differences(ended=2, last=5) == []
    assert whole.differences(ended=4, last=4) and whole.differences(ended=1, last=2)
    assert Events("exec_1", []).differences(ended=3, last=3)
    assert Events("exec_1", [1, 3]).differences(ended=3, last=3)


def read(*texts: str, reported_end: tuple[int, str]) -> Lines:
    """Returns the lines as a subscriber received them, with the count and digest that were reported at the end."""
    lines = Lines("exec_1")
    numbered = [{"line": n, "text": text} for n, text in enumerate(texts, 1)]
    last = {
        "cursor": "c",
        "complete": True,
        "lineCount": reported_end[0],
        "sha256": reported_end[1],
        "lines": [],
    }
    lines.take({"logs": {"lines": numbered, "cursor": "c", "complete": False}})
    lines.take({"logs": last})
    return lines


def test_a_log_reader_that_missed_something_is_reported() -> None:
    whole = (2, digest(("a", "b")))
    assert read("a", "b", reported_end=whole).differences(*whole) == []
    assert read("a", reported_end=whole).differences(*whole)
    assert read("a", "c", reported_end=whole).differences(*whole)
    assert read("a", "b", reported_end=(3, whole[1])).differences(*whole)
    assert read("a", "b", reported_end=whole).differences(3, digest(("a", "b", "b")))
    assert Lines("exec_1").differences(0, digest(())), "its end was not received"
