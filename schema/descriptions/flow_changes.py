from typing import Final

from schema.descriptions.words import Words

_PROBLEMS: Final = {"problems": "Why it was refused; empty when it was done."}
_WHICH: Final = {"namespace": "The namespace of the flow.", "key": "Its key."}
_REASON: Final = {"reason": "Why; kept with the audit entry."}

FLOW_CHANGES: Final[Words] = {
    "DeleteFlowInput": ("A flow to delete.", {**_WHICH, **_REASON}),
    "SetFlowEnabledInput": (
        "A flow to switch off or on.",
        {**_WHICH, "enabled": "Whether executions of it can be started.", **_REASON},
    ),
    "RunTestInput": (
        "A flow document to try.",
        {
            "source": "The document, as YAML, at most 1 MiB.",
            "inputs": "An object of names and values, as the document declares them.",
            "labels": "Labels that the execution begins with, beside those of the document.",
            "idempotencyKey": "The same key with the same input gives the first execution.",
            "reason": "Why; kept with the event.",
        },
    ),
    "DeleteFlowPayload": (
        "What `deleteFlow` answers.",
        {"flow": "The flow as it was; null when it was refused.", **_PROBLEMS},
    ),
    "SetFlowEnabledPayload": (
        "What `setFlowEnabled` answers.",
        {"flow": "The flow afterwards; null when it was refused.", **_PROBLEMS},
    ),
    "RunTestPayload": (
        "What `runTest` answers.",
        {"execution": "The execution; null when it was refused.", **_PROBLEMS},
    ),
}
