"""The life of an execution: `decide(snapshot, command, context) -> Transition`. Pure.

snapshot.py what an execution is; commands.py what may be asked; evolve.py what an event makes of a snapshot;
actions.py, keeping.py, attempts.py, votes.py what each command means; settle.py what follows by itself.
"""

from models.lifecycle.decide import decide

__all__ = ["decide"]
