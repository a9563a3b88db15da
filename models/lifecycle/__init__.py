"""The life of an execution: `decide(snapshot, command, context) -> Transition`. Pure.

`snapshot.py` holds what an execution is, `commands/` what it takes, `apply/` what an event makes of it, `advance/` the
consequences of a change, and `actions.py` which actions are available. The other modules handle the commands.
"""

from models.lifecycle.decide import decide

__all__ = ["decide"]
