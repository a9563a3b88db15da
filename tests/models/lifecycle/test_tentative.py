"""Properties of unsuccessful attempts are removed, whatever other attempts set under the same names meanwhile."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.lifecycle.apply.tentative import (
    keep_properties,
    set_properties,
    take_properties_back,
    try_properties,
)
from models.lifecycle.copies import copy_with
from tests.models.lifecycle.stage import Stage

EMPTY = Stage("id: t\nnamespace: a\ntasks: [{id: a, type: log, message: a}]\n").execution
PATHS = st.sampled_from(["a", "b", "each[0].a"])
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("says"), PATHS, st.sampled_from("xyz"), st.integers(0, 3)),
        st.tuples(st.just("sets"), st.none(), st.sampled_from("xyz"), st.integers(0, 3)),
        st.tuples(st.sampled_from(["succeeds", "fails"]), PATHS),
    ),
    max_size=25,
)


@given(MOVES)
def test_only_properties_of_other_attempts_remain(moves: list[tuple[Any, ...]]) -> None:
    execution = copy_with(EMPTY, properties={"x": "given"})
    batches: list[list[Any]] = [[None, "x", "given"]]
    for move in moves:
        match move:
            case "says", path, name, value:
                execution = try_properties(execution, path, {name: value})
                batches.append([path, name, value])
            case "sets", _, name, value:
                execution = set_properties(execution, {name: value})
                batches.append([None, name, value])
            case "succeeds", path:
                execution = keep_properties(execution, path)
                batches = [[None if one[0] == path else one[0], *one[1:]] for one in batches]
            case "fails", path:
                execution = take_properties_back(execution, path)
                batches = [one for one in batches if one[0] != path]
        assert execution.properties == {name: value for _, name, value in batches}
    for path in ("a", "b", "each[0].a"):
        execution = keep_properties(execution, path)
    assert execution.tentative == {}
