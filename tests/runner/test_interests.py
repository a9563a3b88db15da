"""A list looks when it may gain, lose or move a row; one that stays in its place it is told, and of others nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.filters import EVERYTHING, And, Field, Filter, Operator, Term
from models.ids import new_id
from models.marks import asked_marks, borne_marks
from models.matching import Candidate, listed, matches
from models.orders import ExecutionOrder
from models.states import ExecutionState
from models.viewer import Scope
from runner.interests import Audience, Change, Interest
from runner.store import candidates
from tests.runner.test_where import filters, rows

NAMES = [
    field.name
    for field in fields(Candidate)
    if field.name not in ("id", "namespace", "flow", "name", "metrics")
]
KEYS = {
    "STATE": ("state",),
    "STARTED": ("started_at",),
    "ENDED": ("ended_at",),
    "DURATION": ("started_at", "ended_at"),
    "PROGRESS": ("progress", "ended_at"),
}
FAILED = Term(Field.STATE, Operator.IN, (ExecutionState.FAILED,))
DARK = Term(Field.LABEL, Operator.EQ, "dark", "shade")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ONE = Candidate(
    new_id(), "acme", "nightly", "nightly", "flow", ExecutionState.RUNNING, "user:maria", NOW
)
ANYWHERE = Scope()
scopes = st.sampled_from([ANYWHERE, Scope(("acme",))])
columns = st.sampled_from([order.column for order in ExecutionOrder])


@st.composite
def moves(draw: st.DrawFn) -> tuple[Candidate, Candidate]:
    """An execution before and after: any of its attributes may have changed, but its names do not."""
    one, other = (candidates.candidate(draw(rows()), {}, {}) for _ in range(2))
    changed = draw(st.sets(st.sampled_from(NAMES), max_size=3))
    return one, replace(one, **{name: getattr(other, name) for name in changed})


def row_of(one: Candidate, seq: int) -> dict[str, Any]:
    names = ("id", "state", "started_at", "ended_at", "progress")
    return {"seq": seq, **{name: getattr(one, name) for name in names}}


def change_of(before: Candidate, after: Candidate, seq: int = 2) -> Change:
    return Change(before.id, before, after, row=row_of(after, seq))


@contextmanager
def listing(
    audience: Audience,
    where: Filter,
    *shown: Candidate,
    whole: bool = True,
    scope: Scope = ANYWHERE,
    column: str | None = "CREATED",
) -> Iterator[Interest]:
    """It looked once."""
    with Interest(audience, where, scope, column) as interest:
        interest.looks()
        interest.looked([row_of(one, 1) for one in shown], whole, datetime.now(UTC))
        yield interest


@pytest.fixture
async def audience() -> AsyncIterator[Audience]:
    audience = Audience(lambda: None)
    yield audience
    assert not audience.interests
    assert not audience.fields


@settings(max_examples=1000, deadline=None)
@given(rows(), filters, scopes)
def test_whatever_matches_bears_a_mark_that_is_asked_for(
    row: dict[str, Any], where: Filter, scope: Scope
) -> None:
    one = candidates.candidate(row, {}, {})
    asked = asked_marks(where)
    if matches(where, one, NOW):
        assert asked is None or not asked.isdisjoint(borne_marks(one))


@settings(max_examples=400, deadline=None)
@given(moves(), filters, scopes, columns, st.booleans(), st.booleans())
def test_a_list_that_gains_or_loses_or_moves_a_row_looks_and_is_told_the_row_otherwise(
    move: tuple[Candidate, Candidate],
    where: Filter,
    scope: Scope,
    column: str,
    whole: bool,
    beyond: bool,
) -> None:
    before, after = move
    now = datetime.now(UTC)

    async def hears() -> None:
        audience = Audience(lambda: None)
        was, is_ = (scope.covers(one.namespace) and listed(where, one, now) for one in move)
        shown = [before] if was and (whole or not beyond) else []
        with listing(audience, where, *shown, whole=whole, scope=scope, column=column) as interest:
            audience.tell([change_of(before, after)], now)
            heard = interest.heard()
            moved = any(getattr(before, key) != getattr(after, key) for key in KEYS.get(column, ()))
            if was != is_ or (was and moved):
                assert heard is None
            elif shown and Field.METRIC not in interest.fields:
                assert heard == {after.id: row_of(after, 2)}
            elif not was and whole and Field.METRIC not in interest.fields:
                assert heard == {}

    asyncio.run(hears())


async def test_one_of_many_lists_is_found_by_what_it_asks_for(audience: Audience) -> None:
    wheres = [Term(Field.LABEL, Operator.EQ, str(number), "n") for number in range(100)]
    seven = replace(ONE, labels={"n": "7"})
    interests = [Interest(audience, where, Scope(), "CREATED") for where in wheres]
    for interest in interests:
        interest.__enter__()
        interest.looks()
        interest.looked((), True, NOW)
    assert audience._found(change_of(ONE, seven)) == {interests[7]}
    audience.tell([change_of(ONE, seven)], NOW)
    assert [interest.heard() for interest in interests] == [
        None if number == 7 else {} for number in range(100)
    ]
    for interest in interests:
        interest.__exit__(None, None, None)
    assert audience._found(change_of(ONE, seven)) == set()


async def test_what_the_list_read_itself_is_not_told_again(audience: Audience) -> None:
    progress = replace(ONE, progress=0.5)
    with listing(audience, EVERYTHING, ONE) as interest:
        audience.tell([change_of(ONE, progress, seq=1)], NOW)
        assert interest.heard() == {}
        audience.tell([change_of(ONE, progress, seq=3)], NOW)
        audience.tell([change_of(ONE, ONE, seq=2)], NOW)
        assert interest.heard() == {ONE.id: row_of(progress, 3)}
        assert interest.heard() == {}


async def test_what_is_heard_during_a_look_is_judged_by_what_the_look_found(
    audience: Audience,
) -> None:
    other = replace(ONE, id=new_id())
    failed = replace(ONE, state=ExecutionState.FAILED)
    with listing(audience, FAILED) as interest:
        interest.looks()
        audience.tell([change_of(other, other), change_of(ONE, failed, seq=2)], NOW)
        interest.looked([row_of(failed, 2)], True, NOW)
        assert interest.heard() == {}
        interest.looks()
        audience.tell([change_of(ONE, failed, seq=3)], NOW)
        interest.looked([row_of(failed, 2)], True, NOW)
        assert interest.heard() == {ONE.id: row_of(failed, 3)}
        interest.looks()
        audience.tell([change_of(failed, ONE, seq=4)], NOW)
        interest.looked([row_of(failed, 3)], True, NOW)
        assert interest.heard() is None


async def test_an_unknown_past_concerns_the_lists_that_do_not_show_all_there_is(
    audience: Audience,
) -> None:
    unknown = Change(ONE.id, None, ONE, known=False, row=row_of(ONE, 2))
    with (
        listing(audience, FAILED, whole=False) as some,
        listing(audience, FAILED) as whole,
        listing(audience, EVERYTHING) as entered,
        listing(audience, EVERYTHING, ONE) as showing,
    ):
        audience.tell([unknown], NOW)
        assert [each.heard() for each in (some, whole, entered)] == [None, {}, None]
        assert showing.heard() == {ONE.id: unknown.row}


async def test_what_was_deleted_leaves(audience: Audience) -> None:
    with listing(audience, EVERYTHING, ONE) as showing, listing(audience, EVERYTHING) as other:
        audience.tell([Change(ONE.id, None, None, known=False)], NOW)
        assert (showing.heard(), other.heard()) == (None, {})


async def test_a_list_that_is_told_rows_all_the_time_looks_when_it_is_due(
    audience: Audience,
) -> None:
    """What time alone moves would stay away otherwise."""
    recent = Term(Field.DURATION, Operator.EXISTS, True)
    started = replace(ONE, started_at=NOW)
    with listing(audience, And((recent, FAILED)), started, whole=False) as interest:
        interest._due = 0
        interest._must_look = False
        interest._stirred.set()
        await interest.stirred()
        assert interest.heard() is None
