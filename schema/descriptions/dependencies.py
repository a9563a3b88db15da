from typing import Final

from schema.descriptions.words import Words

DIRECTION: Final = (
    "Which way, BOTH by default: UPSTREAM is what starts it, DOWNSTREAM what it starts."
)
DEPTH: Final = "How many steps at most, each way: 1 to 50, 6 by default."
_EDGES: Final = "Every dependency between two of them."
_TRUNCATED: Final = "Whether there are more than the 500 that are here."

DEPENDENCIES: Final[Words] = {
    "FlowDependencies": (
        "Flows that start each other, as their latest revisions say.",
        {
            "nodes": "The flow, then those that start it or that it starts; only what may be seen, which exists.",
            "edges": _EDGES,
            "truncated": _TRUNCATED,
        },
    ),
    "ExecutionDependencies": (
        "Executions that came of each other.",
        {
            "nodes": "The execution, then those that it came of or that came of it; only what may be seen.",
            "edges": _EDGES,
            "truncated": _TRUNCATED,
        },
    ),
    "DependencyEdge": (
        "One comes of the other.",
        {
            "from": "The id of what starts, or was there first.",
            "to": "The id of what comes of it.",
            "kind": "In what way.",
            "taskKey": "The task that starts it; null where no task does.",
        },
    ),
    "DependencyKind": (
        "In what way one comes of the other. Between flows it is always SUBFLOW.",
        {
            "SUBFLOW": "A subflow task starts it.",
            "RERUN": "It was made from a draft of the other.",
            "REPLAY": "It is a replay of the other.",
        },
    ),
}
