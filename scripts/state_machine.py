"""Writes docs/state-machine.md from the tables in models/. With --check it only says whether they are equal."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from models.lifecycle.actions import ALLOWED_IN, WHEN, Action  # noqa: E402
from models.states import (  # noqa: E402
    ATTEMPT_ENDS,
    EXECUTION_ENDS,
    EXECUTION_MOVES,
    EXECUTION_RETURNS,
    FAILED_ENDS,
    OCCUPIES_SLOT,
    SUCCESSFUL_ENDS,
    TASK_RUN_ENDS,
    TASK_RUN_MOVES,
    TASK_RUN_RETURNS,
    WAITING_FOR_WORKER,
    ExecutionState,
)

DOCUMENT = ROOT / "docs" / "state-machine.md"
HEAD = """\
# The state machine

Made from `models/states.py` and `models/lifecycle/actions.py` by `scripts/state_machine.py`; a test holds them equal.
What moves what, and why, is in [flows.md](flows.md) and in the docstrings of `models/lifecycle/`.
"""
NEVER_LEFT = """\
An execution leaves a terminal state only by an action of a person: restart, retry failed, or a correction.
"""


def document() -> str:
    return "\n".join(
        (
            HEAD,
            "## Executions\n",
            diagram(EXECUTION_MOVES, ExecutionState.CREATED),
            f"Ends: {named(EXECUTION_ENDS)}. Holding a slot of a concurrency limit: {named(OCCUPIES_SLOT)}.\n",
            NEVER_LEFT,
            returns(EXECUTION_RETURNS),
            "## Task runs\n",
            diagram(TASK_RUN_MOVES, next(iter(TASK_RUN_MOVES))),
            f"Ends: {named(TASK_RUN_ENDS)}. Waiting for a worker: {named(WAITING_FOR_WORKER)}. What needs it may start "
            f"after {named(SUCCESSFUL_ENDS)}; {named(FAILED_ENDS)} make the execution fail.\n",
            returns(TASK_RUN_RETURNS),
            "## Attempts\n",
            f"RUNNING, then one of {named(ATTEMPT_ENDS)}. An attempt is never rewritten: a retry is another one.\n",
            "## Actions\n",
            actions(),
            *(f"- `{action.value}`: {WHEN[action]}." for action in Action if action in WHEN),
            "",
        )
    )


def diagram(moves: Mapping[StrEnum, frozenset[StrEnum]], first: StrEnum) -> str:
    arrows = [
        f"  {state.value} --> {after.value}"
        for state, following in moves.items()
        for after in moves
        if after in following
    ]
    ends = [f"  {state.value} --> [*]" for state, following in moves.items() if not following]
    lines = ["```mermaid", "stateDiagram-v2", f"  [*] --> {first.value}", *arrows, *ends, "```"]
    return "\n".join(lines) + "\n"


def returns(table: Mapping[StrEnum, frozenset[StrEnum]]) -> str:
    rows = ["| from | to |", "|---|---|"]
    rows += [f"| {state.value} | {named(after)} |" for state, after in table.items() if after]
    return "\n".join(rows) + "\n"


def actions() -> str:
    """A cross where the state allows the action; the content may still refuse it, in a sentence."""
    rows = [
        f"| state | {' | '.join(f'`{action.value}`' for action in Action)} |",
        "|---" * (len(Action) + 1) + "|",
    ]
    for state in ExecutionState:
        crosses = ("x" if state in ALLOWED_IN[action] else "" for action in Action)
        rows.append(f"| {state.value} | {' | '.join(crosses)} |")
    return "\n".join(rows) + "\n"


def named(states: frozenset[StrEnum]) -> str:
    kind = type(next(iter(states)))
    return ", ".join(state.value for state in kind if state in states)


if __name__ == "__main__":
    if "--check" in sys.argv:
        if DOCUMENT.read_text() != document():
            sys.exit(
                f"{DOCUMENT.name} is not what the tables say; run python scripts/state_machine.py"
            )
    else:
        DOCUMENT.write_text(document())
