"""Reading 200 objects of 11 plain fields and one list: the fast executor next to graphql-core's, in CPU time."""

import statistics
import time
from collections.abc import Callable

import strawberry
from graphql import execute, parse
from measuring import report

from server.graphql.executor import PlainFastExecutor
from server.graphql.readers import Fields
from tests.server.graphql.test_executor import Leafy, leafy

ROWS, TIMES, ROUNDS = 200, 10, 5
DOCUMENT = parse(
    "{ rows { name number ratio flag colour at identity someName other missing twigs { key value } } }"
)


@strawberry.type
class Query:
    @strawberry.field
    def rows(self) -> list[Leafy]:
        return [leafy(name=f"n{number}") for number in range(ROWS)]


SCHEMA = strawberry.Schema(query=Query)._schema
FIELDS = Fields(SCHEMA)


def seconds(run: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(TIMES):
        run()
    return (time.process_time() - began) / TIMES


def main() -> None:
    stock, fast = [], []
    for _ in range(ROUNDS):
        stock.append(seconds(lambda: execute(SCHEMA, DOCUMENT)))
        fast.append(
            seconds(
                lambda: execute(SCHEMA, DOCUMENT, executor_class=PlainFastExecutor, fields=FIELDS)
            )
        )
    report(
        f"CPU time to read {ROWS} objects of 11 plain fields",
        f"{statistics.median(fast) * 1000:.1f} ms",
        f"{statistics.median(stock) * 1000:.1f} ms (graphql-core's executor)",
        [one / other for one, other in zip(fast, stock, strict=True)],
        "<= 0.5",
    )


if __name__ == "__main__":
    main()
