"""How executions look in a terminal: pure, from the API's own words to rich's."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_LOOKS = {
    "SUCCESS": ("✓", "green"), "WARNING": ("!", "yellow"), "FAILED": ("✗", "red"),
    "ERROR": ("✗", "red"), "REJECTED": ("✗", "red"), "KILLED": ("■", "magenta"),
    "CANCELLED": ("○", "dim"), "SKIPPED": ("-", "dim"), "RUNNING": ("▶", "blue"),
    "QUEUED": ("…", "cyan"), "CREATED": ("·", "dim"), "RETRYING": ("↻", "yellow"),
    "WAITING_FOR_APPROVAL": ("?", "magenta"), "KILLING": ("■", "magenta"),
    "PAUSED": ("‖", "yellow"), "FAILED_FINISHING": ("✗", "red"), "CACHED": ("≡", "green"),
}  # fmt: skip
_EXIT_CODES = {"SUCCESS": 0, "WARNING": 0, "CACHED": 0, "KILLED": 3, "CANCELLED": 3}
_ENDED = {"SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "REJECTED", "ERROR", "CACHED"}


def exit_code(state: str) -> int:
    """0 for SUCCESS, WARNING and CACHED, 3 for KILLED and CANCELLED, 1 for every other end."""
    return _EXIT_CODES.get(state, 1)


def is_end(state: str) -> bool:
    return state in _ENDED


def state_text(state: str) -> Text:
    sign, style = _LOOKS.get(state, ("·", ""))
    return Text(f"{sign} {state}", style=style)


def seconds(value: float | None) -> str:
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f}s"
    minutes, rest = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"


def moment(value: str | None) -> str:
    return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M:%S") if value else ""


def tree(execution: dict[str, Any], lines: Sequence[str]) -> RenderableType:
    """The live view: header with progress, tasks, the newest log lines."""
    header = Table.grid(padding=(0, 2))
    header.add_row(
        Text(execution["name"], style="bold"),
        state_text(execution["state"]),
        ProgressBar(total=1.0, completed=execution["progress"], width=24),
        f"{execution['progress']:.0%}",
        seconds(execution["duration"]),
    )
    log = Text("\n".join(lines), style="dim", overflow="ellipsis", no_wrap=True)
    return Group(header, tasks_table(execution["taskRuns"]), log)


def tasks_table(task_runs: Sequence[dict[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for task in task_runs:
        attempts = len(task["attempts"])
        said = task["message"] or (task["error"] or {}).get("message") or ""
        progress = f"{task['progress']:.0%}" if 0 < task["progress"] < 1 else ""
        table.add_row(
            "  " + task["key"],
            state_text(task["state"]),
            f"attempt {attempts}" if attempts > 1 else "",
            progress,
            seconds(task["duration"]),
            Text(said.splitlines()[0][:100] if said else "", style="dim"),
        )
    return table


def list_table(executions: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("ID", "NAME", "FLOW", "STATE", "STARTED", "DURATION"):
        table.add_column(name, no_wrap=True)
    for one in executions:
        table.add_row(
            one["id"],
            one["name"],
            f"{one['namespace']}/{one['flowKey']}",
            state_text(one["state"]),
            moment(one["startedAt"]),
            seconds(one["duration"]),
        )
    return table


def plan_table(tasks: Sequence[dict[str, Any]], disabled: Sequence[str]) -> Table:
    """What a rerun does; `disabled` are tasks that were told not to run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("TASK", "PLAN", "WHY"):
        table.add_column(name, no_wrap=name != "WHY")
    for one in tasks:
        plan = "DISABLED" if one["key"] in disabled and one["plan"] == "RUN" else one["plan"]
        new = " (new)" if one["isNew"] else ""
        table.add_row(one["key"] + new, plan, Text(one["why"]))
    return table


def inbox_table(requests: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("ID", "ASKED", "DUE", "GIVEN", "EXECUTION", "QUESTION"):
        table.add_column(name, no_wrap=name != "QUESTION")
    for one in requests:
        given = ", ".join(
            f"{group['name']} {group['given']}/{group['required']}".strip()
            for group in one["groups"]
        )
        table.add_row(
            one["id"],
            moment(one["requestedAt"]),
            moment(one["expiresAt"]),
            given,
            one["execution"]["name"],
            Text(one["message"]),
        )
    return table


def audit_table(entries: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("AT", "BY", "CHANNEL", "ACTION", "TARGET", "REASON"):
        table.add_column(name, no_wrap=name != "REASON")
    for one in entries:
        table.add_row(
            moment(one["at"]),
            f"{one['actor']['kind'].lower()}:{one['actor']['name']}",
            one["channel"].lower(),
            one["action"],
            Text(f"{one['targetName'] or ''} {one['target'] or ''}".strip()),
            Text(one["reason"] or ""),
        )
    return table


def failure_sentence(execution: dict[str, Any]) -> str | None:
    failure = execution["failure"]
    if not failure:
        return None
    task = failure["taskRun"]
    who = f"{task['key']} failed after {failure['attempt']} attempt(s)" if task else "it failed"
    skipped = ", ".join(run["key"] for run in failure["skipped"])
    return f"{who}: {failure['message']}" + (
        f"\nnot run because of it: {skipped}" if skipped else ""
    )


def details(execution: dict[str, Any]) -> RenderableType:
    """Everything that `headway show` tells."""
    head = Table.grid(padding=(0, 2))
    labels = " ".join(f"{label['key']}={label['value']}" for label in execution["labels"])
    for name, value in (
        ("id", execution["id"]),
        ("flow", f"{execution['namespace']}/{execution['flowKey']}"),
        ("state", state_text(execution["state"])),
        ("created", f"{moment(execution['createdAt'])} by {execution['createdBy']['name']}"),
        ("duration", seconds(execution["duration"])),
        ("labels", labels),
        ("inputs", as_json(execution["inputs"])),
        ("outputs", as_json(execution["outputs"])),
    ):
        head.add_row(Text(name, style="dim"), value)
    parts: list[RenderableType] = [Text(execution["name"], style="bold"), head]
    if sentence := failure_sentence(execution):
        parts.append(Text(sentence, style="red"))
    parts += [Text(line, style="dim") for line in _links(execution)]
    parts += [Text(f"waits: {one['message']}", style="yellow") for one in execution["waitingFor"]]
    parts.append(tasks_table(execution["taskRuns"]))
    allowed = [
        one["action"].lower().replace("_", "-")
        for one in execution["availableActions"]
        if one["allowed"]
    ]
    parts += [
        Text(f"note by {note['author']['name']}, {moment(note['at'])}: {note['text']}")
        for note in execution["notes"]
    ]
    parts.append(Text(f"you can: {', '.join(allowed) or 'nothing, this is the past'}", style="dim"))
    return Group(*parts)


def _links(execution: dict[str, Any]) -> list[str]:
    """The executions that it comes from, and those that came of it."""
    names = {
        "rerunOf": "rerun of",
        "replayOf": "replay of",
        "cachedFrom": "results of",
        "parent": "started by",
        "resolvedBy": "resolved by",
    }
    lines = [
        f"{word} {execution[name]['name']}  {execution[name]['id']}"
        for name, word in names.items()
        if execution.get(name)
    ]
    return lines + [
        f"started {child['name']} ({child['state']})  {child['id']}"
        for child in execution.get("children") or ()
    ]


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def log_text(line: dict[str, Any]) -> str:
    return f"{moment(line['at'])[11:]} {line['level']:5} {line['taskKey']}: {line['text']}"
