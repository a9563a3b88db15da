"""The committed contract equals that of the code, and everything in it has a description."""

import strawberry
from graphql import build_schema as read_sdl

from schema import COMMITTED, build_schema, sdl
from schema.descriptions import describe, descriptions, missing


def test_everything_is_described() -> None:
    assert missing(build_schema()) == []


def test_descriptions_are_sentences() -> None:
    odd = {
        name: words
        for name, words in descriptions().items()
        if not words.endswith(".") or words != " ".join(words.split())
    }
    assert odd == {}


def test_describing_twice_is_describing_once() -> None:
    schema = build_schema()
    before = sdl_of(schema)
    describe(schema)
    assert sdl_of(schema) == before


def test_missing_descriptions_are_named() -> None:
    @strawberry.type
    class Query:
        undescribed: int = 1

    @strawberry.type
    class Stranger:
        there: int = 1

    schema = strawberry.Schema(query=Query, types=[Stranger])
    assert missing(schema) == ["Query.undescribed", "Stranger", "Stranger.there"]


def test_the_committed_contract_is_the_code() -> None:
    assert COMMITTED.read_text() == sdl(), (
        "the contract changed: look at the difference, then `make contract`"
    )


def test_the_committed_contract_can_be_read() -> None:
    assert read_sdl(COMMITTED.read_text()).get_type("Execution")


def sdl_of(schema: strawberry.Schema) -> str:
    from graphql import print_schema

    return print_schema(schema._schema)
