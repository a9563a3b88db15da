"""A list queries again when it may gain, lose or move a row; a row that stays in place is sent; other changes are
ignored."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.access.viewer import Scope
from models.filters.filter_keys import keys_of, required_keys
from models.filters.filters import EVERYTHING, Field, Filter, Operator, Or, Term, terms_of
from models.filters.matching import JSON_FIELDS, Candidate, listed, matches
from models.ids import new_id
from models.orders import TEXTS, ByValue, ExecutionOrder, Order
from models.states import ExecutionState
from runner.live.change import RowChange
from runner.live.freshness import Freshness
from runner.live.live_query import Delta, LiveQuery, moves_by_itself
from runner.live.query_index import LiveQueryIndex
from runner.store.json import dump
from runner.store.lists import filter_rows
from runner.store.rows import ExecutionRow
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
    "DURATION": ("started_at", "ended_at", "idle", "idle_since"),
    "PROGRESS": ("progress", "ended_at"),
}
FAILED_ONLY = Term(Field.STATE, Operator.IN, (ExecutionState.FAILED,))
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ONE = Candidate(
    new_id(), "acme", "nightly", "nightly", "flow", ExecutionState.RUNNING, "user:maria", NOW
)
ANYWHERE = Scope()
FAILED = replace(ONE, state=ExecutionState.FAILED)
scopes = st.sampled_from([ANYWHERE, Scope(("acme",))])
values = st.builds(
    ByValue,
    st.sampled_from([*JSON_FIELDS, Field.METRIC]),
    st.sampled_from(["lr", "team"]),
    st.booleans(),
)
texts = st.builds(ByValue, st.sampled_from(list(TEXTS.values())), st.just(""), st.booleans())
orders = st.sampled_from(ExecutionOrder) | values | texts


@st.composite
def moves(draw: st.DrawFn) -> tuple[Candidate, Candidate]:
    """Draws an execution before and after a change: any attribute may differ, except its names."""
    one, other = (filter_rows.candidate(draw(rows()), {}, {}) for _ in range(2))
    changed = draw(st.sets(st.sampled_from(NAMES), max_size=3))
    return one, replace(one, **{name: getattr(other, name) for name in changed})


def row_of(one: Candidate, seq: int) -> ExecutionRow:
    """Returns a row with the columns that lists read."""
    names = ("id", "state", "started_at", "ended_at", "idle", "idle_since", "progress")
    values = {name: dump(getattr(one, name)) for name in JSON_FIELDS.values()}
    git = dump({"branch": one.branch, "commit": one.commit})
    row: Any = {"seq": seq, "git": git, **{name: getattr(one, name) for name in names}, **values}
    return row  # type: ignore[no-any-return]


def place_of(one: Candidate, order: Order) -> object:
    """Returns the values that determine the row's position and may change."""
    if not isinstance(order, ByValue):
        return [getattr(one, key) for key in KEYS.get(order.column, ())]
    if order.field in (Field.BRANCH, Field.COMMIT):
        return getattr(one, order.field)
    if order.field not in JSON_FIELDS:
        return None
    value = getattr(one, JSON_FIELDS[order.field]).get(order.key)
    return type(value), value


def change_of(
    before: Candidate, after: Candidate, seq: int = 2, read_at: float = inf, since: float = 0
) -> RowChange:
    return RowChange(before.id, before, after, True, row_of(after, seq), read_at, since)


def showing(*rows: Any) -> Delta:
    return Delta({row["id"]: row for row in rows})


@contextmanager
def listing(
    audience: LiveQueryIndex,
    where: Filter,
    *shown: Candidate,
    room: int = 50,
    scope: Scope = ANYWHERE,
    order: Order = ExecutionOrder.CREATED_DESC,
) -> Iterator[LiveQuery]:
    """Opens a list that was refreshed once."""
    with LiveQuery(audience, where, scope, order) as interest:
        interest.begin_refresh()
        interest.end_refresh([row_of(one, 1) for one in shown], room, datetime.now(UTC))
        yield interest


@pytest.fixture
async def audience() -> AsyncIterator[LiveQueryIndex]:
    audience = LiveQueryIndex(lambda: None)
    yield audience
    assert not audience.queries
    assert not audience.fields


@settings(max_examples=1000, deadline=None)
@given(rows(), filters, scopes)
def test_every_match_has_a_required_key(row: ExecutionRow, where: Filter, scope: Scope) -> None:
    one = filter_rows.candidate(row, {}, {})
    required = required_keys(where)
    if matches(where, one, NOW):
        assert required is None or not required.isdisjoint(keys_of(one))


@settings(max_examples=600, deadline=None)
@given(moves(), filters, scopes, orders, st.booleans(), st.booleans(), st.sampled_from([0, inf]))
def test_a_list_queries_again_when_it_must_and_else_gets_the_row(
    move: tuple[Candidate, Candidate],
    where: Filter,
    scope: Scope,
    order: Order,
    whole: bool,
    beyond: bool,
    since: float,
) -> None:
    before, after = move
    now = datetime.now(UTC)
    was, is_ = (scope.covers(one.namespace) and listed(where, one, now) for one in move)
    moved = place_of(before, order) != place_of(after, order)
    unindexed = Field.METRIC in (
        *(term.field for term in terms_of(where)),
        getattr(order, "field", None),
    )
    shown = [before] if was and (whole or not beyond) else []
    row, settled = row_of(after, 2), not moves_by_itself(where)
    room = 50 if whole else 0

    async def receives() -> None:
        audience = LiveQueryIndex(lambda: None)
        with listing(audience, where, *shown, room=room, scope=scope, order=order) as interest:
            audience.publish([change_of(before, after, since=since)], now)
            news = interest.drain()
            if unindexed:
                assert news is None or not (was or is_)
            elif shown and is_:
                assert news == (None if moved else showing(row))
            elif was and not is_:
                assert news == (Delta(left={after.id: False}) if whole and settled else None)
            elif is_ and not was:
                in_place = whole and settled and order.column == "CREATED"
                assert news == (showing(row) if in_place else None)
            elif was and moved:
                assert news is None
            elif whole or since:
                # A list that is ordered by a label may query again for nothing when another label changes.
                assert news == Delta() or (news is None and isinstance(order, ByValue))

    asyncio.run(receives())


async def test_one_of_many_lists_is_found_by_its_filter(audience: LiveQueryIndex) -> None:
    wheres = [Term(Field.LABEL, Operator.EQ, str(number), "n") for number in range(100)]
    seven = replace(ONE, labels={"n": "7"})
    interests = [
        LiveQuery(audience, where, Scope(), ExecutionOrder.CREATED_DESC) for where in wheres
    ]
    for interest in interests:
        interest.__enter__()
        interest.begin_refresh()
        interest.end_refresh((), 50, NOW)
    assert audience._found(change_of(ONE, seven)) == {interests[7]}
    audience.publish([change_of(ONE, seven)], NOW)
    assert [interest.drain() for interest in interests] == [
        showing(row_of(seven, 2)) if number == 7 else Delta() for number in range(100)
    ]
    for interest in interests:
        interest.__exit__(None, None, None)
    assert audience._found(change_of(ONE, seven)) == set()


async def test_a_row_that_the_list_has_read_is_not_sent_again(audience: LiveQueryIndex) -> None:
    progress = replace(ONE, progress=0.5)
    with listing(audience, EVERYTHING, ONE) as interest:
        audience.publish([change_of(ONE, progress, seq=1)], NOW)
        assert interest.drain() == Delta()
        audience.publish([change_of(ONE, progress, seq=3)], NOW)
        audience.publish([change_of(ONE, ONE, seq=2)], NOW)
        assert interest.drain() == showing(row_of(progress, 3))
        assert interest.drain() == Delta()


async def test_a_change_during_a_query_is_evaluated_against_its_result(
    audience: LiveQueryIndex,
) -> None:
    other = replace(ONE, id=new_id())
    with listing(audience, FAILED_ONLY) as interest:
        interest.begin_refresh()
        audience.publish([change_of(other, other), change_of(ONE, FAILED, seq=2)], NOW)
        interest.end_refresh([row_of(FAILED, 2)], 49, NOW)
        assert interest.drain() == Delta()
        interest.begin_refresh()
        audience.publish([change_of(ONE, FAILED, seq=3)], NOW)
        interest.end_refresh([row_of(FAILED, 2)], 49, NOW)
        assert interest.drain() == showing(row_of(FAILED, 3))
        interest.begin_refresh()
        audience.publish([change_of(FAILED, ONE, seq=4)], NOW)
        interest.end_refresh([row_of(FAILED, 3)], 49, NOW)
        assert interest.drain() == Delta(left={ONE.id: False})


async def test_a_change_older_than_the_query_neither_adds_nor_removes_rows(
    audience: LiveQueryIndex,
) -> None:
    with listing(audience, FAILED_ONLY) as interest:
        audience.publish([change_of(ONE, FAILED, read_at=0)], NOW)
        assert interest.drain() is None
    with listing(audience, FAILED_ONLY, FAILED) as interest:
        audience.publish([change_of(FAILED, ONE, seq=1)], NOW)
        assert interest.drain() is None


async def test_a_list_that_becomes_full_queries_again(audience: LiveQueryIndex) -> None:
    other = replace(FAILED, id=new_id())
    with listing(audience, FAILED_ONLY, room=2) as interest:
        audience.publish([change_of(ONE, FAILED)], NOW)
        assert interest.drain() == showing(row_of(FAILED, 2))
        audience.publish([change_of(other, other)], NOW)
        assert interest.drain() is None


async def test_a_row_that_leaves_and_returns_between_two_queries_stays(
    audience: LiveQueryIndex,
) -> None:
    with listing(audience, FAILED_ONLY, FAILED) as interest:
        audience.publish([change_of(FAILED, ONE, seq=2), change_of(ONE, FAILED, seq=3)], NOW)
        assert interest.drain() == showing(row_of(FAILED, 3))
        audience.publish([change_of(FAILED, FAILED, seq=4), change_of(FAILED, ONE, seq=5)], NOW)
        assert interest.drain() == Delta(left={ONE.id: False})


async def test_an_unknown_past_concerns_the_lists_that_do_not_show_all_there_is(
    audience: LiveQueryIndex,
) -> None:
    unknown = RowChange(ONE.id, None, ONE, known=False, row=row_of(ONE, 2), read_at=inf)
    with (
        listing(audience, FAILED_ONLY, room=0) as some,
        listing(audience, FAILED_ONLY) as whole,
        listing(audience, EVERYTHING) as entered,
        listing(audience, EVERYTHING, ONE) as shown,
    ):
        audience.publish([unknown], NOW)
        assert [each.drain() for each in (some, whole)] == [None, Delta()]
        assert entered.drain() == shown.drain() == showing(unknown.row)


async def test_a_row_beyond_the_window_is_ignored_once_its_earlier_version_was_evaluated(
    audience: LiveQueryIndex,
) -> None:
    dark = replace(ONE, labels={"shade": "dark"})
    of_label = Or([Term(Field.LABEL, Operator.EXISTS, True, "shade"), EVERYTHING])
    with listing(audience, of_label, room=0) as interest:
        audience.publish([change_of(ONE, dark, since=inf)], NOW)
        assert interest.drain() == Delta()
        audience.publish([change_of(ONE, dark)], NOW)
        assert interest.drain() is None


async def test_a_deleted_row_leaves(audience: LiveQueryIndex) -> None:
    with (
        listing(audience, EVERYTHING, ONE) as shown,
        listing(audience, EVERYTHING, ONE, room=0) as full,
        listing(audience, EVERYTHING) as other,
    ):
        audience.publish([RowChange(ONE.id, None, None, known=False)], NOW)
        assert shown.drain() == Delta(left={ONE.id: True})
        assert (full.drain(), other.drain()) == (None, Delta())


async def test_a_list_that_gets_rows_all_the_time_queries_again_when_due(
    audience: LiveQueryIndex,
) -> None:
    """Changes that only the passing of time causes would otherwise be missed."""
    recent = Term(Field.DURATION, Operator.EXISTS, True)
    started = replace(ONE, started_at=NOW)
    with listing(audience, recent, started, room=0) as interest:
        interest._due = 0
        interest._freshness = Freshness.CURRENT
        interest._woken.set()
        await interest.wait_changed()
        assert interest.drain() is None
