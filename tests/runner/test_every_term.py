"""Every field with every operator, over rows of similar namespaces: SQL and Python find the same as an oracle.

The oracle below is a third implementation, in plain Python over dictionaries, independent of the other two.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import product
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from models.access.viewer import Scope
from models.errors import Refused
from models.filters.filter_keys import keys_of, required_keys
from models.filters.filters import And, Field, Filter, Not, Operator, Term, terms_of
from models.filters.matching import Candidate, matches
from models.ids import new_id, typed
from models.search import EXECUTIONS, parse_search
from models.search.terms import OPERATORS
from models.states import ExecutionState
from models.trigger_kinds import TriggerKind
from runner.store.json import dump, dump_or_none
from runner.store.lists.filter_rows import candidates
from runner.store.where import Arguments, compile_filter, compile_scope, first_id_of
from schema.lists.filters import _FLAGS, _TEXTS, ExecutionFilter
from schema.lists.operators import DateTimeFilter, NumberFilter, StringFilter

Op, F = Operator, Field
BEGIN: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
IDS: Final = [
    UUID(int=first_id_of(BEGIN + timedelta(hours=number)).int | number) for number in range(8)
]
MISSING: Final = object()

ROWS: Final[Sequence[Mapping[str, Any]]] = [
    {"namespace": "acme", "flow": "etl", "kind": "train", "state": "SUCCESS", "by": "user:maria",
     "started": 1, "ended": 3, "progress": 1.0, "values": {"lr": 0.1, "team": "data"}, "loss": 0.1,
     "commit": "abc1", "branch": "main", "retried": True, "archived": True},
    {"namespace": "acmes", "flow": "etl-2", "kind": "Training", "state": "FAILED", "by": "token:ci",
     "started": 2, "ended": 3, "progress": 1.0, "values": {"lr": "0.1"}, "loss": 5.0, "commit": "abd2",
     "branch": "maintenance", "error": "no space left", "notes": True},
    {"namespace": "acme.a", "flow": "ETL", "kind": "test", "state": "RUNNING", "by": "schedule:nightly",
     "started": 3, "progress": 0.5, "values": {"lr": "Data"}, "trigger": {"key": "nightly"},
     "children": True},
    {"namespace": "acme.a.b", "flow": "load", "kind": "test", "state": "CREATED", "by": "schedule:nightly-2",
     "progress": 0.0, "values": {"lr": True}, "trigger": {"key": "nightly-2"}, "starters": ["user:maria"]},
    {"namespace": "acme.a", "flow": "sub", "kind": "test", "state": "QUEUED", "by": "user:maria",
     "progress": 0.0, "values": {}, "parent": 2, "trigger": {"key": "nightly"}},
    {"namespace": "Acme", "flow": "etl", "kind": "train", "state": "KILLED", "by": "user:ria", "started": 1,
     "ended": 4, "progress": 1.0, "values": {"lr": 100}, "loss": 100.0, "replay": True},
    {"namespace": "acmé.a", "flow": "etl", "kind": "train", "state": "ERROR", "by": "schedule:nightly",
     "ended": 4, "progress": 1.0, "values": {"lr": None}, "rerun": True, "error": "Space is full",
     "trigger": {"key": "nightly"}},
    {"namespace": "a", "flow": "acme", "kind": "train", "state": "SUCCESS", "by": "token:ci", "ended": 5,
     "progress": 1.0, "values": {"lr": [0.1]}, "origin": "EXTERNAL"},
]  # fmt: skip


def trigger_kind(row: Mapping[str, Any]) -> str:
    nearest = [
        ("SUBFLOW", row.get("parent")),
        ("REPLAY", row.get("replay")),
        ("RERUN", row.get("rerun")),
        ("RECORDED", row.get("origin") == "EXTERNAL"),
        ("BACKFILL", row["by"][:9] == "schedule:" and row.get("starters")),
        ("SCHEDULE", row["by"][:9] == "schedule:"),
        ("MANUAL", row["by"][:5] == "user:"),
        ("API", True),
    ]
    return next(kind for kind, holds in nearest if holds)


def moment(row: Mapping[str, Any], name: str) -> datetime | None:
    return None if row.get(name) is None else BEGIN + row[name] * HOUR


def lasted(row: Mapping[str, Any]) -> float | None:
    began, until = moment(row, "started"), moment(row, "ended")
    return None if began is None or until is None else (until - began).total_seconds()


def schedule_key(row: Mapping[str, Any]) -> str | None:
    return row["trigger"]["key"] if trigger_kind(row) in ("SCHEDULE", "BACKFILL") else None


def digest(error: str) -> str:
    """Returns the fingerprint of failures that have neither a task nor a code, and whose text has no variable parts."""
    return sha256(f"||{error.lower()}".encode()).hexdigest()[:12]


VALUE_OF: Final[Mapping[Field, Callable[[Mapping[str, Any]], Any]]] = {
    F.ID: lambda row: row["id"],
    F.NAMESPACE: lambda row: row["namespace"],
    F.FLOW: lambda row: row["flow"],
    F.NAME: lambda row: f"{row['flow']} run",
    F.STATE: lambda row: row["state"],
    F.KIND: lambda row: row["kind"],
    F.LABEL: lambda row: str(row["values"]["lr"]) if "lr" in row["values"] else MISSING,
    F.PROPERTY: lambda row: row["values"].get("lr", MISSING),
    F.INPUT: lambda row: row["values"].get("lr", MISSING),
    F.METRIC: lambda row: row.get("loss"),
    F.CREATED_BY: lambda row: row["by"],
    F.CREATED_AT: lambda row: BEGIN + row["number"] * HOUR,
    F.DATE: lambda row: moment(row, "started") or BEGIN + row["number"] * HOUR,
    F.STARTED_AT: lambda row: moment(row, "started"),
    F.ENDED_AT: lambda row: moment(row, "ended"),
    F.DURATION: lasted,
    F.PROGRESS: lambda row: row["progress"],
    F.ORIGIN: lambda row: row.get("origin", "HEADWAY"),
    F.COMMIT: lambda row: row.get("commit"),
    F.BRANCH: lambda row: row.get("branch"),
    F.TEXT: lambda row: f"{row['flow']} run {row['flow']} {row.get('error', '')}".lower().split(),
    F.ARCHIVED: lambda row: row.get("archived", False),
    F.TESTS: lambda row: True,
    F.RETRIED: lambda row: row.get("retried", False),
    F.ERROR: lambda row: "error" in row,
    F.FINGERPRINT: lambda row: digest(row["error"]) if "error" in row else None,
    F.NOTES: lambda row: row.get("notes", False),
    F.CHILDREN: lambda row: row.get("children", False),
    F.CHILD: lambda row: "parent" in row,
    F.TRIGGER: trigger_kind,
    F.SCHEDULE: schedule_key,
}
NO_SPACE, FULL = digest("no space left"), digest("Space is full")
_TEXTUAL: Final[Mapping[Operator, Sequence[Any]]] = {
    Op.EQ: ["acme", "etl", "train", "maria", "user:maria", "main", "abc1", "nightly", "0.1", "100", "true", "Data"],
    Op.IN: [("acme", "acmes"), ("etl", "ETL"), ("maria",), ("0.1", "Data"), ("nightly", "main"), ()],
    Op.PREFIX: ["acme", "acme.", "e", "tr", "ma", "user:", "ab", "night", "Da"],
    Op.CONTAINS: ["ACME", "me.a", "T", "RI", "ab", "ight", "da", "0"],
    Op.EXISTS: [True],
}  # fmt: skip
_NUMBERS: Final = [Decimal("0.1"), Decimal("0.5"), Decimal(1), Decimal(100)]
_HOURS: Final = [BEGIN + number * HOUR for number in range(7)]
_ORDERS: Final = (Op.GT, Op.GTE, Op.LT, Op.LTE)
_TEXT_FIELDS: Final = (F.FLOW, F.NAME, F.KIND, F.CREATED_BY, F.COMMIT, F.BRANCH, F.SCHEDULE)
_FLAG_FIELDS: Final = (F.RETRIED, F.ERROR, F.NOTES, F.CHILDREN, F.CHILD)


def _ordered(values: Sequence[Any], *more: Operator) -> Mapping[Operator, Sequence[Any]]:
    return {**dict.fromkeys((*_ORDERS, *more), values), Op.EXISTS: [True]}


VALUES: Final[Mapping[Field, Mapping[Operator, Sequence[Any]]]] = {
    **{field: _TEXTUAL for field in _TEXT_FIELDS},
    **{field: {**_TEXTUAL, **dict.fromkeys(_ORDERS, _NUMBERS)} for field in (F.LABEL, F.PROPERTY, F.INPUT)},
    **dict.fromkeys((F.STARTED_AT, F.ENDED_AT, F.CREATED_AT, F.DATE), _ordered(_HOURS)),
    **{field: {Op.EQ: [True, False]} for field in _FLAG_FIELDS},
    F.NAMESPACE: {**_TEXTUAL, Op.UNDER: ["acme", "acme.a", "acm", "a", "Acme"]},
    F.ID: {Op.EQ: IDS[:3], Op.IN: [(), tuple(IDS[2:5]), (IDS[0], new_id())], Op.GTE: IDS[2:5], Op.LTE: IDS[2:5]},
    F.STATE: {Op.IN: [(state,) for state in ExecutionState] + [("CREATED", "FAILED"), ()]},
    F.METRIC: _ordered(_NUMBERS, Op.EQ),
    F.DURATION: _ordered([Decimal(number * 3600) for number in range(4)], Op.EQ),
    F.PROGRESS: _ordered(_NUMBERS, Op.EQ),
    F.ORIGIN: {Op.EQ: ["HEADWAY", "EXTERNAL"], Op.PREFIX: ["EXT"], Op.CONTAINS: ["way"], Op.EXISTS: [True]},
    F.TEXT: {Op.EQ: ["etl", "ru", "un", "SPACE", "space left", "full"]},
    F.ARCHIVED: {Op.IN: [(True,), (False,), (True, False), ()]},
    F.TESTS: {Op.IN: [True]},
    F.FINGERPRINT: {Op.EQ: [NO_SPACE, FULL, "0123456789ab"], Op.IN: [(NO_SPACE, FULL), (FULL,), ()],
                    Op.PREFIX: [NO_SPACE[:3]], Op.CONTAINS: [FULL[4:9]], Op.EXISTS: [True]},
    F.TRIGGER: {Op.IN: [(kind,) for kind in TriggerKind] + [("SUBFLOW", "API"), ()]},
}  # fmt: skip
"""The operators of each field, with values to try. Filters cannot express other operators: see the test below."""
NEVER_SAID: Final = {(F.ENABLED, operator) for operator in Operator}
"""Fields of flows only."""


def oracle(term: Term, row: Mapping[str, Any]) -> bool:
    value = VALUE_OF[term.field](row)
    in_a_json = term.field in (F.PROPERTY, F.INPUT, F.LABEL)
    if value is MISSING or (value is None and not in_a_json):
        return False
    if term.field is F.TESTS or term.operator is Op.EXISTS:
        return True
    if term.field is F.TEXT:
        return has_word(
            f"{row['flow']} run\n{row['flow']}\n{row.get('error', '')}".lower(), term.value.lower()
        )
    if in_a_json:
        return in_json(term.operator, value, term.value)
    if term.field is F.CREATED_BY:
        return any(
            compared(term.operator, one, term.value) for one in (value, value.split(":", 1)[1])
        )
    if isinstance(value, float):
        return compared(term.operator, value, float(term.value))
    return compared(term.operator, value, term.value)  # fmt: skip


def has_word(text: str, wanted: str) -> bool:
    places = (at for at in range(len(text)) if text[at : at + len(wanted)] == wanted)
    return any(at == 0 or not text[at - 1].isalnum() for at in places)


def in_json(operator: Operator, value: Any, wanted: Any) -> bool:
    if operator is Op.IN:
        return any(in_json(Op.EQ, value, one) for one in wanted)
    if operator in (Op.PREFIX, Op.CONTAINS):
        return isinstance(value, str) and bool(compared(operator, value, wanted))
    if operator is Op.EQ and isinstance(value, bool):
        return bool(str(value).lower() == wanted)
    if operator is Op.EQ and isinstance(value, str):
        return bool(value == wanted)
    number = None if isinstance(value, bool) else number_of(value)
    other = number_of(wanted)
    return number is not None and other is not None and compared(operator, number, other)


def number_of(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def compared(operator: Operator, value: Any, wanted: Any) -> bool:
    operations: Mapping[Operator, Callable[[], bool]] = {
        Op.EQ: lambda: value == wanted,
        Op.IN: lambda: value in list(wanted),
        Op.PREFIX: lambda: value[: len(wanted)] == wanted,
        Op.UNDER: lambda: value.split(".")[: wanted.count(".") + 1] == wanted.split("."),
        Op.CONTAINS: lambda: wanted.lower() in value.lower(),
        Op.GT: lambda: value > wanted,
        Op.GTE: lambda: value >= wanted,
        Op.LT: lambda: value < wanted,
        Op.LTE: lambda: value <= wanted,
    }
    return operations[operator]()


KEYED: Final = {F.LABEL: "lr", F.PROPERTY: "lr", F.INPUT: "lr", F.METRIC: "loss"}


def tried(field: Field, operator: Operator) -> Iterator[Term]:
    for value in VALUES[field][operator]:
        yield Term(field, operator, value, KEYED.get(field))


def numbered() -> list[dict[str, Any]]:
    return [{**row, "id": id, "number": n} for n, (row, id) in enumerate(zip(ROWS, IDS, strict=True))]  # fmt: skip


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(database_url)
    try:
        for row in numbered():
            await insert(connection, row)
        yield connection
    finally:
        await connection.close()


async def insert(connection: "asyncpg.Connection[Any]", row: Mapping[str, Any]) -> None:
    values, failure = row["values"], {"message": row["error"]} if "error" in row else None
    columns = {
        "id": row["id"], "namespace": row["namespace"], "flow_key": row["flow"], "name": f"{row['flow']} run",
        "kind": row["kind"], "state": row["state"], "created_by": row["by"], "seq": 1, "state_seq": 1,
        "created_at": BEGIN + row["number"] * HOUR, "started_at": moment(row, "started"),
        "ended_at": moment(row, "ended"), "progress": row["progress"], "origin": row.get("origin", "HEADWAY"),
        "archived": row.get("archived", False),
        "labels": dump({key: str(value) for key, value in values.items()}),
        "properties": dump(values), "inputs": dump(values), "failure": dump_or_none(failure),
        "git": dump_or_none({key: row[key] for key in ("commit", "branch") if key in row} or None),
        "parent_id": IDS[row["parent"]] if "parent" in row else None,
        "replay_of": IDS[0] if "replay" in row else None, "rerun_of": IDS[0] if "rerun" in row else None,
        "starters": dump(row.get("starters", [])), "trigger": dump_or_none(row.get("trigger")),
    }  # fmt: skip
    records = [tuple(columns.values())]
    await connection.copy_records_to_table("executions", columns=list(columns), records=records)
    if "loss" in row:
        await connection.execute(
            "insert into metrics (execution_id, id, name, value, kind, at) values ($1, $2, 'loss', $3, '', $4)",
            row["id"], new_id(), row["loss"], BEGIN,
        )  # fmt: skip
    if "retried" in row:
        await connection.execute(
            """insert into task_runs (id, execution_id, path, position, type, queue, state, attempt)
               values ($1, $2, 'a', 0, 'log', 'default', 'SUCCESS', 2)""",
            new_id(), row["id"],
        )  # fmt: skip
    if "notes" in row:
        await connection.execute(
            "insert into notes (id, execution_id, seq, author, text, at) values ($1, $2, 1, 'user:a', 'x', now())",
            new_id(), row["id"],
        )  # fmt: skip


async def test_every_field_with_every_operator_finds_its_rows(
    connection: "asyncpg.Connection[Any]",
) -> None:
    rows = numbered()
    ended = [row for row in rows if lasted(row) is not None or row.get("started") is None]
    stored = await connection.fetch("select *, now() as now from executions order by created_at")
    for field, operator in product(Field, Operator):
        if (field, operator) in NEVER_SAID or operator not in VALUES[field]:
            continue
        # The duration of a running execution depends on the clock, which the oracle does not have.
        known = ended if field is F.DURATION else rows
        among = {one["id"] for one in known}
        selected = await candidates(connection, Term(field, operator, None), stored)
        distinct = set()
        for where in (each for term in tried(field, operator) for each in (term, Not(term))):
            expected = {one["id"] for one in known if holds(where, one)}
            python = {one.id for one in selected if matches(where, one, stored[0]["now"])} & among
            assert await by_sql(connection, where) & among == expected, f"SQL: {where}"
            assert python == expected, f"Python: {where}"
            assert notified_by(where, selected) >= python, f"marks: {where}"
            distinct.add(frozenset(expected))
        assert len(distinct) > 1, f"{field} {operator} tells no rows apart"


def holds(where: Term | Not, row: Mapping[str, Any]) -> bool:
    match where:
        case Not(Term() as term):
            return not oracle(term, row)
        case Term():
            return oracle(where, row)
    raise AssertionError(where)


async def by_sql(connection: "asyncpg.Connection[Any]", where: Filter) -> set[UUID]:
    arguments = Arguments()
    condition = compile_filter(where, arguments)
    rows = await connection.fetch(f"select id from executions where {condition}", *arguments.values)
    return {row["id"] for row in rows}


def notified_by(where: Filter, selected: Sequence[Candidate]) -> set[UUID]:
    """Returns the candidates for which a live list of this filter is notified."""
    marks = required_keys(where)
    return {one.id for one in selected if marks is None or not marks.isdisjoint(keys_of(one))}


@pytest.mark.parametrize("namespaces", [None, (), ("acme",), ("acme.a",), ("acmes", "a"), ("acm",)])
async def test_access_to_a_namespace_includes_those_below(
    connection: "asyncpg.Connection[Any]", namespaces: tuple[str, ...] | None
) -> None:
    """Access to `acme` gives no access to `acmes`."""
    expected = {
        row["namespace"]
        for row in ROWS
        if namespaces is None
        or any(compared(Op.UNDER, row["namespace"], one) for one in namespaces)
    }
    scope, arguments = Scope(namespaces), Arguments()
    condition = compile_scope(scope, arguments)
    rows = await connection.fetch(f"select namespace from executions where {condition}", *arguments.values)  # fmt: skip
    assert {row["namespace"] for row in rows} == expected
    assert {row["namespace"] for row in ROWS if scope.covers(row["namespace"])} == expected


def test_the_table_above_leaves_nothing_out() -> None:
    assert set(VALUES) | {field for field, _ in NEVER_SAID} == set(Field)
    assert set(VALUE_OF) == set(VALUES)
    said = {(term.field, term.operator) for term in (*searched(), *filtered())}
    tabled = {(field, operator) for field, operators in VALUES.items() for operator in operators}
    assert said <= tabled
    assert {field for field, _ in said} == set(VALUES)


def searched() -> Iterator[Term]:
    """Yields all terms of the search language: each field with each operator and each shape of value."""
    values = ("x", "x*", "*", "a.*", "5", "1 TO 5", "1h", "1h TO 2h", "abc", "2026-01-01", "today TO now", "failed",
              "schedule", "external", NO_SPACE, typed("exec", IDS[0]))  # fmt: skip
    for name, known in EXECUTIONS.items():
        for symbol, value in product(OPERATORS[known.takes], (*values, *(known.flags or ()))):
            for text in (
                *(f"{name}{key}{symbol}{value}" for key in ("", ".key", ":key")),
                f"{name}:key",
            ):
                with suppress(Refused):
                    yield from terms_of(parse_search(text))


def filtered() -> Iterator[Term]:
    """Yields all terms of `where` for its plain fields."""
    text = StringFilter(eq="x", in_=["x"], prefix="x", contains="x")
    time = DateTimeFilter(gte=BEGIN, gt=BEGIN, lt=BEGIN, lte=BEGIN)
    number = NumberFilter(eq=1.0, gte=1.0, gt=1.0, lt=1.0, lte=1.0)
    for name, field in _TEXTS.items():
        kind = time if field is F.DATE or field.value.endswith("_at") else text
        given = number if field in (F.DURATION, F.PROGRESS) else kind
        yield from terms_of(_where(**{name: given}).to_filter())
    for name in _FLAGS:
        yield from terms_of(_where(**{name: True}).to_filter())
    whole = _where(trigger=[TriggerKind.API], include_tests=True, id=[])
    yield from terms_of(And((whole.to_filter(),)))


def _where(**given: Any) -> ExecutionFilter:
    return ExecutionFilter(**given)
