"""The search language: the meaning of each term, and the errors for invalid searches."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Problem, ProblemCode, Refused
from models.filters.filters import EVERYTHING, Ago, And, Field, Filter, Not, Operator, Or, Term
from models.search import FLOWS, LONGEST, parse_search
from models.search.fields import EXECUTIONS, STATE_WORDS
from models.states import ExecutionState
from models.trigger_kinds import TriggerKind

EQ, PREFIX, CONTAINS, EXISTS = Operator.EQ, Operator.PREFIX, Operator.CONTAINS, Operator.EXISTS
GT, GTE, LT, LTE = Operator.GT, Operator.GTE, Operator.LT, Operator.LTE
FAILED = Term(Field.STATE, Operator.IN, (ExecutionState.FAILED,))
ERROR = Term(Field.STATE, Operator.IN, (ExecutionState.ERROR,))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def word(text: str) -> Term:
    return Term(Field.TEXT, EQ, text)


MEANINGS: dict[str, Filter] = {
    "": EVERYTHING,
    "  ": EVERYTHING,
    "state:failed AND flow:nightly-orders": And((FAILED, Term(Field.FLOW, EQ, "nightly-orders"))),
    "state:failed flow:x": And((FAILED, Term(Field.FLOW, EQ, "x"))),
    "state:failed OR state:error": Or((FAILED, ERROR)),
    "a OR b c": Or((word("a"), And((word("b"), word("c"))))),
    "(a OR b) c": And((Or((word("a"), word("b"))), word("c"))),
    "NOT a b": And((Not(word("a")), word("b"))),
    "NOT (a b)": Not(And((word("a"), word("b")))),
    "state!=failed": Not(FAILED),
    "STATE:FAILED": FAILED,
    "status:completed": Term(Field.STATE, Operator.IN, (ExecutionState.SUCCESS,)),
    'state:"failed finishing"': Term(Field.STATE, Operator.IN, (ExecutionState.FAILED_FINISHING,)),
    "state:CANCELLED": Term(Field.STATE, Operator.IN, (ExecutionState.CANCELLED,)),
    "state:cancelled": Term(Field.STATE, Operator.IN, (ExecutionState.CANCELLED, ExecutionState.KILLED)),
    "state:fail*": Term(Field.STATE, Operator.IN, (ExecutionState.FAILED_FINISHING, ExecutionState.FAILED)),
    "state~cel": Term(Field.STATE, Operator.IN, (ExecutionState.CANCELLED,)),
    "namespace:acme.*": Term(Field.NAMESPACE, Operator.UNDER, "acme"),
    "namespace:ac*": Term(Field.NAMESPACE, PREFIX, "ac"),
    "pipeline:x": Term(Field.FLOW, EQ, "x"),
    "flow:nightly*": Term(Field.FLOW, PREFIX, "nightly"),
    'flow:"nightly*"': Term(Field.FLOW, EQ, "nightly*"),
    "name~nig": Term(Field.NAME, CONTAINS, "nig"),
    "branch:*": Term(Field.BRANCH, EXISTS, True),
    "label.team:data": Term(Field.LABEL, EQ, "data", "team"),
    "label:team=data": Term(Field.LABEL, EQ, "data", "team"),
    "label:team": Term(Field.LABEL, EXISTS, True, "team"),
    "label:team!=data": Not(Term(Field.LABEL, EQ, "data", "team")),
    'label:"my team"="a b"': Term(Field.LABEL, EQ, "a b", "my team"),
    "label.a.b/c:d": Term(Field.LABEL, EQ, "d", "a.b/c"),
    "property:lr=0.001": Term(Field.PROPERTY, EQ, "0.001", "lr"),
    "property:epochs>10": Term(Field.PROPERTY, GT, Decimal(10), "epochs"),
    "metric:loss<0.2": Term(Field.METRIC, LT, Decimal("0.2"), "loss"),
    "input.region:eu": Term(Field.INPUT, EQ, "eu", "region"),
    "commit:A3F9e2b7": Term(Field.COMMIT, PREFIX, "a3f9e2b7"),
    "by:maria": Term(Field.CREATED_BY, EQ, "maria"),
    "origin:external": Term(Field.ORIGIN, EQ, "EXTERNAL"),
    "date:2026-01-01 TO 2026-01-31": And(
        (Term(Field.DATE, GTE, at("2026-01-01")), Term(Field.DATE, LT, at("2026-02-01")))
    ),
    "date:2026-01-31": And(
        (Term(Field.DATE, GTE, at("2026-01-31")), Term(Field.DATE, LT, at("2026-02-01")))
    ),
    "date>2026-01-01": Term(Field.DATE, GTE, at("2026-01-02")),
    "created>2026-01-01": Term(Field.CREATED_AT, GTE, at("2026-01-02")),
    "date<=2026-01-01": Term(Field.DATE, LT, at("2026-01-02")),
    "ended<2026-01-01T08:00+02:00": Term(Field.ENDED_AT, LT, at("2026-01-01T06:00")),
    "started>-24h": Term(Field.STARTED_AT, GT, Ago(86400)),
    "date:yesterday": And(
        (Term(Field.DATE, GTE, Ago(86400, True)), Term(Field.DATE, LT, Ago(0, True)))
    ),
    "duration>1h30m": Term(Field.DURATION, GT, Decimal("5400.0")),
    "progress:0.2 TO 0.5": And(
        (Term(Field.PROGRESS, GTE, Decimal("0.2")), Term(Field.PROGRESS, LTE, Decimal("0.5")))
    ),
    "id:exec_00000000000000000000000001": Term(Field.ID, EQ, UUID(int=1)),
    "id:exec_0000000000000000000000000*": And(
        (
            Term(Field.ID, Operator.GTE, UUID(int=0)),
            Term(Field.ID, Operator.LTE, UUID(int=31)),
        )
    ),
    "has:notes": Term(Field.NOTES, EQ, True),
    "is:child": Term(Field.CHILD, EQ, True),
    "is:root": Not(Term(Field.CHILD, EQ, True)),
    "trigger:Schedule": Term(Field.TRIGGER, Operator.IN, (TriggerKind.SCHEDULE,)),
    "trigger!=subflow": Not(Term(Field.TRIGGER, Operator.IN, (TriggerKind.SUBFLOW,))),
    "trigger:nightly": Term(Field.SCHEDULE, EQ, "nightly"),
    "trigger:night*": Term(Field.SCHEDULE, PREFIX, "night"),
    "trigger~sched": Term(Field.SCHEDULE, CONTAINS, "sched"),
    "schedule:schedule": Term(Field.SCHEDULE, EQ, "schedule"),
    "schedule:*": Term(Field.SCHEDULE, EXISTS, True),
    '"say \\"hi\\""': word('say "hi"'),
    "ANDROID NOTHING ORDER TOM": And((word("ANDROID"), word("NOTHING"), word("ORDER"), word("TOM"))),
    "a-b_c/d.e": word("a-b_c/d.e"),
}  # fmt: skip
MISTAKES = {
    "stat:failed": (1, "there is no field `stat`; did you mean `state`?"),
    "a state:faild": (9, "`state` got 'faild': expected a state; did you mean `failed`?"),
    "flow>3": (5, "`flow` takes text: expected one of != : = ~"),
    "duration:5m": (10, "expected one of >, >=, <, <= before a duration"),
    "duration>soon": (10, "expected a duration such as 30m"),
    "started:2026-13-01": (9, "expected a date such as 2026-01-31"),
    "date>99999-01-01": (6, "expected a date such as 2026-01-31"),
    "date:9999-12-31": (6, "expected a date such as 2026-01-31"),
    "progress>many": (10, "expected a number such as 0.5"),
    "commit:xyz": (8, "expected the beginning of a commit"),
    "id:exec_1": (
        4,
        "expected the whole id of an execution, such as exec_01k..., or its beginning",
    ),
    "is:runing": (4, "did you mean `running`?"),
    "label=data": (1, "`label` needs a key"),
    "flow.key:x": (1, "`flow` has no keys"),
    "flow:a TO b": (6, "`flow` does not take a range"),
    "(state:failed": (14, "ends too early: expected `)`"),
    "state:failed)": (13, "did not expect ')'"),
    "state:": (7, "ends too early: expected a value"),
    "a AND": (6, "ends too early"),
    "OR b": (1, "did not expect 'OR'"),
    "a OR OR b": (6, "did not expect 'OR'"),
    'a "b': (3, "this quote is not closed"),
    "x" * (LONGEST + 1): (LONGEST + 1, "at most 2000 characters"),
    "a\0": (2, "must not contain NUL"),
    "(" * 201: (1, "nested too deeply"),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_the_meaning_of_searches(text: str) -> None:
    assert parse_search(text) == MEANINGS[text]


def refusal(text: str) -> Problem:
    with pytest.raises(Refused) as refused:
        parse_search(text)
    (problem,) = refused.value.problems
    return problem


@pytest.mark.parametrize("text", MISTAKES)
def test_messages_of_errors(text: str) -> None:
    problem, (column, sentence) = refusal(text), MISTAKES[text]
    assert (problem.code, problem.path) == (ProblemCode.VALIDATION, ("search",))
    assert (problem.line, problem.column) == (1, column)
    assert sentence in problem.message and f"(column {column})" in problem.message


def test_too_large_searches_are_refused() -> None:
    assert refusal("NOT " * 30 + "a").message.startswith("nested too deeply: at most 20 levels")
    assert refusal("a " * 101).message == "101 terms are too many; at most 100"


def test_every_state_has_its_word() -> None:
    for state in ExecutionState:
        assert state in STATE_WORDS[state.value.lower()]


STATE_NAMES = {
    **{state.value.lower().replace("_", " "): {state.value} for state in ExecutionState},
    "pending": {"CREATED", "QUEUED"},
    "ready": {"CREATED"},
    "preparing": {"CREATED"},
    "waiting": {"WAITING_FOR_APPROVAL"},
    "completed": {"SUCCESS"},
    "succeeded": {"SUCCESS"},
    "cancelled": {"CANCELLED", "KILLED"},
    "canceled": {"CANCELLED", "KILLED"},
}
FIELD_NAMES = {
    "state": "status",
    "flow": "pipeline workflow",
    "kind": "type stage",
    "label": "labels tag",
    "property": "properties",
    "input": "inputs",
    "metric": "metrics",
    "by": "user",
    "ended": "finished",
    "duration": "took",
}


def test_names_of_states_match_those_of_other_tools() -> None:
    assert {name.replace(" ", "_") for name in STATE_NAMES} == set(STATE_WORDS)
    for name, states in STATE_NAMES.items():
        for written in (name, name.replace(" ", "_"), name.replace(" ", "-"), name.title()):
            for field in ("state", "status"):
                found = parse_search(f'{field}:"{written}"')
                assert isinstance(found, Term) and set(found.value) == states, written


def test_every_other_name_of_a_field_means_the_same() -> None:
    synonyms = {one: name for name, others in FIELD_NAMES.items() for one in others.split()}
    assert {name for name, known in EXECUTIONS.items() if known.name != name} == set(synonyms)
    for name, meant in synonyms.items():
        assert EXECUTIONS[name] is EXECUTIONS[meant]
    flows = {"key": "flow", **{one: name for one, name in synonyms.items() if name in FLOWS}}
    assert {name: known.name for name, known in FLOWS.items() if known.name != name} == flows


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("flw:x", "flow"),
        ("pipelin:x", "pipeline"),
        ("state:faild", "failed"),
        ("state:compleeted", "completed"),
        ("state~runnnig", "running"),
        ("is:rot", "root"),
    ],
)
def test_a_hint_names_the_near_word_alone(text: str, nearest: str) -> None:
    message = refusal(text).message
    assert f"did you mean `{nearest}`?" in message and "there are" not in message


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("zzz:x", {known.name for known in EXECUTIONS.values()}),
        ("state:zzz", {state.value.lower() for state in ExecutionState}),
        ("state~zzz", {state.value.lower() for state in ExecutionState}),
        ("is:zzz", set(EXECUTIONS["is"].flags or ())),
        ("has:zzz", set(EXECUTIONS["has"].flags or ())),
    ],
)
def test_a_hint_lists_the_words_in_order_and_no_other_names(text: str, known: set[str]) -> None:
    message = refusal(text).message
    listed = re.split(r"[; ]", message.partition("there are: ")[2].replace(", ", ","))[0].split(",")
    assert listed == sorted(known) and "did you mean" not in message


def test_flows_have_fewer_fields() -> None:
    assert parse_search("key:etl is:disabled", FLOWS) == And(
        (Term(Field.FLOW, EQ, "etl"), Not(Term(Field.ENABLED, EQ, True)))
    )
    with pytest.raises(Refused, match="there is no field `state`"):
        parse_search("state:failed", FLOWS)


pieces = st.sampled_from(
    [*EXECUTIONS, "AND", "OR", "NOT", "TO", "(", ")", '"', ":", "=", "!=", ">", "~", "*", " ", "failed", "-24h", "0.1"]
)  # fmt: skip


@given(st.lists(pieces | st.text(max_size=3), max_size=12).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_search(text)
    except Refused as refused:
        assert all(problem.path == ("search",) for problem in refused.problems)
