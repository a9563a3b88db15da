"""Renders comparisons and counts. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from server.cli.terminal.rendering import as_json, moment, seconds, state_text

_VALUES = (
    ("about", ""),
    ("inputs", "input "),
    ("outputs", "output "),
    ("properties", "property "),
    ("labels", "label "),
    ("git", "git "),
)
_Row = tuple[str, list[Text]]


def comparison_table(found: dict[str, Any]) -> RenderableType:
    """Renders a column for each execution; values that differ from the first one's are yellow."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for place, execution in enumerate(found["executions"]):
        table.add_column(execution["name"] + ("" if place else " (baseline)"))
    table.add_row("id", *(Text(execution["id"], style="dim") for execution in found["executions"]))
    rows = [row for part in _parts(found) for row in part]
    for name, cells in rows:
        table.add_row(name, *cells)
    return table if rows else Group(table, Text("nothing differs"))


def _parts(found: dict[str, Any]) -> Iterator[Iterable[_Row]]:
    for part, word in _VALUES:
        yield (_row(f"{word}{one['key']}", one, _value) for one in found[part])
    yield (_row(f"duration {one['key']}", one, _duration) for one in found["durations"])
    yield (_row(f"task {one['key']}", one, _task) for one in found["tasks"])
    yield (_row(f"metric {_metric_name(one)}", one, _metric) for one in found["metrics"])
    yield (
        _row(f"{one['direction'].lower()} {one['name']}", one, _versions)
        for one in found["artifacts"]
    )
    if found["states"]:
        yield [("states", [_styled(_path(one), one["differs"]) for one in found["states"]])]


def _row(name: str, row: dict[str, Any], write: Any) -> _Row:
    return name, [_styled(write(cell), cell["differs"]) for cell in row["values"]]


def _styled(text: str, differs: bool) -> Text:
    return Text(text, style="yellow" if differs else "")


def _value(cell: dict[str, Any]) -> str:
    if not cell["present"]:
        return ""
    return cell["value"] if isinstance(cell["value"], str) else as_json(cell["value"])


def _duration(cell: dict[str, Any]) -> str:
    return seconds(cell["value"]) + _percent(cell)


def _task(cell: dict[str, Any]) -> str:
    number, attempts = cell["taskRuns"], cell["attempts"]
    times = f"{number} x " if number > 1 else ""
    tried = f" attempt {attempts}" if attempts > 1 else ""
    return f"{times}{' '.join(cell['states'])}{tried} {seconds(cell['duration'])}{_percent(cell)}"


def _metric(cell: dict[str, Any]) -> str:
    return "" if cell["value"] is None else f"{cell['value']:.6g}{_percent(cell)}"


def _metric_name(one: dict[str, Any]) -> str:
    task = f"{one['taskKey']}: " if one["taskKey"] else ""
    tags = f" {as_json(one['tags'])}" if one["tags"] else ""
    return f"{task}{one['name']}{tags}"


def _versions(cell: dict[str, Any]) -> str:
    return ", ".join(cell["versions"])


def _path(one: dict[str, Any]) -> str:
    return " ".join(step["state"] for step in one["steps"])


def _percent(cell: dict[str, Any]) -> str:
    return f" ({cell['percent']:+.0f}%)" if cell["differs"] and cell["percent"] is not None else ""


def stats_table(found: dict[str, Any], by: str, since: str) -> RenderableType:
    """`since` is the option's text."""
    if not found["states"]:
        return Text(_none_counted(found, since))
    states = Text("  ").join(
        Text(f"{one['count']['value']} ").append_text(state_text(one["state"]))
        for one in found["states"]
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (by.upper(), "TOTAL", "SUCCESS", "FAILED", "AVERAGE", "MEDIAN", "P95"):
        table.add_column(name, no_wrap=True)
    for name, one in _counted(found, by):
        _add_numbers(table, Text(name), one)
    _add_numbers(table, Text("all", style="bold"), found)
    return Group(states, table)


def _none_counted(found: dict[str, Any], since: str) -> str:
    span = f"from {moment(found['since'])} to {moment(found['until'])} (--since {since})"
    return f"no executions {span}; to look further back: --since 365d, or a date such as --since 2020-01-31"


def _counted(found: dict[str, Any], by: str) -> Sequence[tuple[str, dict[str, Any]]]:
    if by == "flow":
        return [(f"{one['namespace']}/{one['flowKey']}", one) for one in found["flows"]]
    if by == "kind":
        return [(one["kind"], one) for one in found["kinds"]]
    return [(moment(one["start"]), one) for one in found["buckets"]]


def _add_numbers(table: Table, name: Text, one: dict[str, Any]) -> None:
    durations = (one[key] for key in ("averageDuration", "p50Duration", "p95Duration"))
    rates = (_rate(one["successRate"]), _rate(one["failureRate"]))
    table.add_row(name, str(one["total"]), *rates, *map(seconds, durations))


def _rate(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
