from typing import Final

from schema.descriptions.words import Words

_NUMBERS: Final = {
    "gte": "At least this.",
    "gt": "More than this.",
    "lt": "Less than this.",
    "lte": "At most this.",
}
_PROBLEMS: Final = "Why it was refused; empty when it was done."
_NEWEST: Final = "{} first; equal ones the {} created first."


def _both(name: str, most: str, least: str) -> dict[str, str]:
    return {
        f"{name}_DESC": _NEWEST.format(most, "last"),
        f"{name}_ASC": _NEWEST.format(least, "first"),
    }


SEARCHES: Final[Words] = {
    "ExecutionOrder": (
        "What a list of executions is ordered by. Each order is the exact reverse of the one in the other direction.",
        {
            "CREATED_DESC": "The newest first. The default.",
            "CREATED_ASC": "The oldest first.",
            **_both(
                "STARTED", "What has not started, then what started last,", "What started first"
            ),
            **_both("ENDED", "What has not ended, then what ended last,", "What ended first"),
            **_both(
                "DURATION",
                "What runs, the longest first, then what took longest,",
                "What never started, then what took least, and what still runs last: such",
            ),
            **_both("FLOW", "By the key of the flow, z", "By the key of the flow, a"),
            **_both("STATE", "By the name of the state, z", "By the name of the state, a"),
            **_both("PROGRESS", "What is furthest", "What is least far"),
        },
    ),
    "ValueOrder": (
        "An order by what executions have in a column: numbers first, text under a key that is one among them, then "
        "other text by its first 200 characters and truths as text, and last in either direction what has no value.",
        {
            "column": "As of `columns`: `metric.NAME` (the value that was recorded last), `property.KEY`, `input.KEY`, "
            "`label.KEY`; `name`, `namespace`, `kind`, `createdBy`, `triggerKind`, `schedule`, `origin`, `branch` or "
            "`commit`. Secrets count as no value.",
            "direction": "The least first, or the greatest.",
        },
    ),
    "SortDirection": (
        "The direction of an order.",
        {"ASC": "The least first.", "DESC": "The greatest first."},
    ),
    "SearchField": (
        "A field of the search language.",
        {
            "name": "Its name.",
            "aliases": "What else it may be called.",
            "description": "What it is, in a few words.",
            "operators": "The operators that it takes, `:` first. Those with `>` take a range as well: `:1 TO 5`.",
            "values": "The values that there are whatever was run, as states; empty where it takes any.",
            "facet": "The facet that counts its values, or, of properties, inputs and metrics, their keys; "
            "null without one.",
            "keyed": "Whether it takes a key and a value, as `label.team:data`.",
        },
    ),
    "NumberFilter": (
        "A comparison with a number. All that is given must hold.",
        {"eq": "Exactly this.", **_NUMBERS},
    ),
    "ValueFilter": (
        "A property or an input, by its key. Without a comparison: that there is one.",
        {
            "key": "Its key.",
            "eq": "It is this text; or the number, true or false that this text says.",
            "in": "It is one of these, each as in `eq`.",
            "prefix": "It is text that begins with this.",
            "contains": "It is text that holds this, A to Z in either case.",
            **{
                name: f"{words} Of numbers, and of text that is one."
                for name, words in _NUMBERS.items()
            },
        },
    ),
    "MetricFilter": (
        "A metric, by the value that was recorded last under its name. Without a comparison: that there is one.",
        {"name": "Its name.", "eq": "Exactly this.", **_NUMBERS},
    ),
    "FacetField": (
        "What values are counted of.",
        {
            "STATE": "The state.",
            "NAMESPACE": "The namespace.",
            "FLOW": "The key of the flow.",
            "KIND": "The kind.",
            "LABEL_KEY": "The keys of labels.",
            "LABEL": "Labels, each with its value; those of Headway's own are left out.",
            "CREATED_BY": "Who created it, as `user:maria`.",
            "BRANCH": "The branch of the code.",
            "COMMIT": "The commit of the code.",
            "ORIGIN": "Where it ran.",
            "TRIGGER": "The kind of what started it.",
            "SCHEDULE": "The key of the schedule that started it.",
            "PROPERTY": "The keys of properties.",
            "INPUT": "The keys of inputs.",
            "METRIC": "The names of metrics.",
            "ERROR": "What made it fail: the newest message of each fingerprint, at most 1000 characters.",
        },
    ),
    "Facet": (
        "A value that executions have, and how many.",
        {
            "key": "The key of a label, the fingerprint of an error; null for other fields.",
            "value": "The value.",
            "count": "How many have it. Counting goes through the newest 10 000 that match, of labels, properties, "
            "inputs and metrics through 2000; "
            "`exact` says whether these were all. Namespaces, flows and kinds that only older ones have are found too, "
            "counted to 100.",
            "search": "The term of the search language that finds them.",
        },
    ),
    "SavedValueOrder": (
        "The order of a search that somebody keeps, by what executions have in a column.",
        {"column": "As `ValueOrder.column`.", "direction": "The least first, or the greatest."},
    ),
    "SavedFilter": (
        "A search that somebody keeps.",
        {
            "id": "TypeID, `filt_...`.",
            "name": "What it is called; one has each name once.",
            "search": "The search.",
            "orderBy": "The order that it is meant to be seen in; null, and no `orderByValue`, is CREATED_DESC.",
            "orderByValue": "The same where that is an order by what executions have in a column.",
            "shared": "Whether it is there for all.",
            "owner": "Whose it is.",
            "canChange": "Whether the viewer may change or delete it: the owner, and who has MANAGE.",
            "createdAt": "When it was first saved.",
            "updatedAt": "When it was last saved.",
        },
    ),
    "SaveFilterInput": (
        "A search to keep.",
        {
            "name": "What to call it, 1 to 100 characters.",
            "search": "The search; it is refused when it cannot be read.",
            "id": "The filter to change; without it a new one is made.",
            "orderBy": "The order that it is meant to be seen in.",
            "orderByValue": "The same by what executions have in a column; pass this or `orderBy`.",
            "shared": "Whether it is there for all; false by default, and a changed one stays as it is.",
        },
    ),
    "DeleteFilterInput": ("A filter to delete.", {"id": "The filter."}),
    "SaveFilterPayload": (
        "What `saveFilter` answers.",
        {"filter": "The filter; null when it was refused.", "problems": _PROBLEMS},
    ),
    "DeleteFilterPayload": (
        "What `deleteFilter` answers.",
        {"filter": "What was deleted; null when it was refused.", "problems": _PROBLEMS},
    ),
}
