from typing import Final

from schema.descriptions.words import Words

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
            "edges": "The page with a cursor for each.",
            "nodes": "The page.",
            "pageInfo": "Where the page begins and ends, and what is beyond it.",
            "totalCount": "How many there are in all.",
        },
    )


def _edge(listed: str) -> tuple[str, dict[str, str]]:
    return (
        f"One of a page of {listed}.",
        {
            "node": "It.",
            "cursor": "Its place in the list, opaque; it stays valid when rows are added.",
        },
    )


PAGING: Final[Words] = {
    **{f"{name}Connection": _connection(listed) for name, listed in _LISTED.items()},
    **{f"{name}Edge": _edge(listed) for name, listed in _LISTED.items()},
    "PageInfo": (
        "Where a page begins and ends.",
        {
            "hasNextPage": "Whether there is more after it.",
            "hasPreviousPage": "Whether there is more before it.",
            "startCursor": "The cursor of its first; null when it is empty.",
            "endCursor": "The cursor of its last; null when it is empty.",
        },
    ),
    "Count": (
        "A number of matches.",
        {
            "value": "The number. Counting stops at 10 000.",
            "exact": "Whether that is all; if not, there are more.",
        },
    ),
}
