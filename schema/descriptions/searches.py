from typing import Final

from schema.descriptions.shared_texts import Descriptions

_NUMBERS: Final = {
    "gte": "Greater than or equal to this.",
    "gt": "Greater than this.",
    "lt": "Less than this.",
    "lte": "Less than or equal to this.",
}
_PROBLEMS: Final = "Why the mutation was refused; empty on success."
_TIES: Final = "{}; ties by creation, {} first."


def _both(name: str, most: str, least: str) -> dict[str, str]:
    return {
        f"{name}_DESC": _TIES.format(most, "newest"),
        f"{name}_ASC": _TIES.format(least, "oldest"),
    }


SEARCHES: Final[Descriptions] = {
    "ExecutionOrder": (
        "The orders of a list of executions. ASC is the exact reverse of DESC.",
        {
            "CREATED_DESC": "Newest first. The default.",
            "CREATED_ASC": "Oldest first.",
            **_both(
                "STARTED",
                "Not started, then latest start first",
                "Earliest start first, then not started",
            ),
            **_both(
                "ENDED", "Not ended, then latest end first", "Earliest end first, then not ended"
            ),
            **_both(
                "DURATION",
                "Running (longest first), then ended (longest first), then never started",
                "Never started, then ended (shortest first), then running (shortest first)",
            ),
            **_both("FLOW", "By the key of the flow, Z to A", "By the key of the flow, A to Z"),
            **_both(
                "STATE", "By the name of the state, Z to A", "By the name of the state, A to Z"
            ),
            **_both("PROGRESS", "Most progress first", "Least progress first"),
        },
    ),
    "ValueOrder": (
        "An order by the values of a column: numbers first (including text that parses as a number, if found under a "
        "key), then other text by its first 200 characters and booleans as text. Missing values come last in both "
        "directions.",
        {
            "column": "A column as in `columns`: `metric.NAME` (the last recorded value), `property.KEY`, "
            "`input.KEY`, `label.KEY`; `name`, `namespace`, `kind`, `createdBy`, `triggerKind`, `schedule`, "
            "`origin`, `branch` or `commit`. Secrets count as missing.",
            "direction": "The direction of the order.",
        },
    ),
    "SortDirection": (
        "The direction of an order.",
        {"ASC": "Ascending.", "DESC": "Descending."},
    ),
    "SearchField": (
        "A field of the search language.",
        {
            "name": "The name.",
            "aliases": "Alternative names.",
            "description": "A short description.",
            "operators": "The supported operators, `:` first. Fields with `>` also support a range: `:1 TO 5`.",
            "values": "The fixed values, such as states; empty if any value is possible.",
            "facet": "The facet that counts its values or, for properties, inputs and metrics, their keys; null "
            "without one.",
            "keyed": "Whether it takes a key and a value, such as `label.team:data`.",
        },
    ),
    "NumberFilter": (
        "Comparisons with a number. All given conditions must hold.",
        {"eq": "Equal to this.", **_NUMBERS},
    ),
    "ValueFilter": (
        "A condition on a property or an input, by its key. Without a comparison: the key exists.",
        {
            "key": "The key.",
            "eq": "Equal to this text; or to the number or boolean that this text represents.",
            "in": "Equal to one of these, as in `eq`.",
            "prefix": "Text that starts with this.",
            "contains": "Text that contains this; ASCII letters match in either case.",
            **{
                name: f"{words} For numbers, and text that parses as a number."
                for name, words in _NUMBERS.items()
            },
        },
    ),
    "MetricFilter": (
        "A condition on the last recorded value of a metric. Without a comparison: the metric exists.",
        {"name": "The name.", "eq": "Equal to this.", **_NUMBERS},
    ),
    "FacetField": (
        "The fields whose values can be counted.",
        {
            "STATE": "The state.",
            "NAMESPACE": "The namespace.",
            "FLOW": "The key of the flow.",
            "KIND": "The kind.",
            "LABEL_KEY": "The keys of labels.",
            "LABEL": "Labels with their values, except those reserved for Headway.",
            "CREATED_BY": "Who created it, as `user:maria`.",
            "BRANCH": "The branch of the code.",
            "COMMIT": "The commit of the code.",
            "ORIGIN": "Where it ran.",
            "TRIGGER": "The kind of trigger.",
            "SCHEDULE": "The key of the schedule that started it.",
            "PROPERTY": "The keys of properties.",
            "INPUT": "The keys of inputs.",
            "METRIC": "The names of metrics.",
            "ERROR": "The failure: the newest message of each fingerprint, at most 1000 characters.",
        },
    ),
    "Facet": (
        "A value, and the number of executions that have it.",
        {
            "key": "The key of a label, or the fingerprint of an error; null for other fields.",
            "value": "The value.",
            "count": "The number of executions that have it. Counted among the newest 10 000 matches, or 2000 for "
            "labels, properties, inputs and metrics; `exact` says whether these were all. Namespaces, flows and "
            "kinds that only older executions have are included, counted up to 100.",
            "search": "The term of the search language that finds these executions.",
        },
    ),
    "SavedValueOrder": (
        "The order of a saved search by the values of a column.",
        {
            "column": "A column, as in `ValueOrder.column`.",
            "direction": "The direction of the order.",
        },
    ),
    "SavedFilter": (
        "A saved search.",
        {
            "id": "A TypeID, `filt_...`.",
            "name": "The name, unique for its owner.",
            "search": "The search.",
            "orderBy": "The order of the results; null, without `orderByValue`, means CREATED_DESC.",
            "orderByValue": "The order of the results, if it is by the values of a column.",
            "shared": "Whether everybody can use it.",
            "owner": "Who owns it.",
            "canChange": "Whether the viewer may change or delete it: its owner, or somebody with MANAGE on every "
            "namespace.",
            "createdAt": "When it was first saved.",
            "updatedAt": "When it was last saved.",
        },
    ),
    "SaveFilterInput": (
        "A search to save.",
        {
            "name": "The name, 1 to 100 characters.",
            "search": "The search; refused if it cannot be parsed.",
            "id": "The filter to change; without it a new one is created.",
            "orderBy": "The order of the results.",
            "orderByValue": "The order by the values of a column; cannot be combined with `orderBy`.",
            "shared": "Whether everybody can use it; false by default for a new filter, unchanged for an existing "
            "one.",
        },
    ),
    "DeleteFilterInput": ("A filter to delete.", {"id": "The filter."}),
    "SaveFilterPayload": (
        "The result of `saveFilter`.",
        {"filter": "The filter; null if the mutation was refused.", "problems": _PROBLEMS},
    ),
    "DeleteFilterPayload": (
        "The result of `deleteFilter`.",
        {"filter": "The deleted filter; null if the mutation was refused.", "problems": _PROBLEMS},
    ),
}
