"""The GraphQL contract. `build_schema()` makes it, `schema.graphql` beside this file is its committed text."""

from pathlib import Path

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.descriptions import describe
from schema.mutations import Mutation
from schema.queries import Query
from schema.scalars import SCALARS
from schema.subscriptions import Subscription
from schema.types.problems import (
    AlreadyDecided,
    GenericProblem,
    InvalidState,
    ValidationProblem,
)

COMMITTED = Path(__file__).with_name("schema.graphql")


def build_schema() -> strawberry.Schema:
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[AlreadyDecided, GenericProblem, InvalidState, ValidationProblem],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    describe(schema)
    return schema


def sdl() -> str:
    """The contract as text, descriptions included."""
    from graphql import print_schema

    return print_schema(build_schema()._schema) + "\n"
