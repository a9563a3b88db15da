"""For code that runs in a task: say what it made, measured and how far it is.

    import headway

    headway.output(rows=1250)
    headway.metric("loss", 0.1, step=3)
    headway.progress(0.4, "epoch 4/10")
    headway.artifact("model.pkl", type="Model")

Outside of a task these do nothing, so the same program runs by hand. Needs Python 3.8 and nothing else.
"""

from headway.task import artifact, label, metric, output, progress, property, read_args

__all__ = ["args", "artifact", "label", "metric", "output", "progress", "property"]


def __getattr__(name: str) -> object:
    """`headway.args`: what the task's `args` say; read when it is first asked for."""
    if name != "args":
        raise AttributeError(f"module 'headway' has no attribute {name!r}")
    args = read_args()
    globals()["args"] = args
    return args
