"""A live list, folded by a client that knows only the contract, equals the list at every moment."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schema.enums import LeaveReason
from schema.live_list import difference, whole

Row = dict[str, object]
MOMENT = st.dictionaries(st.integers(1, 12), st.integers(1, 3), max_size=12)


def window(moment: dict[int, int], size: int) -> list[Row]:
    rows: list[Row] = [{"id": UUID(int=id), "seq": seq} for id, seq in moment.items()]
    return sorted(rows, key=lambda row: str(row["id"]), reverse=True)[:size]


def test_an_empty_window_is_whole() -> None:
    assert not whole([])
    assert not difference({}, [], 50, True)


@given(st.lists(MOMENT, min_size=1, max_size=6), st.integers(1, 8))
def test_folding_every_change_gives_the_window(moments: list[dict[int, int]], size: int) -> None:
    shown: list[Row] = [enter.row for enter in whole(window(moments[0], size)).enter]
    for moment in moments[1:]:
        seqs = {row["id"]: row["seq"] for row in shown}
        rows = window(moment, size)
        change = difference(seqs, rows, size, newest_first=True)  # type: ignore[arg-type]
        gone = {leave.id for leave in change.leave}
        updated = {row["id"]: row for row in change.update}
        shown = [updated.get(row["id"], row) for row in shown if row["id"] not in gone]
        for enter in change.enter:
            at = next((i for i, row in enumerate(shown) if row["id"] == enter.before), len(shown))
            assert enter.before is None or at < len(shown), "what it stands before is there already"
            shown.insert(at, enter.row)
        assert shown == rows


def test_a_row_pushed_out_by_newer_ones_left_the_window_and_not_the_list() -> None:
    old = {UUID(int=1): 1, UUID(int=2): 1}
    rows: list[Row] = [{"id": UUID(int=3), "seq": 1}, {"id": UUID(int=2), "seq": 1}]
    (leave,) = difference(old, rows, 2, True).leave
    assert (leave.id, leave.reason) == (UUID(int=1), LeaveReason.BEYOND_WINDOW)
    (leave,) = difference(old, rows[1:], 2, True).leave
    assert leave.reason is LeaveReason.NO_LONGER_MATCHES
