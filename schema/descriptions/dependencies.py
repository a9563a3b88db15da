from typing import Final

from schema.descriptions.shared_texts import Descriptions

DIRECTION: Final = (
    "The direction, BOTH by default: UPSTREAM for what starts it, DOWNSTREAM for what it starts."
)
DEPTH: Final = "The maximum number of steps in each direction: 1 to 50, 6 by default."
_EDGES: Final = "All dependencies between the nodes."
_TRUNCATED: Final = "Whether there are more than the 500 returned nodes."

DEPENDENCIES: Final[Descriptions] = {
    "FlowDependencies": (
        "Flows that start each other, according to their latest revisions.",
        {
            "nodes": "The flow, then the flows that start it or that it starts; only flows that exist and that the "
            "viewer may see.",
            "edges": _EDGES,
            "truncated": _TRUNCATED,
        },
    ),
    "ExecutionDependencies": (
        "Executions that started each other, or are reruns or replays of each other.",
        {
            "nodes": "The execution, then the related ones; only executions that the viewer may see.",
            "edges": _EDGES,
            "truncated": _TRUNCATED,
        },
    ),
    "DependencyEdge": (
        "One node is the result of the other.",
        {
            "from": "The id of the parent or the original.",
            "to": "The id of the result.",
            "kind": "The kind of dependency.",
            "taskKey": "The subflow task that starts it; null for other kinds.",
        },
    ),
    "DependencyKind": (
        "The kinds of dependency. Between flows it is always SUBFLOW.",
        {
            "SUBFLOW": "Started by a subflow task of the other.",
            "RERUN": "Created from a draft of the other.",
            "REPLAY": "A replay of the other.",
        },
    ),
}
