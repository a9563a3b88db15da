"""Which values count as different."""

from typing import Any

import pytest

from models.errors import ProblemCode, Refused
from models.ids import new_id
from models.statistics.comparison import (
    Number,
    Row,
    check_choice,
    lasted_alike,
    numbers_of,
    rows_of,
    same,
)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (None, False, False),
        (None, None, True),
        ("1", 1, False),
        ([1, [2]], [1.0, [2]], True),
        ([1], [1, 2], False),
        ([1], [True], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": None}, {}, False),
    ],
)
def test_values_are_compared_as_json(one: Any, other: Any, alike: bool) -> None:
    assert same(one, other) is same(other, one) is alike


def summary(row: Row) -> tuple[Any, ...]:
    return row.key, row.differs, [(one.value, one.present, one.differs) for one in row.cells]


def test_each_is_compared_with_the_first() -> None:
    found = rows_of([{"b": 1, "a": None}, {"b": 1.0}, {"a": None, "c": 3, "b": 2}])
    assert [summary(row) for row in found] == [
        ("a", True, [(None, True, False), (None, False, True), (None, True, False)]),
        ("b", True, [(1, True, False), (1.0, True, False), (2, True, True)]),
        ("c", True, [(None, False, False), (None, False, False), (3, True, True)]),
    ]
    assert not rows_of([{"a": 1}, {"a": 1}])[0].differs
    assert rows_of([{}, {}]) == []


def test_numbers_are_shown_with_their_difference() -> None:
    assert numbers_of([4.0, 5.0, 3.0, None]) == [
        Number(4.0, 0.0, 0.0),
        Number(5.0, 1.0, 25.0),
        Number(3.0, -1.0, -25.0),
        Number(None, None, None),
    ]
    assert numbers_of([-2.0, -1.0])[1] == Number(-1.0, 1.0, 50.0)
    assert numbers_of([0.0, 1.0])[1] == Number(1.0, 1.0, None)
    assert numbers_of([None, 1.0])[1] == Number(1.0, None, None)
    assert numbers_of([-1e308, 1e308])[1] == Number(1e308, None, None)
    assert numbers_of([1e-300, 1e300])[1] == Number(1e300, 1e300, None)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (0.1, 1.05, True),
        (0.1, 1.2, False),
        (100.0, 110.0, True),
        (100.0, 112.0, False),
        (9.0, 10.0, True),
        (None, None, True),
        (None, 0.0, False),
    ],
)
def test_durations_differ_when_people_would_say_so(
    one: float | None, other: float | None, alike: bool
) -> None:
    assert lasted_alike(one, other) is lasted_alike(other, one) is alike


def test_a_choice_is_two_to_five_each_once() -> None:
    ids = [new_id() for _ in range(11)]
    for number in (2, 3, 4, 5):
        check_choice(ids[:number])
    for number in (0, 1, 6, 11):
        with pytest.raises(Refused, match=f"2 to 5 executions can be compared; got {number}") as no:
            check_choice(ids[:number])
        assert (no.value.problems[0].code, no.value.problems[0].path) == (
            ProblemCode.VALIDATION,
            ("ids",),
        )
    with pytest.raises(Refused, match="execution 3 is the same as execution 1") as twice:
        check_choice([ids[0], ids[1], ids[0]])
    assert twice.value.problems[0].path == ("ids", "2")
