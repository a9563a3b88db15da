"""Renders executions for the terminal, with rich."""

import io
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from models.states import EXECUTION_SUCCESSES, ExecutionState
from models.task_error import message_with_exit_code
from server.cli.terminal.audit_text import audit_text
from server.cli.terminal.folding import Fold, folded

_LOOKS = {
    "SUCCESS": ("✓", "green"), "WARNING": ("!", "yellow"), "FAILED": ("✗", "red"),
    "ERROR": ("✗", "red"), "REJECTED": ("✗", "red"), "KILLED": ("■", "magenta"),
    "CANCELLED": ("○", "dim"), "SKIPPED": ("-", "dim"), "RUNNING": ("▶", "blue"),
    "QUEUED": ("…", "cyan"), "CREATED": ("·", "dim"), "RETRYING": ("↻", "yellow"),
    "WAITING_FOR_APPROVAL": ("?", "magenta"), "KILLING": ("■", "magenta"),
    "PAUSED": ("‖", "yellow"), "RESTARTED": ("↻", "yellow"), "FAILED_FINISHING": ("✗", "red"), "CACHED": ("≡", "green"),
}  # fmt: skip
_STOPPED = frozenset({ExecutionState.KILLED, ExecutionState.CANCELLED})
_UNBROKEN = 1_000_000


def console() -> Console:
    return Console(width=None if is_terminal() else 200)


def is_terminal() -> bool:
    return sys.stdout.isatty()


def print_whole(what: RenderableType) -> None:
    """Prints without breaking lines unless the output is a terminal."""
    if is_terminal():
        console().print(what)
        return
    wide = io.StringIO()
    Console(file=wide, width=_UNBROKEN).print(what)
    for line in wide.getvalue().splitlines():
        sys.stdout.write(f"{line.rstrip()}\n")


def exit_code(state: str) -> int:
    """Returns 0 for SUCCESS, WARNING and CACHED, 3 for KILLED and CANCELLED, 1 for every other end state."""
    return 0 if state in EXECUTION_SUCCESSES else 3 if state in _STOPPED else 1


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
    """Renders the live view: header with progress, tasks, the newest log lines."""
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


def tasks_table(
    task_runs: Sequence[dict[str, Any]], unfolded: bool = False, whole: bool = False
) -> Table:
    """Folds the iterations of a foreach, and lists failed ones separately; `whole` disables truncation."""
    table = Table.grid(padding=(0, 2))
    for one in task_runs if unfolded else folded(task_runs):
        if isinstance(one, Fold):
            _add_fold(table, one, whole)
        else:
            _add_task_run(table, one, "  ", whole)
    return table


def _add_fold(table: Table, fold: Fold, whole: bool) -> None:
    counts = Text("  ").join(
        Text(f"{number} ").append_text(state_text(state))
        for state, number in fold.states.most_common()
    )
    table.add_row("  " + fold.key, counts, "", "", "", "")
    for task_run in fold.bad:
        _add_task_run(table, task_run, "    ", whole)
    if fold.left_out:
        table.add_row(f"    {fold.left_out} more", "", "", "", "", "")


def _add_task_run(table: Table, task: dict[str, Any], indent: str, whole: bool) -> None:
    attempts = len(task["attempts"])
    note = (
        _waits_after_loss(task)
        or _error_of(task, whole)
        or task["message"]
        or _from_elsewhere(task)
    )
    progress = f"{task['progress']:.0%}" if 0 < task["progress"] < 1 else ""
    table.add_row(
        indent + task["key"],
        state_text(task["state"]),
        f"attempt {attempts}" if attempts > 1 else "",
        progress,
        seconds(task["duration"]),
        Text(note.splitlines()[0][: None if whole else 100] if note else "", style="dim"),
    )


def _error_of(task: dict[str, Any], whole: bool) -> str | None:
    """Returns the error of a failed task, which takes the place of its last progress message."""
    error = task["error"]
    if error is None:
        return None
    first = error["message"].partition("\n")[0]
    return message_with_exit_code(
        first if whole or len(first) <= 80 else f"{first[:79]}…", error["exitCode"]
    )


def _waits_after_loss(task: dict[str, Any]) -> str | None:
    """Returns a note if the worker was lost and no other one has taken the task yet."""
    last = max(task["attempts"], key=lambda attempt: int(attempt["number"]), default=None)
    if last is None or last["state"] != "LOST" or task["state"] != "QUEUED":
        return None
    return f"{lost(last['number'])}; waiting for a worker"


def lost(attempt: int) -> str:
    return f"attempt {attempt} was lost"


def _from_elsewhere(task: dict[str, Any]) -> str:
    if task["child"]:
        return f"started {task['child']['name']} {task['child']['id']}"
    if task["cachedFrom"]:
        return f"outputs of {task['cachedFrom']['name']} {task['cachedFrom']['id']}"
    return ""


def _plain_table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=name not in ("WHY", "WHAT", "MESSAGE", "REASON"))
    return table


def plan_table(tasks: Sequence[dict[str, Any]], revision: str) -> RenderableType:
    table = _plain_table("TASK", "PLAN", "WHY", "OUTPUTS OF")
    for task in tasks:
        table.add_row(task["key"], task["plan"], Text(_why(task)), _source(task))
    return Group(Text(f"runs {revision}", style="bold"), table)


def draft_table(draft: dict[str, Any]) -> RenderableType:
    input = draft["createInput"]
    head = Text(f"{input['namespace']}/{input['flow']} revision {input['revision']}", style="bold")
    table = _plain_table("TASK", "RUNS", "PLAN", "WHY", "OUTPUTS OF")
    for task in draft["tasks"]:
        runs = Text("yes", style="green") if task["enabled"] else Text("no", style="dim")
        table.add_row(task["key"], runs, task["plan"], Text(_why(task)), _source(task))
    inputs = Text(f"inputs {as_json(input['inputs'])}  on_failure {input['onFailure']}")
    start = "nothing was started: --run starts it, --json prints it to edit for `headway run`"
    return Group(head, inputs, table, Text(start, style="dim"))


def _why(task: dict[str, Any]) -> str:
    return f"new: {task['why']}" if task["isNew"] and "new" not in task["why"] else task["why"]


def _source(task: dict[str, Any]) -> str:
    return task["reusedFrom"]["id"] if task["reusedFrom"] and task["plan"] == "REUSE" else ""


def inbox_table(approvals: Sequence[dict[str, Any]]) -> Table:
    table = _plain_table("ID", "EXECUTION", "TASK", "REQUESTED", "UNTIL", "GIVEN", "MESSAGE")
    for one in approvals:
        groups = [f"{group['name']} " if group["name"] else "" for group in one["groups"]]
        given = ", ".join(
            f"{name}{group['given']}/{group['required']}"
            for name, group in zip(groups, one["groups"], strict=True)
        )
        table.add_row(
            one["id"],
            one["execution"]["name"],
            one["taskRun"]["key"],
            moment(one["requestedAt"]),
            moment(one["expiresAt"]),
            given,
            Text(f"{one['message']}{_fields(one['form'])}{_not_by_you(one['cannotDecideReason'])}"),
        )
    return table


def _not_by_you(reason: str | None) -> str:
    return f" [you cannot decide: {reason}]" if reason else ""


def _fields(form: Sequence[dict[str, Any]]) -> str:
    fields = ", ".join(f"{field['id']} {field['type']}" for field in form)
    return f" [--form {fields}]" if fields else ""


def list_table(executions: Sequence[dict[str, Any]]) -> Table:
    table = _plain_table("ID", "NAME", "FLOW", "STATE", "STARTED", "DURATION")
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


def audit_table(entries: Sequence[dict[str, Any]]) -> Table:
    table = _plain_table("AT", "BY", "CHANNEL", "ACTION", "TARGET", "WHAT", "REASON")
    for one in entries:
        table.add_row(
            moment(one["at"]),
            f"{one['actor']['kind'].lower()}:{one['actor']['name']}",
            one["channel"].lower(),
            one["action"],
            Text(f"{one['targetName'] or ''} {one['target'] or ''}".strip()),
            Text(audit_text(one)),
            Text(one["reason"] or ""),
        )
    return table


def failure_sentence(execution: dict[str, Any]) -> str | None:
    failure = execution["failure"]
    if not failure:
        return None
    task = failure["taskRun"]
    who = f"{task['key']} failed{_tries(failure['attempt'])}" if task else "the execution failed"
    skipped = ", ".join(run["key"] for run in failure["skipped"])
    why = f"{who}: {message_with_exit_code(failure['message'], failure['exitCode'])}"
    others = failure["others"]
    more = f"+ {others} other {'task' if others == 1 else 'tasks'} failed" if others else ""
    skipped = skipped and f"not run because of this: {skipped}"
    return "\n".join(filter(None, (why, more, skipped)))


def _tries(number: int | None) -> str:
    if not number:
        return ""
    return f" after {number} {'attempt' if number == 1 else 'attempts'}"


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def log_text(line: dict[str, Any]) -> str:
    of = f" {line['taskKey']}:" if line["taskKey"] else ""
    return f"{moment(line['at'])[11:]} {line['level']:5}{of} {line['text']}"
