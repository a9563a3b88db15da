"""A live list, folded by a client that relies on the contract only, equals the list at every moment."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING
from runner.store.lists.listing import View
from schema.enums import LeaveReason
from schema.lists.difference import ListDelta, SeenRow, difference, gone, whole
from schema.lists.resume_cache import LiveListQuery, ResumeCache

MOMENT = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 3)), max_size=12, unique_by=lambda row: row[0]
)
"""Draws ids in any order, each with its seq."""


def rows_of(moment: list[tuple[int, int]]) -> list[SeenRow]:
    return [{"id": UUID(int=id), "seq": seq} for id, seq in moment]


def fold(shown: list[SeenRow], change: ListDelta[SeenRow]) -> list[SeenRow]:
    left = {leave.id for leave in change.leave}
    assert left <= {row["id"] for row in shown}
    shown = [row for row in shown if row["id"] not in left]
    for enter in change.enter:
        at = next((i for i, row in enumerate(shown) if row["id"] == enter.before), len(shown))
        assert enter.before is None or at < len(shown), "the row after it is there already"
        shown.insert(at, enter.row)
    updated = {row["id"]: row for row in change.update}
    assert updated.keys() <= {row["id"] for row in shown}
    return [updated.get(row["id"], row) for row in shown]


def step(shown: list[SeenRow], rows: list[SeenRow]) -> ListDelta[SeenRow]:
    seqs = {row["id"]: row["seq"] for row in shown}
    why = dict.fromkeys(gone(seqs, rows), LeaveReason.NO_LONGER_MATCHES)
    return difference(seqs, rows, why)


def test_an_empty_window_is_whole() -> None:
    assert not whole([])
    assert not difference({}, [], {})


@given(st.lists(MOMENT, min_size=1, max_size=6))
def test_folding_every_change_gives_the_window(moments: list[list[tuple[int, int]]]) -> None:
    shown: list[SeenRow] = [enter.row for enter in whole(rows_of(moments[0])).enter]
    for moment in moments[1:]:
        rows = rows_of(moment)
        shown = fold(shown, step(shown, rows))
        assert shown == rows
        assert not step(shown, rows)


def test_reordering_moves_the_fewest_rows() -> None:
    old = rows_of([(1, 1), (2, 1), (3, 1), (4, 1)])
    change = step(old, rows_of([(4, 2), (1, 1), (2, 2), (3, 1)]))
    assert [(leave.id.int, leave.reason) for leave in change.leave] == [(4, LeaveReason.MOVED)]
    assert [(enter.row["id"], enter.before) for enter in change.enter] == [
        (UUID(int=4), UUID(int=1))
    ]
    assert [row["id"] for row in change.update] == [UUID(int=2)]


def test_a_window_is_found_by_its_cursor_until_there_is_no_room_for_it() -> None:
    windows = ResumeCache(rows_kept=10)
    mine = LiveListQuery(Scope(), EVERYTHING, View(3))
    seqs = {UUID(int=n): 1 for n in range(3)}
    first = windows.keep(mine, seqs)
    assert windows.find(mine, first) == seqs
    assert windows.find(LiveListQuery(Scope(("other",)), EVERYTHING, View(3)), first) is None
    assert windows.find(mine, "of another process") is None
    later = [windows.keep(mine, seqs) for _ in range(2)]
    assert windows.find(mine, first) is None
    assert [windows.find(mine, cursor) for cursor in later] == [seqs, seqs]
