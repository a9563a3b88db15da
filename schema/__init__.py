"""The GraphQL schema. `build_schema()` creates it; `schema.graphql` in this folder is its committed SDL."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.descriptions import SDL, describe
from schema.mutations import Mutation
from schema.queries import Query
from schema.scalars import SCALARS
from schema.subscriptions import Subscription
from schema.types.problems import AlreadyDecided, GenericProblem, InvalidState, ValidationProblem

COMMITTED = SDL


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
    """Returns the schema as SDL, including descriptions."""
    from graphql import print_schema

    return print_schema(build_schema()._schema) + "\n"
