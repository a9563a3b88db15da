"""`headway schedules ...`"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, fail
from server.cli.times import ABOUT, begins, is_date, last_of

app = typer.Typer(no_args_is_help=True, help="Schedules: list, show, pause, resume, backfill.")
Name = Annotated[str, typer.Argument(metavar="SCHEDULE", help="NAMESPACE/FLOW/SCHEDULE")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FROM = f"{ABOUT}; without a zone, the schedule's applies."
_TO = "The same, inclusive; a date includes its day."


@app.command("list")
def list_schedules(
    flow: Annotated[str | None, typer.Option(help="NAMESPACE/FLOW: only its schedules.")] = None,
    as_json_: AsJson = False,
) -> None:
    """List schedules, with their next tick and last error."""
    try:
        nodes = asyncio.run(_all(Api.find(), _where(flow) if flow else {}))
    except CommandFailed as error:
        raise fail(error) from error
    if as_json_:
        typer.echo(json.dumps(nodes, indent=2))
        return
    for one in nodes:
        typer.echo(f"{_name(one)}  {one['cron']}  {one['timezone']}  {_state(one)}")


@app.command()
def show(schedule: Name, as_json_: AsJson = False) -> None:
    """Show a schedule and its next ticks."""
    try:
        found = asyncio.run(_find(Api.find(), schedule))
    except CommandFailed as error:
        raise fail(error) from error
    if as_json_:
        typer.echo(json.dumps(found, indent=2))
        return
    from server.cli.terminal.rendering import as_json

    last = found["lastExecution"] or {}
    for name, value in (
        ("schedule", _name(found)),
        ("id", found["id"]),
        ("ticks", f"{found['cron']}  {found['timezone']}  catch up: {found['catchUp'].lower()}"),
        ("inputs", as_json(found["inputs"])),
        ("declared", "in the flow's document" if found["source"] == "FLOW" else "through the API"),
        ("state", _state(found)),
        (
            "last",
            f"{_tick(found, found['last'])}  {last.get('id', '')} {last.get('state', '')}".strip(),
        ),
        ("next", "\n          ".join(_tick(found, tick) for tick in found["nextTicks"])),
    ):
        typer.echo(f"{name:8}  {value}")


@app.command()
def pause(schedule: Name) -> None:
    """Disable a schedule; ticks that are due meanwhile are skipped."""
    _set_enabled(schedule, enabled=False)


@app.command()
def resume(schedule: Name) -> None:
    """Enable a schedule again, from its next tick on."""
    _set_enabled(schedule, enabled=True)


@app.command()
def backfill(
    schedule: Name,
    since: Annotated[str, typer.Argument(metavar="FROM", help=_FROM)],
    until: Annotated[str, typer.Argument(metavar="TO", help=_TO)],
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would run.")] = False,
    reason: Annotated[str | None, typer.Option(help="The reason, stored in the audit log.")] = None,
) -> None:
    """Run past ticks between two times that have not run."""
    try:
        found, ticks = asyncio.run(_backfill(schedule, since, until, plan, reason))
    except CommandFailed as error:
        raise fail(error) from error
    for tick in ticks:
        execution = (tick["execution"] or {}).get("id", "")
        what = "ran before" if tick["ranBefore"] else "would run" if plan else "runs"
        typer.echo(f"{_tick(found, tick['scheduledAt'])}  {what}  {execution}".rstrip())


def _set_enabled(schedule: str, enabled: bool) -> None:
    try:
        found = asyncio.run(_enable(schedule, enabled))
    except CommandFailed as error:
        raise fail(error) from error
    typer.echo(f"{_name(found)}  {_state(found)}")


async def _enable(name: str, enabled: bool) -> dict[str, Any]:
    api = Api.find()
    id = (await _find(api, name))["id"]
    kind = "SetScheduleEnabledInput"
    await api.mutate("setScheduleEnabled", kind, "schedule { id }", id=id, enabled=enabled)
    return await _find(api, name)


async def _backfill(
    name: str, since: str, until: str, plan: bool, reason: str | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Returns the schedule, and its ticks in the range; today's date ends now."""
    api = Api.find()
    found = await _find(api, name)
    zone = ZoneInfo(found["timezone"])
    last, now = last_of(until, zone), datetime.now(UTC)
    today = now < last and last.date() == now.astimezone(zone).date()
    upto = (now if today and is_date(until) else last).isoformat()
    given = {"from": begins(since, zone), "to": upto, "plan": plan, "reason": reason}
    given["id"] = found["id"]
    payload = await api.mutate(
        "backfillSchedule", "BackfillScheduleInput", queries.BACKFILL, **given
    )
    return found, payload["ticks"]


async def _find(api: Api, name: str) -> dict[str, Any]:
    flow, _, key = name.rpartition("/")
    found = await _all(api, {**_where(flow), "key": {"eq": key}})
    if not found:
        raise CommandFailed(f"no schedule {name}; `headway schedules list` lists schedules")
    return found[0]


async def _all(api: Api, where: dict[str, Any]) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await api.post(queries.SCHEDULES, where=where, after=after))["schedules"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


def _where(flow: str) -> dict[str, Any]:
    namespace, _, key = flow.rpartition("/")
    return {"namespace": {"eq": namespace}, "flow": {"eq": key}}


def _name(schedule: dict[str, Any]) -> str:
    return f"{schedule['flow']['namespace']}/{schedule['flow']['key']}/{schedule['key']}"


def _state(schedule: dict[str, Any]) -> str:
    state = (
        f"next {_tick(schedule, schedule['next'])}" if schedule["next"] else "will not tick again"
    )
    state = state if schedule["enabled"] else "paused"
    return f"{state}  ✗ {schedule['lastError']}" if schedule["lastError"] else state


def _tick(schedule: dict[str, Any], value: str | None) -> str:
    """Formats a tick in the schedule's time zone."""
    if not value:
        return ""
    zone = ZoneInfo(schedule["timezone"])
    return datetime.fromisoformat(value).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
