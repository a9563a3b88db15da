from typing import Final

from schema.descriptions.dependencies import DEPTH, DIRECTION
from schema.descriptions.shared_texts import FIRST, ID, Descriptions, paged, up_to

FLOWS: Final[Descriptions] = {
    "Namespace": (
        "A dotted name that groups flows, such as `acme.data`.",
        {"name": "The dotted name.", "flowCount": "The number of flows in it."},
    ),
    "Flow": (
        "A named workflow in a namespace.",
        {
            "id": ID,
            "namespace": "The namespace of the flow.",
            "key": "The `id` in its document, unique in its namespace.",
            "kind": "The kind of its executions, such as `etl` or `train`.",
            "description": "The purpose of the flow; null if its document has no description.",
            "enabled": "Whether the flow can be started.",
            "labels": "The labels that new executions get.",
            "revision": "The latest revision.",
            "revisions": "The revisions, latest first.",
            "revisions(first)": FIRST,
            "inputs": "The inputs that the latest revision declares, in the order of the document.",
            "createdAt": "When the flow was first saved.",
            "updatedAt": "When the latest revision was saved.",
            **up_to("schedules", 1_000),
            "schedules": "The schedules of the flow, by key.",
            "dependencies": "The flows that start this one by a subflow task, and those that it starts, transitively.",
            "dependencies(direction)": DIRECTION,
            "dependencies(depth)": DEPTH,
            "executions": "The executions of the flow, newest first.",
            **paged("executions"),
        },
    ),
    "FlowRevision": (
        "An immutable version of a flow.",
        {
            "id": ID,
            "number": "Counted from 1 within the flow; negative for a document that was only tested.",
            "source": "The YAML text as saved.",
            "createdAt": "When the revision was saved.",
            "createdBy": "Who saved the revision.",
            "tasks": "The tasks, in the order of the document.",
        },
    ),
    "FlowInput": (
        "An input that a flow declares. Values given to an execution are validated against it.",
        {
            "id": "The name of the input.",
            "type": "The type of its values.",
            "required": "Whether an execution with neither a value nor a default is refused.",
            "default": "The value if none is given; text with `{{ }}` is evaluated when an execution starts, and may "
            "use other inputs and the execution. Null without a default.",
            "description": "The meaning of the input; null if the document has no description.",
            "options": "The values to choose from, for SELECT and MULTISELECT; null otherwise.",
            "min": "The smallest allowed number, for INT and FLOAT; null without a bound.",
            "max": "The largest allowed number, for INT and FLOAT; null without a bound.",
            "pattern": "A regular expression that must match the whole text, for STRING; null without one.",
            "minLength": "The minimum number of characters, for STRING; null without a bound.",
            "maxLength": "The maximum number of characters, for STRING; null without a bound.",
            "itemType": "The type of the items, for ARRAY; null otherwise.",
            "dependsOn": "Earlier inputs that decide whether this one is requested.",
            "when": "An expression over those inputs: while it is false, the input is not requested, and a given "
            "value is ignored. If null with `dependsOn`: the input is not requested while one of them has no value "
            "or is false.",
        },
    ),
    "InputType": (
        "The type of an input's values. A value may also be given as text that can be parsed.",
        {
            "STRING": "Text.",
            "INT": "An integer.",
            "FLOAT": "A number.",
            "BOOL": "true or false.",
            "SELECT": "One of the options.",
            "MULTISELECT": "A list of options, each at most once.",
            "DATE": "A date, such as `2026-01-31`.",
            "DATETIME": "A time with a time zone, such as `2026-01-31T08:00:00Z`.",
            "DURATION": "A duration, such as `10s`, `1h30m` or `PT5M28S`; stored as seconds.",
            "TIME": "A time of day, such as `08:30`.",
            "JSON": "Any JSON value.",
            "ARRAY": "A list of values of one other type.",
            "URI": "A URI with a scheme, such as `s3://bucket/key`.",
            "EMAIL": "An email address.",
            "SECRET": "Text that is stored encrypted and shown as `****`.",
            "FILE": "A file: the `id` or `uri` returned by `POST /files`. Stored as its URI.",
        },
    ),
    "Task": (
        "A task of a revision.",
        {
            "key": "The `id` in the document.",
            "type": "The task type, such as `shell` or `approval`.",
            "source": "The YAML text of the task; null without the permission to list flows.",
            "needs": "The keys of the tasks that must succeed before it starts.",
            "section": "The section of the document that contains the task.",
        },
    ),
    "TaskSection": (
        "The sections of a document that contain tasks. The section determines what its tasks wait for in addition "
        "to `needs`.",
        {
            "TASKS": "The tasks of the flow.",
            "ERRORS": "Tasks that run after all tasks of the flow have ended, if one of them failed.",
            "FINALLY": "Tasks that run last, in every case.",
        },
    ),
    "FlowOrder": (
        "The order of flows.",
        {
            "NAME_ASC": "By namespace, then key. The default.",
            "UPDATED_DESC": "Latest saved first.",
        },
    ),
}
