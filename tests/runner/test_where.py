"""SQL and Python select the same rows, for any filter over any rows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.filters.filters import Ago, And, Field, Filter, Not, Operator, Or, Term
from models.filters.matching import listed, matches
from models.fingerprint import fingerprint
from models.ids import new_id
from models.states import EXECUTION_ENDS, ExecutionState, Origin
from models.trigger_kinds import TriggerKind
from runner.store.json import dump, dump_or_none
from runner.store.lists.filter_rows import candidates
from runner.store.postgres.connection import Executes
from runner.store.rows import ExecutionRow
from runner.store.where import Arguments, compile_filter, compile_listed, first_id_of

BEGIN = datetime(2026, 5, 1, 12, tzinfo=UTC)
COLUMNS = [
    "id",
    "namespace",
    "flow_key",
    "name",
    "kind",
    "state",
    "created_by",
    "created_at",
    "started_at",
    "ended_at",
    "idle",
    "idle_since",
    "progress",
    "origin",
    "archived",
    "labels",
    "properties",
    "inputs",
    "git",
    "failure",
    "seq",
    "state_seq",
    "parent_id",
    "replay_of",
    "rerun_of",
    "starters",
    "trigger",
]

# Few values, so that filters match rows; with those that reveal a difference: case, accents, wildcards, separators.
WORDS = [
    "nightly",
    "NIGHTLY",
    "nightly-orders",
    "größe",
    "GRÖSSE",
    "a_b",
    "a%b",
    "a\\b",
    "no space",
    "",
    "é",
    "1",
]
NUMBERS = [
    "0.1",
    "0.10",
    "1e2",
    "100",
    "-3",
    "1e400",
    "9007199254740993",
    " 1",
    "01",
    "true",
    "null",
]
ERRORS = [fingerprint("load", "X", word) for word in WORDS]
words = st.sampled_from(WORDS) | st.text("aAbB-._%\\é1 \n\"'", max_size=6)
keys = st.sampled_from(["team", "lr", 'a"b', "é"])
scalars = (
    words
    | st.sampled_from(NUMBERS)
    | st.sampled_from([0.1, 100, 100.0, -3, 1e22, 1e-7, 2**60, True, False, None])
    | st.just([1, "team"])
    | st.just({"$secret": "x"})
)
namespaces = st.sampled_from(["acme", "acme.data", "acmes", "b"])
moments = st.integers(-40, 40).map(lambda hours: BEGIN + timedelta(hours=hours))
states = st.sampled_from(ExecutionState)


ACTORS = ["user:maria", "token:maria", "engine", "user:a:b", "user:", "schedule:nightly"]
links = st.sampled_from([None, None, None, UUID(int=7)])
triggers = st.none() | words.map(lambda key: {"type": "schedule", "key": key})


@st.composite
def rows(draw: st.DrawFn) -> ExecutionRow:
    created = draw(moments)
    started = draw(
        st.none() | st.integers(0, 5).map(lambda hours: created + timedelta(hours=hours))
    )
    state = draw(states)
    ended = created + timedelta(hours=draw(st.integers(5, 9))) if state in EXECUTION_ENDS else None
    since = started + timedelta(hours=draw(st.integers(1, 4))) if started and not ended else None
    git = draw(st.none() | st.fixed_dictionaries({}, optional={"commit": words, "branch": words}))
    failure = draw(
        st.none() | words.map(lambda text: {"message": text, "code": "X", "path": "load"})
    )
    unique = new_id().int & (2**62 - 1)
    row = {
        "id": UUID(int=first_id_of(created).int | unique),
        "namespace": draw(namespaces),
        "flow_key": draw(words),
        "name": draw(words),
        "kind": draw(words),
        "state": state.value,
        "created_by": draw(st.sampled_from(ACTORS)),
        "created_at": created,
        "started_at": started,
        "ended_at": ended,
        "idle": draw(st.sampled_from([0.0, 3600.0, 10_800.0])),
        "idle_since": draw(st.sampled_from([None, since])),
        "progress": draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
        "origin": draw(st.sampled_from(Origin)).value,
        "archived": draw(st.booleans()),
        "labels": dump(draw(st.dictionaries(keys | st.just("system.test"), words, max_size=3))),
        "properties": dump(draw(st.dictionaries(keys, scalars, max_size=3))),
        "inputs": dump(draw(st.dictionaries(keys, scalars, max_size=3))),
        "git": dump(git) if git is not None else None,
        "failure": dump(failure) if failure else None,
        "seq": 1,
        "state_seq": 1,
        "parent_id": draw(links),
        "replay_of": draw(links),
        "rerun_of": draw(links),
        "starters": dump(draw(st.sampled_from([[], ["user:maria"]]))),
        "trigger": dump_or_none(draw(triggers)),
    }  # fmt: skip
    return cast(ExecutionRow, row)  # without the columns that filters do not read


numbers = st.sampled_from(
    [Decimal("0.1"), Decimal(100), Decimal("-3"), Decimal("1e22"), Decimal(2**60)]
)
times = moments | st.builds(
    Ago, st.integers(-40, 4000).map(lambda hours: hours * 3600.0), st.booleans()
)
ids = moments.map(first_id_of)
ordering = st.sampled_from([Operator.GT, Operator.GTE, Operator.LT, Operator.LTE])
TIMES = (Field.DATE, Field.CREATED_AT, Field.STARTED_AT, Field.ENDED_AT)
TEXTS = (
    Field.FLOW, Field.NAME, Field.KIND, Field.COMMIT, Field.BRANCH, Field.CREATED_BY, Field.SCHEDULE, Field.FINGERPRINT
)  # fmt: skip
FLAGS = (Field.RETRIED, Field.ERROR, Field.NOTES, Field.CHILDREN, Field.CHILD)
wanted = words | st.sampled_from([*NUMBERS, "maria", "engine", "a:b", "user:maria", "\0", "\ud800"])


def of(fields: Any, operators: Any, values: Any, keyed: bool = False) -> st.SearchStrategy[Term]:
    key = keys | st.sampled_from(["missing", "\0"]) if keyed else st.none()
    field = st.sampled_from(fields) if isinstance(fields, tuple) else st.just(fields)
    operator = st.just(operators) if isinstance(operators, Operator) else operators
    return st.builds(parsed, field, operator, values, key)


def parsed(field: Field, operator: Operator, value: Any, key: str | None) -> Term:
    """Makes a term as the parser does: the value of EXISTS is True."""
    return Term(field, operator, True if operator is Operator.EXISTS else value, key)


TEXTUAL = st.sampled_from([Operator.EQ, Operator.PREFIX, Operator.CONTAINS, Operator.EXISTS])
JSONS = (Field.LABEL, Field.PROPERTY, Field.INPUT)
terms = st.one_of(
    of(TEXTS, TEXTUAL, wanted),
    of(Field.ID, st.sampled_from([Operator.GTE, Operator.LTE]), ids),
    of(Field.FINGERPRINT, Operator.EQ, st.sampled_from(ERRORS)),
    of(Field.FINGERPRINT, Operator.IN, st.lists(st.sampled_from(ERRORS), max_size=3)),
    of((*TEXTS, Field.NAMESPACE), Operator.IN, st.lists(wanted | namespaces, max_size=3)),
    of(Field.NAMESPACE, st.sampled_from([Operator.EQ, Operator.UNDER, Operator.PREFIX]), namespaces),
    of(Field.STATE, Operator.IN, st.lists(states, max_size=4).map(tuple)),
    of(Field.ORIGIN, Operator.EQ, st.sampled_from(Origin)),
    of((Field.CREATED_AT, Field.STARTED_AT, Field.ENDED_AT), ordering | st.just(Operator.EXISTS), times),
    of((Field.DURATION, Field.PROGRESS), ordering, st.sampled_from([Decimal("0.5"), Decimal(7200)])),
    of((Field.DURATION, Field.STARTED_AT), Operator.EXISTS, st.just(True)),
    of(Field.PROGRESS, Operator.EQ, numbers),
    of(JSONS, TEXTUAL, wanted, keyed=True),
    of(JSONS, Operator.IN, st.lists(wanted, max_size=3), keyed=True),
    of(JSONS, ordering, numbers, keyed=True),
    of(Field.METRIC, ordering | st.sampled_from([Operator.EQ, Operator.EXISTS]), numbers, keyed=True),
    of(Field.TEXT, Operator.EQ, wanted.filter(len)),
    of(FLAGS, Operator.EQ, st.booleans()),
    of(Field.TRIGGER, Operator.IN, st.lists(st.sampled_from(TriggerKind), max_size=3).map(tuple)),
    of(Field.ARCHIVED, Operator.IN, st.sampled_from([(True,), (False,), (True, False)])),
    of(Field.TESTS, Operator.IN, st.just(True)),
)  # fmt: skip
filters: st.SearchStrategy[Filter] = st.recursive(
    terms,
    lambda inner: (
        st.lists(inner, max_size=3).map(And) | st.lists(inner, max_size=3).map(Or) | inner.map(Not)
    ),
    max_leaves=6,
)
metrics = st.dictionaries(
    keys, st.lists(st.sampled_from([0.1, 100.0, float("nan")]), min_size=1, max_size=3)
)


async def store(
    connection: Executes, stored: Sequence[Mapping[str, Any]], extras: list[Mapping[str, Any]]
) -> None:
    records = [tuple(row[column] for column in COLUMNS) for row in stored]
    await connection.copy_records_to_table("executions", columns=COLUMNS, records=records)
    for row, extra in zip(stored, extras, strict=True):
        for name, values in extra["metrics"].items():
            for number, value in enumerate(values):
                await connection.execute(
                    "insert into metrics (execution_id, id, name, value, kind, at) values ($1, $2, $3, $4, '', $5)",
                    row["id"], new_id(), name, value, BEGIN + timedelta(seconds=number),
                )  # fmt: skip
        if extra["attempt"]:
            await connection.execute(
                """insert into task_runs (id, execution_id, path, position, type, queue, state, attempt)
                   values ($1, $2, 'a', 0, 'log', 'default', 'SUCCESS', $3)""",
                new_id(), row["id"], extra["attempt"],
            )  # fmt: skip
        if extra["noted"]:
            await connection.execute(
                "insert into notes (id, execution_id, seq, author, text, at) values ($1, $2, 1, 'user:a', 'x', now())",
                new_id(), row["id"],
            )  # fmt: skip
        if extra["child"]:
            await connection.execute(
                "update executions set parent_id = $2 where id = $1", row["id"], stored[0]["id"]
            )


extras_of = st.fixed_dictionaries(
    {
        "metrics": metrics,
        "attempt": st.integers(0, 2),
        "noted": st.booleans(),
        "child": st.booleans(),
    }
)


@pytest.mark.timeout(240)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), wheres=st.lists(filters, min_size=1, max_size=12))
async def test_sql_and_python_agree(
    database_url: str, data: st.DataObject, wheres: list[Filter]
) -> None:
    stored = data.draw(st.lists(rows(), min_size=1, max_size=5))
    extras = data.draw(st.lists(extras_of, min_size=len(stored), max_size=len(stored)))
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await store(connection, stored, list(extras))
        for where in wheres:
            await compare(connection, where)
    finally:
        await transaction.rollback()
        await connection.close()


async def compare(connection: Executes, where: Filter) -> set[UUID]:
    """Checks that SQL and Python find the same rows; returns their ids."""
    found = await connection.fetch("select *, now() as now from executions")
    pairs = list(zip(await candidates(connection, where, found), found, strict=True))
    for compiled, matcher in ((compile_filter, matches), (compile_listed, listed)):
        arguments = Arguments()
        condition = compiled(where, arguments)
        rows = await connection.fetch(
            f"select id from executions where {condition}", *arguments.values
        )
        expected = {row["id"] for one, row in pairs if matcher(where, one, row["now"])}
        assert {row["id"] for row in rows} == expected
    return expected


def every_term() -> list[Term]:
    """Returns each kind of term with each of its operators and values."""
    textual = [Operator.EQ, Operator.PREFIX, Operator.CONTAINS, Operator.EXISTS]
    texts = [*WORDS, *NUMBERS, "maria", "engine", "user:maria", "NIGHT", "Space", "None", "[1]"]
    ordering = [Operator.GT, Operator.GTE, Operator.LT, Operator.LTE]
    amounts = [Decimal("0.1"), Decimal(100), Decimal(-3), Decimal("1e22"), Decimal(2**60)]
    hours = [BEGIN + timedelta(hours=number) for number in (-8, 0, 3, 6)]
    return [
        *(Term(f, o, v) for f, o, v in product(TEXTS, textual, texts)),
        *(Term(Field.FINGERPRINT, Operator.EQ, error) for error in ERRORS),
        *(Term(Field.TEXT, Operator.EQ, v) for v in texts if v),
        *(Term(f, o, v, "lr") for f, o, v in product(JSONS, textual, texts)),
        *(Term(f, o, v, "lr") for f, o, v in product((*JSONS, Field.METRIC), ordering, amounts)),
        *(Term(f, o, v) for f, o, v in product(TIMES, ordering, hours)),
        *(Term(Field.DURATION, o, Decimal(number * 3600)) for o, number in product(ordering, (1, 4, 9))),
        *(Term(f, Operator.EQ, v) for f, v in product(FLAGS, (True, False))),
        *(Term(Field.TRIGGER, Operator.IN, (kind,)) for kind in TriggerKind),
        *(Term(Field.STATE, Operator.IN, (state,)) for state in ExecutionState),
    ]  # fmt: skip


async def test_sql_and_python_agree_on_every_term(database_url: str) -> None:
    """Tries rows in which each value of a pool occurs; most terms match some rows and not others."""
    values = [*WORDS, *NUMBERS, "noSpace night", 0.1, 100, 100.0, -3, 1e22, 2**60, True, None, [1]]
    dice = Random(7)
    stored = [fixed_row(number, value, dice) for number, value in enumerate(values)]
    extras = [
        {"metrics": {"lr": [5.0, dice.choice([0.1, 100.0, float("nan")])]}, "attempt": number % 3,
         "noted": number % 2, "child": number % 5 == 1}
        for number in range(len(stored))
    ]  # fmt: skip
    significant = 0
    connection = await asyncpg.connect(database_url)
    try:
        await store(connection, stored, list(extras))
        for term in every_term():
            significant += 0 < len(await compare(connection, term)) < len(stored)
            await compare(connection, Not(term))
    finally:
        await connection.close()
    assert significant > 400


def fixed_row(number: int, value: Any, dice: Random) -> dict[str, Any]:
    text = value if isinstance(value, str) else str(value)
    created = BEGIN + timedelta(hours=number % 12 - 6)
    state = list(ExecutionState)[number % len(ExecutionState)]
    ended = created + timedelta(hours=5) if state in EXECUTION_ENDS else None
    actors = ["user:maria", "token:maria", "engine", "user:nightly", "user:", "schedule:x"]
    return {
        "id": UUID(int=first_id_of(created).int | number + 1), "namespace": "acme", "flow_key": text,
        "name": dice.choice(WORDS), "kind": text, "state": state.value, "created_by": actors[number % 6],
        "created_at": created, "started_at": None if number % 4 == 0 else created + timedelta(hours=number % 3),
        "ended_at": ended, "idle": number % 2 * 1800.0, "idle_since": None, "progress": 0.5,
        "origin": "HEADWAY", "archived": False,
        "labels": dump({"lr": text}), "properties": dump({"lr": value}), "inputs": dump({"lr": value}),
        "git": dump({"commit": text, "branch": text}) if number % 6 else None,
        "failure": dump({"message": text, "code": "X", "path": "load"}) if number % 3 else None,
        "seq": 1, "state_seq": 1, "parent_id": None,
        "replay_of": UUID(int=7) if number % 7 == 2 else None, "rerun_of": UUID(int=7) if number % 7 == 3 else None,
        "starters": dump(["user:maria"] if number % 4 == 1 else []), "trigger": dump({"key": text}),
    }  # fmt: skip
