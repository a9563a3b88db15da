from typing import Final

from schema.descriptions.shared_texts import Descriptions

_LISTED: Final = {
    "Flow": "flows",
    "Execution": "executions",
    "Approval": "approval requests",
    "Schedule": "schedules",
    "Principal": "people and services",
    "Token": "tokens",
    "Log": "log lines",
}


def _connection(listed: str) -> tuple[str, dict[str, str]]:
    return (
        f"A page of {listed}.",
        {
            "edges": "The items of the page, with their cursors.",
            "nodes": "The items of the page.",
            "pageInfo": "The position of the page in the list.",
            "totalCount": "The total number of items.",
        },
    )


def _edge(listed: str) -> tuple[str, dict[str, str]]:
    return (
        f"An item of a page of {listed}, with its cursor.",
        {
            "node": "The item.",
            "cursor": "The position in the list, as an opaque cursor; it stays valid when rows are added.",
        },
    )


PAGING: Final[Descriptions] = {
    **{f"{name}Connection": _connection(listed) for name, listed in _LISTED.items()},
    **{f"{name}Edge": _edge(listed) for name, listed in _LISTED.items()},
    "PageInfo": (
        "The position of a page in its list.",
        {
            "hasNextPage": "Whether there are more items after the page.",
            "hasPreviousPage": "Whether there are more items before the page.",
            "startCursor": "The cursor of the first item; null if the page is empty.",
            "endCursor": "The cursor of the last item; null if the page is empty.",
        },
    ),
    "Count": (
        "A number of matches.",
        {
            "value": "The number. Counting stops at 10 000.",
            "exact": "Whether the number is exact; if not, there are more.",
        },
    ),
}
