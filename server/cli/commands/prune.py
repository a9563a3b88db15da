"""The command `headway prune`, which works on the database itself and not through the API."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from uuid import UUID

import typer

from server.cli.commands.serve import DatabaseUrl, DataDir, run_to_its_end, settings_of
from server.cli.options import AsJson

if TYPE_CHECKING:
    from models.retention import RetentionRule
    from runner.maintenance.pruner import Pruned, Survey
    from server.settings.settings import Settings


def register(app: typer.Typer) -> None:
    app.command()(prune)


def prune(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete them.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be deleted, as without --yes.")
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(
            help="Instead of the configured rules: delete what ended longer ago, such as 30d."
        ),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="With --keep: only in this namespace and those below.")
    ] = None,
    flow: Annotated[
        str | None, typer.Option(help="With --keep: only of this flow, by key.")
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="With --keep: only with this end state, such as SUCCESS; may be repeated."
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="Executions deleted in one transaction.")
    ] = 500,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show which ended executions exceed the settings' retention; with --yes delete them.

    Exit codes: 0 done, 1 another process is pruning, 2 wrong usage, 4 database unreachable.
    """
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    rules = _rules(settings, keep, {"namespace": namespace, "flow": flow, "states": state})
    if yes and not dry_run:
        run_to_its_end(settings, _prune(settings, rules, batch, as_json))
    else:
        run_to_its_end(settings, _survey(settings, rules, as_json))


def _rules(
    settings: "Settings", keep: str | None, narrowed: dict[str, Any]
) -> "tuple[RetentionRule, ...]":
    from pydantic import ValidationError

    from models.retention import RetentionRule

    given = {name: value for name, value in narrowed.items() if value}
    if keep is None and given:
        _refuse("--namespace, --flow and --state narrow --keep; add --keep")
    if keep is None and not settings.retention:
        _refuse("no retention rule is set; set `retention` in headway.toml, or pass --keep 30d")
    if keep is None:
        return settings.retention
    try:
        return (RetentionRule.model_validate({"keep": keep, **given}),)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0] if wrong["loc"] else "keep").replace("states", "state")
        _refuse(f"--{name}: {wrong['msg'].removeprefix('Value error, ')}")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(2)


async def _survey(settings: "Settings", rules: "tuple[RetentionRule, ...]", as_json: bool) -> None:
    from server.pruning import survey_here

    found = await survey_here(settings, rules)
    if as_json:
        typer.echo(json.dumps(_survey_json(found), indent=2))
        return
    for one in found.counts:
        kept = [f"{one.archived} archived"] if one.archived else []
        kept += [f"{one.needed} needed by others"] if one.needed else []
        note = f"  (kept: {', '.join(kept)})" if kept else ""
        typer.echo(f"{one.gone:>9}  {one.namespace}/{one.flow}  {one.state}{note}")
    for month in found.months:
        typer.echo(f"    whole  events and logs of {month:%Y-%m}")
    total = sum(one.gone for one in found.counts)
    typer.echo(
        f"{total} executions would be deleted; --yes deletes them permanently"
        if total
        else "nothing to prune"
    )


async def _prune(
    settings: "Settings", rules: "tuple[RetentionRule, ...]", batch: int, as_json: bool
) -> None:
    from runner.maintenance.pruner import Busy
    from server.pruning import prune_here

    try:
        done = await prune_here(
            settings, rules, batch, _no_progress if as_json else _print_progress
        )
    except Busy:
        typer.echo("error: another process is pruning this database; try again later", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(_pruned_json(done), indent=2))
        return
    for (namespace, flow, state), count in sorted(done.counts.items()):
        typer.echo(f"{count:>9}  {namespace}/{flow}  {state}")
    for name in done.dropped:
        typer.echo(f"  dropped  {name}")
    typer.echo(f"{done.total} executions were deleted")


def _print_progress(gone: Sequence[UUID]) -> None:
    typer.echo(f"{len(gone)} more were deleted", err=True)


def _no_progress(_: Sequence[UUID]) -> None:
    """Prints no progress, because JSON has only the result."""


def _survey_json(found: "Survey") -> dict[str, Any]:
    return {
        "executions": [
            {
                "namespace": one.namespace,
                "flow": one.flow,
                "state": one.state,
                "count": one.gone,
                "archived": one.archived,
                "needed": one.needed,
            }
            for one in found.counts
        ],
        "months": [f"{month:%Y-%m}" for month in found.months],
    }


def _pruned_json(done: "Pruned") -> dict[str, Any]:
    return {
        "executions": [
            {"namespace": namespace, "flow": flow, "state": state, "count": count}
            for (namespace, flow, state), count in sorted(done.counts.items())
        ],
        "dropped": done.dropped,
    }
