"""Every list in the contract has a documented limit, and all documents of the project cost far less than the limit."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    Node,
    OperationDefinitionNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    parse,
    print_ast,
    visit,
)

from models.errors import Refused
from schema import build_schema
from schema.lists.bounds import BY_NATURE, PROBLEMS, UpTo, checked_first, priced_lists
from server.graphql.documents import Documents
from server.graphql.limits import Limits
from server.graphql.requests import Rejected, Request

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema()._schema
LIMIT = Limits().cost
BY_ID = {"Query.nodes"}
"""Lists with one item for each given id."""


def lists() -> Iterator[tuple[str, str, GraphQLField]]:
    """Yields the lists of objects: a list of scalars is one value, whose size counts."""
    for kind in SCHEMA.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, field in kind.fields.items():
            is_leaf = is_leaf_type(get_named_type(field.type))
            if is_list_type(get_nullable_type(field.type)) and not is_leaf:
                yield kind.name, name, field


def extension_of(field: GraphQLField) -> UpTo | None:
    definition: Any = field.extensions.get("strawberry-definition")
    return next((one for one in definition.extensions if isinstance(one, UpTo)), None)


def test_every_list_is_paged_takes_first_or_is_bounded_by_nature() -> None:
    unbounded = []
    for kind, name, field in lists():
        within_page = kind.endswith("Connection") and name in ("nodes", "edges")
        problems = kind.endswith("Payload") and name == "problems"
        bounded = within_page or problems or f"{kind}.{name}" in {*BY_NATURE, *BY_ID}
        if bounded is ("first" in field.args):
            unbounded.append(f"{kind}.{name}")
    assert unbounded == []


def test_every_connection_takes_first() -> None:
    for kind in SCHEMA.type_map.values():
        for name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            if get_named_type(field.type).name.endswith("Connection"):
                assert "first" in field.args, f"{kind.name}.{name}"


def test_every_bound_is_of_a_list_that_is_there_and_has_its_reason() -> None:
    there = {f"{kind}.{name}" for kind, name, _ in lists()}
    assert BY_NATURE.keys() <= there
    assert priced_lists(SCHEMA).keys() - {f"{kind}.problems" for kind in SCHEMA.type_map} <= there
    for name, bound in {**BY_NATURE, "problems": PROBLEMS}.items():
        assert 0 < bound.priced <= bound.most, name
        assert bound.why, name


def test_the_contract_says_how_many_first_may_be() -> None:
    found = [(name, field, one) for _, name, field in lists() if (one := extension_of(field))]
    assert found
    for name, field, extension in found:
        assert f"1 to {extension.most}," in (field.args["first"].description or ""), name


def test_first_out_of_bounds_is_refused() -> None:
    assert (checked_first(None, 5), checked_first(1, 5), checked_first(5, 5)) == (5, 1, 5)
    for wrong in (0, -1, 6):
        with pytest.raises(Refused, match=f"first must be between 1 and 5; got {wrong}"):
            checked_first(wrong, 5)


def page_documents() -> dict[str, str]:
    """Returns each operation of the page by name, with the fragments that it needs."""
    definitions = [
        definition
        for path in (ROOT / "frontend/src").rglob("*.graphql")
        for definition in parse(path.read_text()).definitions
    ]
    fragments = {
        one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)
    }
    found = {}
    for one in definitions:
        if isinstance(one, OperationDefinitionNode) and one.name:
            parts = [one, *(fragments[name] for name in sorted(spread(one, fragments)))]
            found[one.name.value] = "\n".join(map(print_ast, parts))
    return found


def spread(node: Node, fragments: dict[str, FragmentDefinitionNode]) -> set[str]:
    names: set[str] = set()

    class Spreads(Visitor):
        def enter_fragment_spread(self, found: FragmentSpreadNode, *_: Any) -> None:
            if found.name.value not in names:
                names.add(found.name.value)
                visit(fragments[found.name.value], self)

    visit(node, Spreads())
    return names


def command_line_documents() -> dict[str, str]:
    from server.cli import queries

    return {
        name: text
        for name, text in vars(queries).items()
        if isinstance(text, str) and re.match(r"\s*(query|mutation|subscription)\b", text)
    }


def client_documents() -> dict[str, str]:
    """Returns the documents of headway/ that are written as one string."""
    begins = re.compile(r"\s*(query\b.*)?{ ?\w")
    return {
        f"{path.name}:{node.lineno}": node.value
        for path in (ROOT / "headway").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and begins.match(node.value)
        and "}" in node.value
    }


OURS = page_documents() | command_line_documents() | client_documents()


def test_the_documents_are_found() -> None:
    assert len(page_documents()) > 25
    assert len(command_line_documents()) > 10
    assert client_documents()


@pytest.mark.parametrize("name", OURS)
def test_our_own_documents_are_well_within_the_price(name: str) -> None:
    documents = Documents(SCHEMA, bounds=priced_lists(SCHEMA))
    try:
        document = documents.find(Request(OURS[name]))
    except Rejected as refused:
        pytest.fail(f"{refused}: {OURS[name][:200]}")
    for operation in document.operations:
        assert document.price(documents.pricing, operation, {}) < LIMIT / 2


def price(query: str, variables: dict[str, Any] | None = None) -> int:
    documents = Documents(SCHEMA, Limits(cost=10**12), bounds=priced_lists(SCHEMA))
    return documents.find(Request(query)).price(documents.pricing, None, variables or {})


def test_a_price_counts_the_largest_possible_answer() -> None:
    plain = "{ execution(id: 1) { taskRuns { id } } }"
    assert price(plain) == 1 + 1 + 200
    assert price(plain.replace("taskRuns", "taskRuns(first: 30)")) == 1 + 1 + 30
    variable = "query ($n: Int) " + plain.replace("taskRuns", "taskRuns(first: $n)")
    assert price(variable, {"n": 40}) == 1 + 1 + 40
    assert price(variable) == 1 + 1 + 200
    assert price("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b"]}) == 3
    nested = "{ executions(first: 200) { nodes { children { children { id } } } } }"
    assert price(nested) < LIMIT, "people ask so, and the lists are short"
    named = nested.replace("children {", "children(first: 10000) {")
    assert price(named) > LIMIT


def connections_of_the_root() -> Iterator[str]:
    """Yields the queries that need no arguments but `first`."""
    query = SCHEMA.query_type
    assert query is not None
    for name, field in query.fields.items():
        others = [one for key, one in field.args.items() if key != "first"]
        if "first" in field.args and not any(is_required_argument(one) for one in others):
            kind = get_named_type(field.type)
            is_connection = kind.name.endswith("Connection")
            yield f"{name}(first: $n) {{ {'nodes { __typename }' if is_connection else '__typename'} }}"


@pytest.mark.parametrize("query", [*connections_of_the_root()])
def test_a_page_has_one_price_however_its_size_is_given(query: str) -> None:
    literal = price(f"{{ {query.replace('$n', '7')} }}")
    declared, default = f"query ($n: Int) {{ {query} }}", f"query ($n: Int = 7) {{ {query} }}"
    assert price(declared, {"n": 7}) == literal
    assert price(declared, {"n": 7.0}) == literal
    assert price(default) == literal
    assert price(default, {"n": 8}) == price(declared, {"n": 8}) > literal
    assert price(default, {"n": None}) == price(declared) != literal


def test_a_price_is_cached_by_the_number_of_ids() -> None:
    documents = Documents(SCHEMA, bounds=priced_lists(SCHEMA))
    for query in (
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        'query ($ids: [ID!]! = ["a", "b"]) { nodes(ids: $ids) { id } }',
    ):
        document = documents.find(Request(query))
        given: list[Any] = ["exec_1", ["a"] * 200, ["a"], "exec_2", ["a", "b"]]
        prices = [document.price(documents.pricing, None, {"ids": ids}) for ids in given]
        assert prices == [2, 201, 2, 2, 3]
    assert document.price(documents.pricing, None, {}) == 3
    assert price('{ nodes(ids: "exec_1") { id } }') == 2
