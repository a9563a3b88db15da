from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refused
from models.graph import Graph


def test_a_diamond() -> None:
    graph = Graph.of({"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": [], "e": []})
    assert graph.order == ("a", "e", "b", "c", "d")
    assert graph.needs("d") == ("b", "c")
    assert graph.upstream("d") == {"a", "b", "c"}
    assert graph.downstream("a") == {"b", "c", "d"}
    assert graph.upstream("e") == graph.downstream("e") == frozenset()


def test_cycles_name_their_path_and_unknown_needs_suggest_similar_names() -> None:
    with pytest.raises(Refused) as refused:
        Graph.of({"a": ["b"], "b": ["a"], "after": ["a"], "self": ["self"], "x": ["slef"]})
    assert [(p.message, p.path) for p in refused.value.problems] == [
        ("there is no task `slef`; did you mean `self`?", ("tasks", "x", "needs", "0")),
        ("a cycle: a -> b -> a", ("tasks", "a", "needs", "0")),
        ("a cycle: self -> self", ("tasks", "self", "needs", "0")),
    ]


@given(st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=8))
def test_every_graph_is_ordered_or_has_a_cycle(rows: list[set[int]]) -> None:
    needs = {str(i): [str(n) for n in row if n < len(rows)] for i, row in enumerate(rows)}
    try:
        graph = Graph.of(needs)
    except Refused as refused:
        for problem in refused.problems:
            path = problem.message.removeprefix("a cycle: ").split(" -> ")
            assert path[0] == path[-1]
            assert all(b in needs[a] for a, b in pairwise(path))
        return
    position = {key: place for place, key in enumerate(graph.order)}
    assert sorted(position) == sorted(needs)
    for key, of in needs.items():
        assert all(position[need] < position[key] for need in of)
        assert all(key in graph.downstream(up) for up in graph.upstream(key))
