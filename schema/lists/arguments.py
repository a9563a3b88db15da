"""Parses arguments of the field `executions` that do not come from a GraphQL document, with the same rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from models.errors import ProblemCode, Refused
from models.filters.filters import Filter
from models.orders import ExecutionOrder, Order
from schema.lists.filters import ExecutionFilter, filter_from
from schema.lists.orders import ValueOrder, order_from
from schema.scalars import SCALARS

_DOCUMENT = """query ($where: ExecutionFilter, $orderBy: ExecutionOrder, $orderByValue: ValueOrder) {
  understood(where: $where, orderBy: $orderBy, orderByValue: $orderByValue) }"""


@dataclass(frozen=True, slots=True)
class ListArguments:
    where: Filter
    order: Order


def wanted_executions(
    where: Any, search: str | None, order_by: str | None, by_value: Any = None
) -> ListArguments:
    """Raises Refused for arguments that the field `executions` would refuse."""
    read: list[tuple[ExecutionFilter | None, ExecutionOrder | None, ValueOrder | None]] = []
    variables = {"where": where, "orderBy": order_by, "orderByValue": by_value}
    result = _schema().execute_sync(_DOCUMENT, variables, context_value=read)
    if result.errors:
        message = result.errors[0].message
        start = message.partition(" got ")[0][:30]
        name = next((each for each in ("orderByValue", "orderBy") if f"${each}" in start), "where")
        raise Refused.because(ProblemCode.VALIDATION, message, name)
    ((given, order, value),) = read
    return ListArguments(filter_from(given, search), order_from(order, value))


@strawberry.type
class _Query:
    @strawberry.field
    def understood(
        self,
        info: strawberry.Info[Any, None],
        where: ExecutionFilter | None = None,
        order_by: ExecutionOrder | None = None,
        order_by_value: ValueOrder | None = None,
    ) -> bool:
        info.context.append((where, order_by, order_by_value))
        return True


class _Schema(strawberry.Schema):
    def process_errors(self, errors: Sequence[GraphQLError], execution_context: Any = None) -> None:
        """Does not log errors: they are faults of the caller's input."""


@cache
def _schema() -> strawberry.Schema:
    return _Schema(query=_Query, config=StrawberryConfig(scalar_map=SCALARS))
