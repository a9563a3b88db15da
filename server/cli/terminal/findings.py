"""Renders results for `headway show`: outputs, metrics and artifacts. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from server.cli.queries import MOST_METRICS
from server.cli.terminal.rendering import as_json

_MOST = 20
_LONGEST = 160


def findings(execution: dict[str, Any], unfolded: bool, whole: bool) -> Iterator[Table]:
    """Yields a table for each kind of result, with at most twenty rows unless `unfolded`. `whole` disables
    truncation."""
    for title, rows in (
        ("outputs of tasks", _outputs(execution["taskRuns"], unfolded)),
        *_metrics(execution),
        ("artifacts", _artifacts(execution["artifacts"])),
    ):
        if rows:
            yield _table(title, rows, unfolded, whole)


def git_text(git: dict[str, Any] | None) -> str:
    if not git:
        return ""
    branch = f"({git['branch']})" if git["branch"] else None
    parts = (git["commit"], branch, git["repository"], git["author"], git["message"])
    return " ".join(part for part in parts if part)


def _table(title: str, rows: Sequence[tuple[str, ...]], unfolded: bool, whole: bool) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(Text(title, style="dim"))
    shown = rows if unfolded else rows[:_MOST]
    for row in shown:
        first, *rest = row
        table.add_row(f"  {first}", *(Text(text if whole else _short(text)) for text in rest))
    if len(shown) < len(rows):
        table.add_row(f"  {len(rows) - len(shown)} more: --all")
    return table


def _outputs(task_runs: Sequence[dict[str, Any]], unfolded: bool) -> list[tuple[str, ...]]:
    """Leaves out iterations of a foreach unless `unfolded`."""
    return [
        (run["key"], as_json(run["outputs"]))
        for run in task_runs
        if run["outputs"] and (unfolded or "[" not in run["key"])
    ]


def _metrics(execution: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Returns the last value of each metric by task. With more values than one response holds, these are not the
    latest; then the latest by name, which the server computes, come first."""
    metrics = execution["metrics"]
    if len(metrics) < MOST_METRICS:
        yield "latest metrics", _last(metrics)
        return
    latest = (execution.get("latest") or {}).get("metrics") or {}
    yield "latest metrics by name", [(name, _number(it)) for name, it in latest.items()]
    yield f"latest metrics by task, among the first {MOST_METRICS} values", _last(metrics)


def _last(metrics: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    count: dict[tuple[str, str, str], int] = {}
    for one in metrics:
        key = (one["taskKey"] or "", one["name"], as_json(one["tags"]) if one["tags"] else "")
        last[key] = one
        count[key] = count.get(key, 0) + 1
    return [
        (name, _number(one["value"]), _step(one, count[task, name, tags]), task, tags)
        for (task, name, tags), one in sorted(last.items())
    ]


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else as_json(value)


def _step(metric: dict[str, Any], count: int) -> str:
    step = "" if metric["step"] is None else f"step {metric['step']}"
    return ", ".join(part for part in (step, f"{count} values" if count > 1 else "") if part)


def _artifacts(uses: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            use["direction"],
            use["name"],
            use["version"],
            use["type"],
            use["taskKey"] or "",
            use["uri"],
        )
        for use in uses
    ]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
