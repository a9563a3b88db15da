from typing import Final

from schema.descriptions.shared_texts import Descriptions

_PROBLEMS: Final = {"problems": "Why the mutation was refused; empty on success."}
_WHICH: Final = {"namespace": "The namespace of the flow.", "key": "The key of the flow."}
_REASON: Final = {"reason": "The reason; stored in the audit log."}

FLOW_CHANGES: Final[Descriptions] = {
    "DeleteFlowInput": ("A flow to delete.", {**_WHICH, **_REASON}),
    "SetFlowEnabledInput": (
        "A flow to enable or disable.",
        {**_WHICH, "enabled": "Whether the flow can be started.", **_REASON},
    ),
    "RunTestInput": (
        "A flow document to test.",
        {
            "source": "The document, as YAML, at most 1 MiB.",
            "inputs": "An object of input names and values.",
            "labels": "Labels to add to those of the document.",
            "idempotencyKey": "A repeated call with the same key and input returns the first execution.",
            "reason": "The reason; stored with the event.",
        },
    ),
    "DeleteFlowPayload": (
        "The result of `deleteFlow`.",
        {"flow": "The deleted flow; null if the mutation was refused.", **_PROBLEMS},
    ),
    "SetFlowEnabledPayload": (
        "The result of `setFlowEnabled`.",
        {"flow": "The flow after the mutation; null if it was refused.", **_PROBLEMS},
    ),
    "RunTestPayload": (
        "The result of `runTest`.",
        {"execution": "The execution; null if the mutation was refused.", **_PROBLEMS},
    ),
}
