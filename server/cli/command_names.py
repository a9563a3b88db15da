"""The commands of this program that ask for the API's actions."""

from collections.abc import Sequence
from typing import Any, Final

_OTHERS: Final = {
    "PREPARE_EXECUTION": "prepare",
    "CHANGE_TASK_RUN_STATE": "change-task-state",
    "ADD_NOTE": "note",
}


def command_of(action: str) -> str:
    return _OTHERS.get(action, action.lower().replace("_", "-"))


def commands_of(actions: Sequence[dict[str, Any]]) -> str:
    """Those that are allowed now; empty where none is."""
    return ", ".join(command_of(one["action"]) for one in actions if one["allowed"])
