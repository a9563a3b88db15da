"""The state machine of executions: `decide(snapshot, command, context) -> Transition`. Pure.

`snapshot.py` has the state of an execution, `commands/` the commands to it, `apply/` applies events to it, `advance/`
applies the consequences of a change, and `actions.py` has the available actions. The other modules handle the commands.
"""

from models.lifecycle.decide import decide

__all__ = ["decide"]
