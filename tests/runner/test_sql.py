"""SQL tasks, on the tests' own PostgreSQL and on DuckDB files."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from models.errors import Refused
from models.lifecycle.commands.commands import Cancel
from models.lifecycle.snapshot import TaskRun
from models.spec import parse_flow
from models.states import AttemptState, ExecutionState, TaskRunState
from runner.store.json import load
from tests.runner.floor import Floor, open_floor

DEADLINE = 20.0


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


@pytest.fixture
async def other(empty_database_url: str) -> AsyncIterator[str]:
    """A database other than Headway's own, with a few orders in it."""
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(
        "create table orders (id int primary key, region text, total numeric, placed date, about jsonb)"
    )
    await connection.execute(
        "insert into orders values (1, 'eu', 10.50, '2026-01-30', '{\"a\": [1]}'), (2, 'us', 20, '2026-01-31', null)"
    )
    await connection.close()
    yield empty_database_url


def sql(url: str, statement: str | list[str], *params: Any, **more: Any) -> str:
    about = {"id": "q", "type": "sql", "url": url, "statement": statement, **more}
    if params:
        about["params"] = list(params)
    return f"\n  - {json.dumps(about)}"


async def kept_text(floor: Floor, name: str) -> str:
    row = await floor.parts.database.pool.fetchrow("select * from artifacts where name = $1", name)
    assert row
    return Path(urlsplit(row["uri"]).path).read_text()


def error_of(task: TaskRun) -> str:
    assert task.state is TaskRunState.FAILED
    assert task.error and task.error.code == "SQL", task.error
    return task.error.message


async def test_rows_become_an_artifact_and_counts_outputs(floor: Floor, other: str) -> None:
    task = await floor.task(sql(other, "select * from orders order by id"))
    assert task.state is TaskRunState.SUCCESS, task.error
    outputs = {name: value for name, value in task.outputs.items() if name != "artifacts"}
    assert outputs == {
        "count": 2,
        "counts": [2],
        "columns": ["id", "region", "total", "placed", "about"],
        "first": {
            "id": 1,
            "region": "eu",
            "total": 10.5,
            "placed": "2026-01-30",
            "about": {"a": [1]},
        },
    }
    assert await kept_text(floor, "rows.csv") == (
        'id,region,total,placed,about\n1,eu,10.5,2026-01-30,"{""a"": [1]}"\n2,us,20,2026-01-31,\n'
    )
    row = await floor.parts.database.pool.fetchrow("select * from artifacts")
    assert row and (row["type"], load(row["properties"])) == ("Dataset", {"rows": 2})


async def test_rows_as_json_lines_and_a_single_value(floor: Floor, other: str) -> None:
    task = await floor.task(sql(other, "select max(total) as best from orders", format="jsonl"))
    assert (task.outputs["value"], task.outputs["first"]) == (20, {"best": 20})
    assert await kept_text(floor, "rows.jsonl") == '{"best": 20}\n'


async def test_statements_are_one_transaction_and_inputs_are_bound_with_database_types(
    floor: Floor, other: str
) -> None:
    insert = "insert into orders values ($1, $2, $3, $4, $5)"
    count = "select count(*) from orders where placed = '2026-02-01'"
    params = ["{{ inputs.id }}", "eu", "7.25", "2026-02-01", {"b": None}]
    task = await floor.task(sql(other, [insert, count], *params), id="3")
    assert (task.outputs["counts"], task.outputs["value"]) == ([1, 1], 1), task.error
    failed = await floor.task(sql(other, [insert, "select 1 / 0"], 4, "eu", 1, None, None))
    assert error_of(failed) == "statement 2: division by zero [22012]"
    connection = await asyncpg.connect(other)
    assert await connection.fetchval("select count(*) from orders") == 3
    await connection.close()


async def test_bound_values_are_never_sql(floor: Floor, other: str) -> None:
    evil = "eu'; drop table orders; --"
    statement = "select count(*) from orders where region = $1"
    task = await floor.task(sql(other, statement, "{{ inputs.region }}"), region=evil)
    assert task.outputs["value"] == 0
    assert task.inputs["params"] == [evil]
    again = await floor.task(sql(other, statement, "{{ inputs.region }}"), region="eu")
    assert again.outputs["value"] == 1


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("select *\nfrom nowhere", 'line 2, column 6: relation "nowhere" does not exist [42P01]'),
        (
            "select totl from orders",
            'line 1, column 8: column "totl" does not exist (Perhaps you meant to reference the column '
            '"orders.total".) [42703]',
        ),
        (
            "select 1; select 2",
            "cannot insert multiple commands into a prepared statement [42601]; write several statements as a list",
        ),
    ],
)
async def test_an_error_has_the_databases_words_and_the_place(
    floor: Floor, other: str, statement: str, sentence: str
) -> None:
    assert error_of(await floor.task(sql(other, statement))) == sentence


async def test_a_refused_commit_is_a_failure(floor: Floor, other: str) -> None:
    once = "alter table orders add constraint once unique (region) deferrable initially deferred"
    assert (await floor.task(sql(other, once))).state is TaskRunState.SUCCESS
    twice = ["insert into orders (id, region) values (9, 'eu')", "select 1"]
    assert error_of(await floor.task(sql(other, twice))) == (
        'duplicate key value violates unique constraint "once" (Key (region)=(eu) already exists.) [23505]'
    )
    left = await floor.task(sql(other, "select count(*) from orders"))
    assert left.outputs["value"] == 2


async def test_a_database_that_is_not_there_and_its_password(floor: Floor) -> None:
    task = await floor.task(sql("postgresql://me:hush@127.0.0.1:9/x", "select 1"))
    assert error_of(task).startswith("could not connect: ")
    assert task.inputs["url"] == "postgresql://me:***@127.0.0.1:9/x"


async def running(other: str, statement: str) -> bool:
    connection = await asyncpg.connect(other)
    try:
        found = await connection.fetchval(
            "select exists (select from pg_stat_activity where state = 'active' and query = $1)",
            statement,
        )
    finally:
        await connection.close()
    return bool(found)


async def until_running(other: str, statement: str, wanted: bool) -> None:
    async with asyncio.timeout(DEADLINE):
        while await running(other, statement) is not wanted:
            await asyncio.sleep(0)


@pytest.mark.parametrize("force", [False, True])
async def test_a_kill_ends_the_statement_in_the_database_too(
    floor: Floor, other: str, force: bool
) -> None:
    statement = "select pg_sleep(300)"
    id = await floor.begin(sql(other, statement))
    await until_running(other, statement, True)
    await floor.submit(id, Cancel(force=force))
    ended = await floor.until_ended(id)
    assert ended.state is ExecutionState.KILLED
    await until_running(other, statement, False)
    code = await floor.parts.database.pool.fetchval("select exit_code from attempts")
    assert code in ((-9, -15) if force else (-15,))


async def test_a_timeout_ends_the_statement(floor: Floor, other: str) -> None:
    statement = "select pg_sleep(301)"
    execution = await floor.run(sql(other, statement, timeout="1s"))
    assert execution.tasks["q"].state is TaskRunState.FAILED
    state = await floor.parts.database.pool.fetchval("select state from attempts")
    assert state == AttemptState.TIMED_OUT.value
    await until_running(other, statement, False)


@pytest.mark.parametrize("scheme", ["duckdb://", ""])
async def test_a_duckdb_file(floor: Floor, tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}{tmp_path}/shop.duckdb"
    make = "create table orders as select 1 as id, date '2026-01-31' as placed"
    more = "insert into orders values ($1, $2), (3, $2)"
    read = "select *, [1, 2] as list from orders where placed >= $2::date and id <> $1 order by id"
    task = await floor.task(sql(url, [make, more, read], 2, "2026-01-31"))
    assert task.state is TaskRunState.SUCCESS, task.error
    assert task.outputs["counts"] == [1, 2, 2]
    assert task.outputs["first"] == {"id": 1, "placed": "2026-01-31", "list": [1, 2]}
    again = await floor.task(sql(url, "select count(*) from orders"))
    assert again.outputs["value"] == 3
    failed = await floor.task(sql(url, ["delete from orders", "select nme\nfrom orders"]))
    assert error_of(failed).startswith(
        'statement 2: line 1, column 8: Binder Error: Referenced column "nme" not found'
    )
    assert (await floor.task(sql(url, "select count(*) from orders"))).outputs["value"] == 3


async def test_a_kill_ends_a_duckdb_statement(floor: Floor, tmp_path: Path) -> None:
    url = f"duckdb://{tmp_path}/long.duckdb"
    endless = "select count(*) from range(10000000000) a, range(10000000000) b where a.range % 7 = b.range % 5"
    id = await floor.begin(sql(url, endless))
    async with asyncio.timeout(DEADLINE):
        while not (tmp_path / "long.duckdb").exists():
            await asyncio.sleep(0)
    await floor.submit(id, Cancel())
    assert (await floor.until_ended(id)).state is ExecutionState.KILLED
    assert await floor.parts.database.pool.fetchval("select exit_code from attempts") < 0


def test_an_expression_in_a_statement_is_refused_unless_it_is_raw() -> None:
    head = "id: s\nnamespace: acme\ninputs: [{id: a, type: STRING}]\ntasks:\n"
    task = (
        "  - {id: q, type: sql, url: x.duckdb, statement: 'select %s', params: ['{{ inputs.a }}']}"
    )
    assert parse_flow(head + task % "{{ inputs.a | raw }}").id == "s"
    with pytest.raises(Refused) as refused:
        parse_flow(head + task % "{{ inputs.a }}")
    (problem,) = refused.value.problems
    assert (problem.line, problem.column, problem.message) == (
        5,
        task.index("%s") + 1,
        "an expression inside a SQL statement is not protected by quoting; "
        "give the value through `params:` and write $1, $2, ... where it belongs",
    )
    with pytest.raises(Refused, match=r"must be postgresql://..., duckdb:///FILE or the path"):
        parse_flow(head + "  - {id: q, type: sql, url: 'mysql://x', statement: select 1}")


@pytest.mark.parametrize("length", [200_000, 600_000])
async def test_the_first_row_is_an_output_if_it_fits_otherwise_a_warning(
    floor: Floor, other: str, length: int
) -> None:
    """The row is counted twice: as `first` and as `value`. The characters take two bytes each."""
    statement = f"select repeat('\u0436', {length}) as text"
    execution = await floor.run(sql(other, statement))
    task = execution.tasks["q"]
    assert (task.state, task.outputs["count"]) == (TaskRunState.SUCCESS, 1)
    lines = [line.text for line in await floor.lines(execution.id)]
    if length == 200_000:
        assert task.outputs["value"] == task.outputs["first"]["text"] == "\u0436" * length
        assert lines == []
    else:
        assert not {"first", "value"} & task.outputs.keys()
        (warned,) = lines
        assert warned.startswith("`first` and `value`: too large for an output (2400")
    assert await kept_text(floor, "rows.csv") == "text\n" + "\u0436" * length + "\n"


async def test_a_whole_number_beyond_64_bits_is_an_output_as_text(floor: Floor, other: str) -> None:
    statement = "select 12345678901234567890123::numeric as n, '[18446744073709551616]'::jsonb as j"
    task = (await floor.run(sql(other, statement))).tasks["q"]
    assert task.state is TaskRunState.SUCCESS
    assert task.outputs["first"] == {"n": "12345678901234567890123", "j": ["18446744073709551616"]}
    assert "12345678901234567890123" in await kept_text(floor, "rows.csv")
