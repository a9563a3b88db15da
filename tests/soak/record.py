"""Compares the stored results of a soak test with those that the flows must have, and with what subscribers
received."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import groupby
from typing import Any, TypedDict
from uuid import UUID

import asyncpg

from models.ids import typed

LOUD = 20_000
"""The number of lines, and of metrics, of a loud task."""
_SHOWN = 5
"""The number of lines that are printed for an attempt."""


@dataclass(frozen=True)
class Given:
    """The expected results of a task run whose last attempt succeeded."""

    lines: Sequence[str] = ()
    metrics: Sequence[tuple[str, float]] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def reported(self) -> dict[str, Any]:
        """Returns the values in the form of `_TASK_RUNS`."""
        texts = sorted(f"{name} {value:.1f}" for name, value in self.metrics)
        return {
            "state": "SUCCESS",
            "lines": len(self.lines),
            "text": digest(self.lines),
            "metrics": len(texts),
            "values": digest(texts),
            "outputs": dict(self.outputs),
        }


def digest(texts: Iterable[str]) -> str:
    """Returns the digest as a stream of log lines computes it."""
    return sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()


ROWS = {"rows": 3}
APPROVED: Mapping[str, Any] = {
    "decision": "APPROVED",
    "approvers": ["user:admin"],
    "comment": None,
    "form": {},
}
"""The outputs of an approval, without the time of the decision."""
GIVEN: Mapping[str, Mapping[str, Given]] = {
    "steps": {
        "first": Given([f"line {n}" for n in range(1, 11)], [("loss", 0.5)], ROWS),
        "light": Given(outputs=ROWS),
        "last": Given(["rows 3"]),
    },
    "fan": {
        "each": Given(),
        **{f"each[{n}].one": Given([f"item {n + 1}"]) for n in range(6)},
        "after": Given(["done"]),
    },
    "parent": {"child": Given()},
    "gate": {"ask": Given(outputs=APPROVED), "last": Given()},
    "narrow": {"only": Given()},
    "again": {"only": Given()},
    "long": {"only": Given(["slept"])},
    "loud": {
        "only": Given(
            [f"line {n} of a loud task" for n in range(1, LOUD + 1)],
            [("loud", float(n)) for n in range(1, LOUD + 1)],
        )
    },
}
"""The expected results, by the key of a flow and the path of a task run."""
PROPERTIES: Mapping[str, Mapping[str, Any]] = {"steps": {"rate": 0.1}}
"""The properties of executions; those of the other flows have none."""


class _Attempt(TypedDict):
    """An attempt of a task run; `id` and `flow_key` are of its execution."""

    id: UUID
    flow_key: str
    path: str
    attempt: int


class _TaskRun(_Attempt):
    properties: str
    task_run_id: UUID
    state: str
    outputs: str
    lines: int
    text: str
    metrics: int
    values: str


class _Twice(_Attempt):
    lines: int
    text: str


_TASK_RUNS = """
with stored_lines as (
  select task_run_id, attempt, count(*) as lines,
    encode(sha256(convert_to(string_agg(text || E'\\n', '' order by line), 'UTF8')), 'hex') as digest
  from logs group by 1, 2),
measured as (
  select task_run_id, attempt, count(*) as metrics,
    encode(sha256(convert_to(string_agg(text || E'\\n', '' order by text), 'UTF8')), 'hex') as digest
  from (select task_run_id, attempt, (name || ' ' || value::numeric(12, 1)) collate "C" as text from metrics) texts
  group by 1, 2)
select e.id, e.flow_key, e.properties, r.path, r.id as task_run_id, r.attempt, coalesce(a.state, r.state) as state,
  r.outputs - 'decidedAt' as outputs, coalesce(stored_lines.lines, 0) as lines,
  coalesce(stored_lines.digest, $1) as text,
  coalesce(measured.metrics, 0) as metrics, coalesce(measured.digest, $1) as values
from executions e join task_runs r on r.execution_id = e.id
left join attempts a on a.task_run_id = r.id and a.number = r.attempt
left join stored_lines on stored_lines.task_run_id = r.id and stored_lines.attempt = r.attempt
left join measured on measured.task_run_id = r.id and measured.attempt = r.attempt
where e.namespace = 'soak' and e.state = 'SUCCESS' order by e.id, r.position
"""
# All lines of one attempt differ, whatever its end.
_TWICE = """
select e.id, e.flow_key, l.path, l.attempt, count(*) as lines, min(l.text) as text
from (select execution_id, path, attempt, text from logs group by 1, 2, 3, 4 having count(*) > 1) l
join executions e on e.id = l.execution_id where e.namespace = 'soak' group by 1, 2, 3, 4 order by 1, 3, 4
"""
_TEXTS = """
select task_run_id, text from logs
where (task_run_id, attempt) in (select * from unnest($1::uuid[], $2::int[])) order by execution_id, line
"""


async def differences(raw: "asyncpg.Connection[Any]") -> list[str]:
    """Compares successful executions; and finds lines that are stored twice, in any attempt."""
    found: list[str] = []
    logs: list[_TaskRun] = []
    rows: list[_TaskRun] = await raw.fetch(_TASK_RUNS, digest(()))
    for _, of_one in groupby(rows, lambda row: row["id"]):
        task_runs = list(of_one)
        found += _of_execution(task_runs)
        for row in task_runs:
            wrong = _of_task_run(row)
            found += [f"{_place(row)}: {name} {one}" for name, one in wrong.items()]
            logs += [row] if "text" in wrong else []
    found += await _of_logs(raw, logs)
    twice: list[_Twice] = await raw.fetch(_TWICE)
    return found + [
        f"{_place(row)}: {row['lines']} lines stand more than once, such as {row['text']!r}"
        for row in twice
    ]


def _of_execution(task_runs: Sequence[_TaskRun]) -> Iterator[str]:
    first = task_runs[0]
    kind, paths = first["flow_key"], {row["path"] for row in task_runs}
    if paths != GIVEN[kind].keys():
        yield f"{_name(first)} has the task runs {sorted(paths)}"
    if json.loads(first["properties"]) != PROPERTIES.get(kind, {}):
        yield f"{_name(first)} has the properties {first['properties']}"


def _of_task_run(row: _TaskRun) -> dict[str, str]:
    given = GIVEN[row["flow_key"]].get(row["path"], Given())
    stored: dict[str, Any] = {**row, "outputs": json.loads(row["outputs"])}
    return {
        name: f"{stored[name]}, not {wanted}"
        for name, wanted in given.reported.items()
        if stored[name] != wanted
    }


async def _of_logs(raw: "asyncpg.Connection[Any]", rows: Sequence[_TaskRun]) -> list[str]:
    """Returns the missing and the excess lines; both are empty when the order differs."""
    ids, attempts = [row["task_run_id"] for row in rows], [row["attempt"] for row in rows]
    texts: dict[Any, Counter[str]] = {id: Counter() for id in ids}
    for id, text in await raw.fetch(_TEXTS, ids, attempts):
        texts[id][text] += 1
    found = []
    for row in rows:
        wanted = Counter(GIVEN[row["flow_key"]].get(row["path"], Given()).lines)
        lost, more = wanted - texts[row["task_run_id"]], texts[row["task_run_id"]] - wanted
        found.append(f"{_place(row)}: lost {_some(lost)}, too many {_some(more)}")
    return found


def _some(texts: Counter[str]) -> str:
    return f"{texts.total()} {list(texts)[:_SHOWN]}"


def _place(row: _Attempt) -> str:
    return f"{_name(row)} {row['path']} attempt {row['attempt']}"


def _name(row: _Attempt) -> str:
    return f"{row['flow_key']} {typed('exec', row['id'])}"
