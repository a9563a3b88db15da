"""Reports of running tasks on their way to the tables: masked, stored once, and never a reason for a task to fail."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.lifecycle.snapshot import Execution
from models.logs import LogLevel
from models.states import TaskRunState
from runner.attempt.task_messages import _KINDS
from runner.store import secrets
from runner.store.artifacts import measures
from runner.store.artifacts.artifacts import UsedArtifact
from runner.store.artifacts.measures import MetricRow
from runner.store.postgres.connection import Pool
from tests.runner.floor import PERSON, Floor, open_floor

SECRET = "ghp_supersecret123"
LINES: Mapping[str, Mapping[str, Any]] = {
    "output": {"output": {"a": "is $", "$": [1, {"$": "$"}]}},
    "output_error": {"output_error": "not $"},
    "metric": {"metric": {"name": "a $", "value": 1, "tags": {"a": "$", "$": 1}}},
    "progress": {"progress": 0.5, "message": "at $"},
    "message": {"message": "at $"},
    "artifact": {
        "artifact": {
            "uri": "s3://x:$@bucket/$",
            "name": "$.csv",
            "type": "$",
            "version": "v$",
            "properties": {"$": "$"},
        }
    },
    "property": {"property": {"a": "$", "$": ["$"]}},
    "label": {"label": {"a": "is $"}},
    "git": {
        "git": {
            "commit": "$",
            "branch": "is/$",
            "repository": "https://x:$@example.org/a/b",
            "author": "$",
            "message": "with $",
        }
    },
}


async def say(floor: Floor, *lines: str) -> Execution:
    said = " ".join(f"'{line}'" for line in lines).replace("$", "'$T'")
    run = f"printf '%s\\n' {said} >&$HEADWAY_FD"
    return await floor.run(
        f'  - {{id: a, type: shell, env: {{T: "{{{{ secrets.TOKEN }}}}"}}, run: {json.dumps(run)}}}\n'
    )


async def tables_that_hold(pool: Pool, text: str) -> list[str]:
    names = await pool.fetch("select tablename from pg_tables where schemaname = 'public'")
    return [
        name
        for (name,) in names
        if await pool.fetchval(f"select true from {name} t where t::text like $1", f"%{text}%")
    ]


def test_every_kind_of_message_is_tried() -> None:
    assert LINES.keys() == _KINDS.keys()


@pytest.mark.parametrize("kind", LINES)
async def test_a_secret_value_gets_through_in_no_kind_of_message(
    database_url: str, data_dir: Path, kind: str
) -> None:
    async with open_floor(database_url, data_dir) as floor:
        pool = floor.parts.database.pool
        await secrets.save(pool, floor.parts.vault, "acme", "TOKEN", SECRET, PERSON)
        execution = await say(floor, json.dumps(LINES[kind]))
        failed = kind == "output_error"
        ended = TaskRunState.FAILED if failed else TaskRunState.SUCCESS
        assert execution.tasks["a"].state is ended
        assert await tables_that_hold(pool, SECRET) == []
        lines = [line.text for line in await floor.lines(execution.id)]
        assert [line for line in lines if "not understood" in line] == []
        assert await tables_that_hold(pool, "****")


async def test_reports_are_stored_once_after_a_lost_response(
    database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[str] = []
    store = measures.store

    async def loses_the_answer(
        pool: Pool,
        attempt_id: UUID,
        metrics: Sequence[MetricRow],
        artifacts: Sequence[UsedArtifact],
    ) -> None:
        await store(pool, attempt_id, metrics, artifacts)
        if metrics and not lost:
            lost.append("the answer")
            raise ConnectionResetError("the answer to COMMIT was lost")

    monkeypatch.setattr(measures, "store", loses_the_answer)
    async with open_floor(database_url, data_dir) as floor:
        execution = await say_plainly(
            floor,
            '{"metric": {"name": "m", "value": 1}}',
            '{"artifact": {"uri": "s3://bucket/a", "name": "a"}}',
        )
        assert lost
        assert execution.tasks["a"].state is TaskRunState.SUCCESS
        pool = floor.parts.database.pool
        assert await pool.fetchval("select count(*) from metrics") == 1
        assert await pool.fetchval("select count(*) from artifact_uses") == 1


async def test_a_metric_that_cannot_be_stored_is_dropped_alone_and_reported(
    database_url: str, data_dir: Path
) -> None:
    async with open_floor(database_url, data_dir) as floor:
        pool = floor.parts.database.pool
        await pool.execute("alter table metrics add constraint odd check (value <> 2)")
        lines = [json.dumps({"metric": {"name": f"m{n}", "value": n}}) for n in (1, 2, 3)]
        execution = await say_plainly(floor, *lines)
        assert execution.tasks["a"].state is TaskRunState.SUCCESS
        names = await pool.fetch("select name from metrics order by name")
        assert [name for (name,) in names] == ["m1", "m3"]
        reported = [
            line for line in await floor.lines(execution.id) if "could not be stored" in line.text
        ]
        assert [(line.level, line.text.partition(":")[0]) for line in reported] == [
            (LogLevel.ERROR, "m2 could not be stored")
        ]


async def test_a_message_with_nul_is_kept_and_reported(database_url: str, data_dir: Path) -> None:
    async with open_floor(database_url, data_dir) as floor:
        execution = await say_plainly(floor, '{"progress": 0.5, "message": "a\\u0000b"}')
        task = execution.tasks["a"]
        assert (task.state, task.message) == (TaskRunState.SUCCESS, "a\ufffdb")
        (reported,) = [line for line in await floor.lines(execution.id) if "NUL" in line.text]
        assert reported.level is LogLevel.WARN


@pytest.mark.parametrize(
    "line",
    [
        '{"label": {"a": "x\\u0000"}}',
        '{"property": {"a\\u0000": "x\\u0000"}}',
        '{"git": {"message": "a\\u0000"}}',
        '{"output": {"a": "x\\u0000"}}',
        '{"property": {"big": 100000000000000000000000}}',
        '{"metric": {"name": "a", "value": 1, "tags": {"a": "\\u0000"}}}',
        '{"artifact": {"uri": "s3://a", "name": "q", "properties": {"a": "\\u0000"}}}',
    ],
)
async def test_no_value_that_a_task_may_say_makes_it_fail(
    database_url: str, data_dir: Path, line: str
) -> None:
    async with open_floor(database_url, data_dir) as floor:
        execution = await say_plainly(floor, line)
        assert execution.tasks["a"].state is TaskRunState.SUCCESS


async def say_plainly(floor: Floor, *lines: str) -> Execution:
    said = " ".join(f"'{line}'" for line in lines)
    run = f"printf '%s\\n' {said} >&$HEADWAY_FD"
    return await floor.run(f"  - {{id: a, type: shell, run: {json.dumps(run)}}}\n")
