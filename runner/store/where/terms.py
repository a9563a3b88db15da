"""Compiles one term to SQL, with the same meaning as in models/filters/matching.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from models.filters.filters import Ago, Field, Operator, Term
from models.filters.words import folded, pattern_of
from models.states import EXECUTION_ENDS
from runner.store.where.arguments import Arguments
from runner.store.where.json_terms import compile_in_json
from runner.store.where.scope import compile_under


@dataclass(frozen=True, slots=True)
class Target:
    """The table that a filter applies to: the column of each field, and the text in which free words are searched."""

    columns: Mapping[Field, str]
    searched: str


LAST_FIRST: Final = "at desc, step desc nulls last, id desc"
"""Orders metrics so that the last value of a name comes first; among values of the same time, that of the last step."""
TRIGGER_KIND: Final = (
    "headway_trigger(parent_id, replay_of, rerun_of, origin, created_by, starters)"
)
SCHEDULE_KEY: Final = (
    "headway_schedule(parent_id, replay_of, rerun_of, origin, created_by, trigger)"
)
FINGERPRINT: Final = "headway_fingerprint(failure)"
EXECUTIONS: Final = Target(
    {
        Field.ID: "id",
        Field.NAMESPACE: "namespace",
        Field.FLOW: "flow_key",
        Field.NAME: "name",
        Field.STATE: "state",
        Field.KIND: "kind",
        Field.CREATED_BY: "created_by",
        Field.DATE: "coalesce(started_at, created_at)",
        Field.CREATED_AT: "created_at",
        Field.STARTED_AT: "started_at",
        Field.ENDED_AT: "ended_at",
        Field.DURATION: "(coalesce(ended_at, idle_since, now()) - started_at - make_interval(secs => idle))",
        Field.PROGRESS: "progress",
        Field.ORIGIN: "origin",
        Field.TRIGGER: TRIGGER_KIND,
        Field.SCHEDULE: SCHEDULE_KEY,
        Field.COMMIT: "(git ->> 'commit')",
        Field.BRANCH: "(git ->> 'branch')",
        Field.FINGERPRINT: FINGERPRINT,
        Field.LABEL: "labels",
        Field.PROPERTY: "properties",
        Field.INPUT: "inputs",
    },
    "headway_searched(name, flow_key, failure ->> 'message')",
)
FLOWS: Final = Target(
    {
        Field.NAMESPACE: "namespace",
        Field.FLOW: "key",
        Field.KIND: "kind",
        Field.LABEL: "labels",
        Field.ENABLED: "enabled",
    },
    "headway_searched(key, namespace, description)",
)

COMPARE: Final[Mapping[Operator, str]] = {
    Operator.EQ: "=",
    Operator.GTE: ">=",
    Operator.GT: ">",
    Operator.LT: "<",
    Operator.LTE: "<=",
}
_AS_IT_IS: Final = str.maketrans({character: f"\\{character}" for character in "\\%_"})
_METRIC = f"""(select nullif(m.value, 'NaN') from metrics m where m.execution_id = executions.id
  and m.name = {{name}} order by {LAST_FIRST} limit 1)"""
_FLAGS: Mapping[Field, str] = {
    Field.ARCHIVED: "archived",
    Field.ENABLED: "enabled",
    Field.ERROR: "(failure is not null)",
    Field.RETRIED: "exists (select from task_runs t where t.execution_id = executions.id and t.attempt > 1)",
    Field.NOTES: "exists (select from notes n where n.execution_id = executions.id)",
    Field.CHILDREN: "exists (select from executions c where c.parent_id = executions.id)",
}
_JSON = frozenset({Field.LABEL, Field.PROPERTY, Field.INPUT})
# An id may be generated some time before its execution is created.
_MARGIN = timedelta(minutes=10)
_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)


def compile_term(term: Term, arguments: Arguments, target: Target) -> str:
    if not _storable(term.value) or not _storable(term.key):
        return "false"
    if term.field in _JSON:
        return compile_in_json(target.columns[term.field], term, arguments)
    if term.field in _FLAGS:
        values = term.value if term.operator is Operator.IN else (term.value,)
        return f"{_FLAGS[term.field]} = any({arguments.add(list(values))}::bool[])"
    if term.field is Field.TEXT:
        return _words(term, arguments, target)
    return _VALUED.get(term.field, _text)(term, arguments, target)


def _words(term: Term, arguments: Arguments, target: Target) -> str:
    """Puts `like` before the regular expression, which takes five times as long: the planner keeps the order of
    conditions of equal cost."""
    text = arguments.add(f"%{folded(term.value).translate(_AS_IT_IS)}%")
    searched = f'{target.searched} collate "C"'
    return f"({searched} like {text} and {searched} ~ {arguments.add(pattern_of(term.value))})"


def _tests(term: Term, arguments: Arguments, target: Target) -> str:
    return "true"


def _child(term: Term, arguments: Arguments, target: Target) -> str:
    """Uses the conditions of the two partial indexes."""
    return "parent_id is not null" if term.value else "parent_id is null"


def _text(term: Term, arguments: Arguments, target: Target) -> str:
    return _over_text(target.columns[term.field], term, arguments)


def compile_text(column: str, term: Term, arguments: Arguments) -> str:
    """A term over a column of text, of any table."""
    return _over_text(column, term, arguments) if _storable(term.value) else "false"


def _over_text(column: str, term: Term, arguments: Arguments) -> str:
    match term.operator:
        case Operator.IN if len(term.value) != 1:
            return f"{column} = any({arguments.add(list(term.value))}::text[])"
        case Operator.IN:
            return f"{column} = {arguments.add(term.value[0])}"
        case Operator.PREFIX:
            return f"starts_with({column}, {arguments.add(term.value)})"
        case Operator.UNDER:
            return compile_under(column, term.value, arguments)
        case Operator.CONTAINS:
            wanted = f'lower({arguments.add(term.value)}::text collate "C")'
            return f'strpos(lower({column} collate "C"), {wanted}) > 0'
        case Operator.EXISTS:
            return f"{column} is not null"
        case _:
            return f"{column} {COMPARE[term.operator]} {arguments.add(term.value)}"


def _state(term: Term, arguments: Arguments, target: Target) -> str:
    """Adds `ended_at is null` when no state is terminal, so that the small partial index can be used."""
    states = term.value if term.operator is Operator.IN else (term.value,)
    found = _over_text("state", Term(term.field, Operator.IN, tuple(states)), arguments)
    active = states and not EXECUTION_ENDS.intersection(states)
    return f"(ended_at is null and {found})" if active else found


def _id(term: Term, arguments: Arguments, target: Target) -> str:
    if term.operator in (Operator.GTE, Operator.LTE):
        return f"id {COMPARE[term.operator]} {arguments.add(term.value)}::uuid"
    ids = term.value if term.operator is Operator.IN else (term.value,)
    return f"id = any({arguments.add(list(ids))}::uuid[])"


def _fingerprint(term: Term, arguments: Arguments, target: Target) -> str:
    """Adds the condition of its partial index."""
    return f"(failure is not null and {_over_text(FINGERPRINT, term, arguments)})"


def _commit(term: Term, arguments: Arguments, target: Target) -> str:
    column = target.columns[term.field]
    if term.operator is not Operator.PREFIX:
        return _over_text(column, term, arguments)
    escaped = "".join(f"\\{c}" if c in "%_\\" else c for c in term.value)
    return f"{column} like {arguments.add(escaped + '%')}"


def _actor(term: Term, arguments: Arguments, target: Target) -> str:
    whole = _over_text("created_by", term, arguments)
    name = "substr(created_by, strpos(created_by, ':') + 1)"
    return f"({whole} or {_over_text(name, term, arguments)})"


def _time(term: Term, arguments: Arguments, target: Target) -> str:
    column = target.columns[term.field]
    if term.operator is Operator.EXISTS:
        return f"{column} is not null"
    exact = f"{column} {COMPARE[term.operator]} {_moment(term.value, arguments)}"
    if term.field is Field.CREATED_AT and term.operator is not Operator.EQ:
        return f"({_by_id(term, arguments)} and {exact})"
    return exact


def _moment(value: datetime | Ago, arguments: Arguments) -> str:
    if isinstance(value, datetime):
        return f"{arguments.add(value)}::timestamptz"
    origin = "date_trunc('day', now(), 'UTC')" if value.midnight else "now()"
    # A timedelta, not a day of PostgreSQL: Python's day has 24 hours in every time zone.
    return f"({origin} - {arguments.add(timedelta(seconds=value.seconds))}::interval)"


def _by_id(term: Term, arguments: Arguments) -> str:
    """Adds a bound by id, which has an index: ids begin with their time."""
    below = term.operator in (Operator.LT, Operator.LTE)
    compare, margin = ("<", _MARGIN) if below else (">=", -_MARGIN)
    if isinstance(term.value, datetime):
        bound = first_id_of(max(term.value, _EPOCH) + margin) if term.value.year < 9999 else None
        return f"id {compare} {arguments.add(bound)}" if bound else "true"
    moment = f"{_moment(term.value, arguments)} + {arguments.add(margin)}::interval"
    return f"id {compare} headway_least_id(greatest({moment}, '1970-01-02'))"


def first_id_of(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a millisecond, for searching executions of a time by id."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(max(milliseconds, 0) << 80) | (7 << 76) | (2 << 62))


def _duration(term: Term, arguments: Arguments, target: Target) -> str:
    column = target.columns[Field.DURATION]
    if term.operator is Operator.EXISTS:
        return f"{column} is not null"
    seconds = timedelta(seconds=float(term.value))
    return f"{column} {COMPARE[term.operator]} {arguments.add(seconds)}::interval"


def _number(term: Term, arguments: Arguments, target: Target) -> str:
    column = target.columns.get(term.field) or _METRIC.format(name=arguments.add(term.key))
    if term.operator is Operator.EXISTS:
        return f"{column} is not null"
    return f"{column} {COMPARE[term.operator]} {arguments.add(float(term.value))}::float8"


_VALUED: Final[Mapping[Field, Callable[[Term, Arguments, Target], str]]] = {
    Field.TESTS: _tests,
    Field.CHILD: _child,
    Field.ID: _id,
    Field.STATE: _state,
    Field.COMMIT: _commit,
    Field.FINGERPRINT: _fingerprint,
    Field.CREATED_BY: _actor,
    Field.DATE: _time,
    Field.CREATED_AT: _time,
    Field.STARTED_AT: _time,
    Field.ENDED_AT: _time,
    Field.DURATION: _duration,
    Field.PROGRESS: _number,
    Field.METRIC: _number,
}


def _storable(value: Any) -> bool:
    """Returns whether PostgreSQL can store the value; a value that it cannot store matches nothing."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, tuple | list):
        return all(map(_storable, value))
    return True
