"""The library for your own code. In a task: read inputs and report outputs, metrics, progress and artifacts.

    import headway

    headway.inputs()["day"], headway.outputs()["extract"]["rows"]
    headway.output(rows=1250)
    headway.metric("loss", 0.1, step=3)
    headway.progress(0.4, "epoch 4/10")
    headway.artifact("model.pkl", type="Model")

Outside of a task these functions do nothing, so that you can run the same program by hand. Anywhere else: record an
external run, and read executions.

    with headway.execution("mnist", kind="train") as run:
        run.log_metric("loss", 0.1, step=3)

    for execution in headway.Client().executions(pipeline="mnist"):
        print(execution["name"], execution["state"])

Needs Python 3.8 or newer, and no other packages.
"""

from typing import TYPE_CHECKING

from headway.task import (
    artifact,
    git,
    inputs,
    label,
    metric,
    output,
    outputs,
    progress,
    property,
    read_args,
)

if TYPE_CHECKING:
    from headway.client import Client, HeadwayError, Refused, Unreachable
    from headway.recording import Recording
    from headway.recording import Recording as execution

__all__ = [
    "Client",
    "HeadwayError",
    "Recording",
    "Refused",
    "Unreachable",
    "args",
    "artifact",
    "execution",
    "git",
    "inputs",
    "label",
    "metric",
    "output",
    "outputs",
    "progress",
    "property",
]

_LATER = {
    "Client": ("headway.client", "Client"),
    "HeadwayError": ("headway.client", "HeadwayError"),
    "Refused": ("headway.client", "Refused"),
    "Unreachable": ("headway.client", "Unreachable"),
    "Recording": ("headway.recording", "Recording"),
    "execution": ("headway.recording", "Recording"),
}
"""Names that tasks rarely need; each is imported on first use."""


def __getattr__(name: str) -> object:
    """Imports the names of `_LATER`, and reads `headway.args` (the task's `args`), on first use."""
    found: object
    if name == "args":
        found = read_args()
    elif name in _LATER:
        from importlib import import_module

        module, attribute = _LATER[name]
        found = getattr(import_module(module), attribute)
    else:
        raise AttributeError(f"module 'headway' has no attribute {name!r}")
    globals()[name] = found
    return found
