"""The order of a list of executions, from the arguments of a query."""

import strawberry

from models.errors import ProblemCode, Refused
from models.orders import ByValue, ExecutionOrder, Order, SortDirection


@strawberry.input
class ValueOrder:
    column: str
    direction: SortDirection


def order_from(order_by: ExecutionOrder | None, by_value: ValueOrder | None) -> Order:
    """Returns CREATED_DESC if neither is given. Raises Refused if both are."""
    if by_value is None:
        return order_by or ExecutionOrder.CREATED_DESC
    if order_by is not None:
        raise Refused.because(
            ProblemCode.VALIDATION, "pass `orderBy` or `orderByValue`, not both", "orderByValue"
        )
    return ByValue.of(by_value.column, by_value.direction)
