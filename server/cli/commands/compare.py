"""Commands that compare and count executions."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, plain_errors
from server.cli.naming import each_named
from server.cli.options import AsJson
from server.cli.times import ABOUT, begins, ends

_BUCKETS = ("minute", "hour", "day", "week")


def register(app: typer.Typer) -> None:
    for command in (compare, stats):
        app.command()(plain_errors(command))


def compare(
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID",
            callback=each_named,
            help="2 to 5 executions, by id or name; the first is the baseline.",
        ),
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Include what does not differ from the baseline.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare executions side by side: inputs, properties, metrics, artifacts, tasks, code."""
    comparing = Api.find().post(queries.COMPARE, ids=ids, only=not everything)
    found = asyncio.run(comparing)["compareExecutions"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    from server.cli.terminal.measures import comparison_table
    from server.cli.terminal.rendering import console

    console().print(comparison_table(found))


def stats(
    search: Annotated[
        str | None, typer.Argument(help="Only executions of this search; see docs/search.md.")
    ] = None,
    since: Annotated[
        str, typer.Option(help=f"From this time on, in UTC: 7d or 24h ago, {ABOUT}.")
    ] = "7d",
    until: Annotated[
        str | None, typer.Option(help="Before this time; a date includes its day; default: now.")
    ] = None,
    by: Annotated[
        str, typer.Option(help="A row for each flow, kind, minute, hour, day or week.")
    ] = "flow",
    as_json: AsJson = False,
) -> None:
    """Count executions by end state, and show their durations."""
    by = by.lower()
    if by not in ("flow", "kind", *_BUCKETS):
        raise CommandFailed(f"--by must be flow, kind, {', '.join(_BUCKETS)}; got {by}")
    now = datetime.now(UTC)
    variables = {
        "search": search,
        "since": _ago(since, now) or begins(since, UTC),
        "until": (_ago(until, now) or ends(until, UTC)) if until else None,
        "bucket": (by if by in _BUCKETS else "week").upper(),
    }
    found = asyncio.run(Api.find().post(queries.STATS, **variables))["executionStats"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    from server.cli.terminal.measures import stats_table
    from server.cli.terminal.rendering import console

    console().print(stats_table(found, by, since))


def _ago(text: str, now: datetime) -> str | None:
    """Returns the time so long ago; None if the text is not a duration."""
    from models.durations import parse_duration

    try:
        ago = parse_duration(text)
    except ValueError:
        return None
    return (now - timedelta(seconds=ago)).isoformat()
