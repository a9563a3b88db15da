"""Maps commands of this program to actions of the API."""

from collections.abc import Sequence
from typing import Any, Final

_OTHERS: Final = {
    "PREPARE_EXECUTION": "prepare",
    "CHANGE_TASK_RUN_STATE": "change-task-state",
    "ADD_NOTE": "note",
}


def action_of(command: str) -> str | None:
    """Returns the action of a command or action name; None if there is none."""
    from models.lifecycle.actions import Action

    names = {command_of(action): action.value for action in Action}
    name = command.strip().lower().replace("_", "-")
    upper = name.upper().replace("-", "_")
    return names.get(name) or (upper if upper in Action.__members__ else None)


def command_of(action: str) -> str:
    return _OTHERS.get(action, action.lower().replace("_", "-"))


def commands_of(actions: Sequence[dict[str, Any]]) -> str:
    """Returns the commands of the actions that are allowed now; empty if there are none."""
    return ", ".join(command_of(one["action"]) for one in actions if one["allowed"])
