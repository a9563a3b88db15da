"""A graph of flows that is larger than the limit of an answer."""

from typing import Any

from models.access.viewer import Scope
from models.ids import new_id
from models.links import DependencyKind, FlowLink
from runner.history.dependencies import MOST, FlowGraph, flow_dependencies
from runner.store.flows.flow_links import LinkedFlow

Flows = dict[tuple[str, str], LinkedFlow]


def flow(key: str, *starts: str) -> LinkedFlow:
    links = [FlowLink(DependencyKind.SUBFLOW, each, "acme", each) for each in starts]
    row: Any = {"id": new_id(), "namespace": "acme", "key": key}  # the columns that are read
    return LinkedFlow(row, links)


def fan(width: int) -> Flows:
    keys = [f"f{number}" for number in range(width)]
    return {("acme", key): flow(key, "top") for key in keys} | {("acme", "top"): flow("top", *keys)}


def test_at_most_so_many_and_that_there_are_more() -> None:
    for width, truncated in ((MOST - 1, False), (MOST, True)):
        found = flow_dependencies(
            FlowGraph.of(fan(width), Scope()), ("acme", "top"), up=True, down=True, depth=50
        )
        assert (len(found.rows), found.truncated) == (MOST, truncated)
        assert len(found.edges) == 2 * (MOST - 1)


def test_a_chain_is_as_long_as_the_depth() -> None:
    chain: Flows = {("acme", f"f{n}"): flow(f"f{n}", f"f{n + 1}") for n in range(20)}
    for depth in (1, 7, 50):
        found = flow_dependencies(
            FlowGraph.of(chain, Scope()), ("acme", "f3"), up=True, down=True, depth=depth
        )
        keys = {row["key"] for row in found.rows.values()}
        assert keys == {f"f{n}" for n in range(max(0, 3 - depth), min(20, 4 + depth))}
