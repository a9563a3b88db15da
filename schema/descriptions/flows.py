from typing import Final

from schema.descriptions.dependencies import DEPTH, DIRECTION
from schema.descriptions.words import FIRST, ID, Words, paged, up_to

FLOWS: Final[Words] = {
    "Namespace": (
        "A dotted owner of flows, as `acme.data`.",
        {"name": "The dotted name.", "flowCount": "How many flows are in it."},
    ),
    "Flow": (
        "A named workflow in a namespace.",
        {
            "id": ID,
            "namespace": "The namespace that it belongs to.",
            "key": "The `id` of its document, unique in its namespace.",
            "kind": "The kind that its executions get, as `etl` or `train`.",
            "description": "What it is for; null when its document does not say.",
            "enabled": "Whether it may be started.",
            "labels": "The labels that its executions begin with.",
            "revision": "Its latest revision.",
            "revisions": "Its revisions, the latest first.",
            "revisions(first)": FIRST,
            "inputs": "The inputs that its latest revision declares, in their order.",
            "createdAt": "When it was first saved.",
            "updatedAt": "When its latest revision was saved.",
            **up_to("schedules", 1_000),
            "schedules": "What starts it by itself, by key.",
            "dependencies": "The flows that start it by a subflow task, and those that it starts, and so on.",
            "dependencies(direction)": DIRECTION,
            "dependencies(depth)": DEPTH,
            "executions": "Its executions, the newest first.",
            **paged("executions"),
        },
    ),
    "FlowRevision": (
        "An immutable version of a flow.",
        {
            "id": ID,
            "number": "Counted from 1 within the flow; negative for a text that was only tried.",
            "source": "The YAML text, as it was saved.",
            "createdAt": "When it was saved.",
            "createdBy": "Who saved it.",
            "tasks": "Its tasks, in the order of the document.",
        },
    ),
    "FlowInput": (
        "An input that a flow declares. The values given to an execution are checked by it.",
        {
            "id": "Its name, by which a value is given.",
            "type": "What values it takes.",
            "required": "Whether an execution without a value, and without a default, is refused.",
            "default": "The value when none is given; text with `{{ }}` is evaluated then, and may use other "
            "inputs and the execution. Null is no default.",
            "description": "What it means; null when the document does not say.",
            "options": "The values to choose from, of SELECT and MULTISELECT; null otherwise.",
            "min": "The smallest number that is allowed, of INT and FLOAT; null is no bound.",
            "max": "The greatest number that is allowed, of INT and FLOAT; null is no bound.",
            "pattern": "A regular expression that must match the whole text, of STRING; null is none.",
            "minLength": "The fewest characters, of STRING; null is no bound.",
            "maxLength": "The most characters, of STRING; null is no bound.",
            "itemType": "What values the items take, of ARRAY; null otherwise.",
            "dependsOn": "Earlier inputs that decide whether this one is asked for.",
            "when": "An expression over them: while it does not hold, the input is not asked for, and what is given "
            "for it is ignored. Null with `dependsOn`: while one of them has no value, or is false.",
        },
    ),
    "InputType": (
        "What values an input takes. A value may also come as text that reads as one.",
        {
            "STRING": "Text.",
            "INT": "A whole number.",
            "FLOAT": "A number.",
            "BOOL": "true or false.",
            "SELECT": "One of the options.",
            "MULTISELECT": "A list of options, each at most once.",
            "DATE": "A date, as `2026-01-31`.",
            "DATETIME": "A time with its zone, as `2026-01-31T08:00:00Z`.",
            "DURATION": "A duration, as `10s`, `1h30m` or `PT5M28S`; kept as seconds.",
            "TIME": "A time of day, as `08:30`.",
            "JSON": "Any JSON value.",
            "ARRAY": "A list of values of one other type.",
            "URI": "A URI with its scheme, as `s3://bucket/key`.",
            "EMAIL": "A mail address.",
            "SECRET": "Text that is kept encrypted and shown as `****`.",
            "FILE": "A file: the `id` or `uri` that `POST /files` answered. Kept as its URI.",
        },
    ),
    "Task": (
        "A named step of a revision.",
        {
            "key": "Its `id` in the document.",
            "type": "Its task type, as `shell` or `approval`.",
            "source": "Its part of the YAML text; null for whoever may not list flows.",
            "needs": "The keys of the tasks that must end well before it starts.",
            "section": "The list of the document that it stands in.",
        },
    ),
    "TaskSection": (
        "The lists of a document that tasks stand in. It says what they wait for beside what they need.",
        {
            "TASKS": "The tasks of the flow.",
            "ERRORS": "They run once all tasks have ended and one of them failed.",
            "FINALLY": "They run last, whatever happened.",
        },
    ),
    "FlowOrder": (
        "How flows are ordered.",
        {
            "NAME_ASC": "By namespace, then key. The default.",
            "UPDATED_DESC": "The latest saved first.",
        },
    ),
}
