"""The fast executor gives the same answers as graphql-core's, for every kind of field."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import pytest
import strawberry
from graphql import ExecutionResult, execute, parse
from strawberry.permission import BasePermission

from schema.types.row_view import read_ahead
from server.graphql.executor import PlainFastExecutor
from server.graphql.readers import Fields

DATA: Any = {"a": [1, None]}


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Never(BasePermission):
    message = "never"

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        return False


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Small:
    key: str
    value: int | None = 1

    @strawberry.field
    def doubled(self) -> str:
        return self.key * 2


@strawberry.type
class Leafy(Named):
    number: int
    ratio: float
    flag: bool
    colour: Colour
    at: datetime
    identity: UUID
    some_name: str
    renamed: str = strawberry.field(name="other")
    missing: str | None = None
    wrong_number: int = 1
    optional_wrong: int | None = 1
    data: strawberry.scalars.JSON = field(default_factory=lambda: DATA)
    numbers: list[int] = field(default_factory=lambda: [1, 2])
    twig: Small = field(default_factory=lambda: Small(key="t"))
    no_twig: Small | None = None
    twigs: list[Small] = field(default_factory=lambda: [Small(key="a"), Small(key="b", value=None)])
    holes: list[Small | None] = field(default_factory=lambda: [Small(key="a"), None])
    wrong_twigs: list[Small] | None = field(default_factory=lambda: [Small(key="a", value="x")])  # type: ignore[arg-type]
    null_twigs: list[Small] | None = field(default_factory=lambda: [Small(key=None)])  # type: ignore[arg-type]
    guarded: str | None = strawberry.field(default="x", permission_classes=[Never])

    @strawberry.field
    def resolved(self) -> str:
        return self.name.upper()

    @strawberry.field
    async def awaited(self) -> str:
        return self.name

    @strawberry.field
    def with_argument(self, add: int = 1) -> int:
        return self.number + add

    @strawberry.field
    def fails(self) -> int:
        raise ValueError("no")

    @strawberry.field
    def child(self) -> "Leafy":
        return leafy(name="child")


@strawberry.type
class Ahead:
    """For every second object the word was read in advance."""

    number: int

    @read_ahead("ready_word")
    async def word(self) -> str:
        return f"w{self.number}"

    @property
    def ready_word(self) -> str:
        if self.number % 2:
            raise LookupError
        return f"w{self.number}"

    @read_ahead("ready_twigs")
    async def twigs(self) -> list[Small]:
        return self.ready_twigs

    @property
    def ready_twigs(self) -> list[Small]:
        return [Small(key=f"t{self.number}")]


@strawberry.type
class Other(Named):
    other: str = "o"


def leafy(**changes: Any) -> Leafy:
    values: dict[str, Any] = {
        "name": "n",
        "number": 1,
        "ratio": 0.5,
        "flag": True,
        "colour": Colour.RED,
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "identity": UUID(int=1),
        "some_name": "s",
        "renamed": "r",
    }
    return Leafy(**(values | changes))


@dataclass
class Pretender:
    """An object with some attributes of the type, like a plain row."""

    name: str = "row"
    number: int = 3


@strawberry.type
class Query:
    @strawberry.field
    def leafy(self) -> Leafy:
        return leafy()

    @strawberry.field
    def broken(self) -> Leafy | None:
        return leafy(number="x", wrong_number=None, optional_wrong="y", colour="nothing")

    @strawberry.field
    def many(self) -> list[Leafy]:
        return [leafy(number=number) for number in range(3)]

    @strawberry.field
    def crowd(self, wrong: int = -1) -> list[Small] | None:
        return [Small(key=f"s{n}" if n != wrong else None) for n in range(1_200)]  # type: ignore[arg-type]

    @strawberry.field
    def ahead(self, count: int = 3) -> list[Ahead]:
        return [Ahead(number=2 * number) for number in range(count)]

    @strawberry.field
    def not_all_ahead(self) -> list[Ahead]:
        return [Ahead(number=number) for number in range(3)]

    @strawberry.field
    def named(self) -> list[Named]:
        return [leafy(), Other(name="z")]

    @strawberry.field
    def either(self) -> list[Annotated[Leafy | Other, strawberry.union("Either")]]:
        return [leafy(), Other(name="z")]


SCHEMA = strawberry.Schema(Query, types=[Leafy, Other])._schema
ALL = (
    "name number ratio flag colour at identity someName other missing wrongNumber optionalWrong"
    " data numbers resolved awaited withArgument"
)
DOCUMENTS = [
    f"{{ leafy {{ {ALL} }} }}",
    "{ leafy { __typename name aliased: name number resolved child { name awaited } flag } }",
    f"{{ many {{ {ALL} }} }}",
    "{ many { number numbers } }",
    "{ crowd { key value } }",
    "{ crowd(wrong: 900) { key value } }",
    "{ crowd(wrong: 900) { key doubled } }",
    "{ ahead { number word twigs { key value } } }",
    "{ ahead { twigs { doubled } word } }",
    "{ ahead(count: 600) { word } }",
    "{ notAllAhead { number word twigs { key } } }",
    "{ many { number withArgument(add: 5) } }",
    "{ leafy { twigs { key } number twig { value key again: key __typename } noTwig { key } } }",
    "{ leafy { twigs { key doubled } twig { ...S } } } fragment S on Small { value ...T } fragment T on Small { key }",
    "{ leafy { twigs { key @skip(if: true) value } ...A } } fragment A on Leafy { twigs { key } }",
    "{ leafy { holes { key } } }",
    "{ leafy { wrongTwigs { key value } name } }",
    "{ leafy { nullTwigs { key } name } }",
    "{ leafy { twigs { key { nothing } } } }",
    "{ broken { number } }",
    "{ broken { name colour } }",
    "{ broken { wrongNumber } }",
    "{ broken { optionalWrong name } }",
    "{ leafy { name fails number } }",
    "{ leafy { guarded name } }",
    "{ named { __typename name ... on Leafy { number awaited } ... on Other { other } } }",
    "{ either { ... on Leafy { flag } ... on Other { other name } __typename } }",
    "query($yes: Boolean = true) { leafy { name @skip(if: $yes) number @include(if: $yes) } }",
    "{ leafy { ...A } } fragment A on Leafy { name child { ...B } } fragment B on Leafy { number }",
    "{ __schema { queryType { name fields { name type { kind } } } } __typename }",
]


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_answers_are_equal(document: str) -> None:
    node = parse(document)
    stock = execute(SCHEMA, node, root_value=None)
    fast = execute(
        SCHEMA, node, executor_class=PlainFastExecutor, root_value=None, fields=Fields(SCHEMA)
    )
    expected, found = await settled(stock), await settled(fast)
    assert found.formatted == expected.formatted
    assert str(found.data) == str(expected.data), "in the same order, of the same types"


async def settled(result: Any) -> ExecutionResult:
    found = result if isinstance(result, ExecutionResult) else await result
    assert isinstance(found, ExecutionResult)
    return found


async def test_fields_read_in_advance_are_not_resolved_again() -> None:
    calls: list[int] = []

    @strawberry.type
    class Counted:
        @read_ahead("ready")
        async def word(self) -> str:
            calls.append(1)
            return "resolved"

        ready = "read"

    @strawberry.type
    class Root:
        @strawberry.field
        def all(self) -> list[Counted]:
            return [Counted(), Counted()]

    schema = strawberry.Schema(Root)._schema
    found = await settled(
        execute(
            schema,
            parse("{ all { word } }"),
            executor_class=PlainFastExecutor,
            root_value=None,
            fields=Fields(schema),
        )
    )
    assert (found.data, calls) == ({"all": [{"word": "read"}, {"word": "read"}]}, [])
