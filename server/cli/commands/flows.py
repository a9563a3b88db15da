"""`headway flows ...`"""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli import queries
from server.cli.api import Api, CommandFailed, fail
from server.cli.mutations import FLOW, PUSH
from server.cli.options import WhyAudited

app = typer.Typer(
    no_args_is_help=True, help="Flows: push, list, show, delete, enable, disable, validate, schema."
)
Name = Annotated[str, typer.Argument(help="NAMESPACE/FLOW")]
Paths = Annotated[list[Path], typer.Argument(help="Flow documents, or folders of them.")]


@app.command()
def push(paths: Paths) -> None:
    """Save flow documents on the server; an unchanged document creates no new revision."""
    try:
        pushed = [asyncio.run(_push(Api.find(), path)) for path in _documents(paths)]
    except CommandFailed as error:
        raise fail(error) from error
    if not all(pushed):
        raise typer.Exit(1)


async def _push(api: Api, path: Path) -> bool:
    data = await api.post(PUSH, source=path.read_text())
    saved = data["saveFlow"]
    _report(path, saved["problems"])
    if saved["flow"]:
        name = f"{saved['flow']['namespace']}/{saved['flow']['key']}"
        note = "" if saved["isNew"] else "unchanged, "
        typer.echo(f"{path}: {name} {note}revision {saved['revision']['number']}")
    return not saved["problems"]


@app.command("list")
def list_flows(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the flows on the server."""
    try:
        nodes = asyncio.run(_all(Api.find()))
    except CommandFailed as error:
        raise fail(error) from error
    if as_json:
        typer.echo(json.dumps(nodes, indent=2))
        return
    for flow in nodes:
        about = (flow["description"] or "").split("\n")[0]
        typer.echo(
            f"{flow['namespace']}/{flow['key']}  r{flow['revision']['number']}  {about}".rstrip()
        )


async def _all(api: Api) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await api.post(queries.FLOWS, after=after))["flows"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


@app.command()
def show(flow: Name) -> None:
    """Print the document of the newest revision."""
    namespace, _, key = flow.rpartition("/")
    try:
        found = asyncio.run(Api.find().post(queries.FLOW, namespace=namespace, key=key))["flow"]
        if found is None:
            raise CommandFailed(f"no flow {flow}; `headway flows list` lists flows")
    except CommandFailed as error:
        raise fail(error) from error
    typer.echo(found["revision"]["source"], nl=False)


@app.command()
def delete(flow: Name, reason: WhyAudited = None) -> None:
    """Delete a flow and its schedules; its executions are kept. Pushing it again restores it."""
    _change("deleteFlow", "DeleteFlowInput", flow, "deleted", reason=reason)


@app.command()
def enable(flow: Name, reason: WhyAudited = None) -> None:
    """Allow executions of a flow to start again."""
    _change("setFlowEnabled", "SetFlowEnabledInput", flow, "enabled", reason=reason, enabled=True)


@app.command()
def disable(flow: Name, reason: WhyAudited = None) -> None:
    """Prevent all starts of a flow; running executions continue."""
    _change("setFlowEnabled", "SetFlowEnabledInput", flow, "disabled", reason=reason, enabled=False)


def _change(mutation: str, kind: str, flow: str, done: str, **input: Any) -> None:
    namespace, _, key = flow.rpartition("/")
    try:
        work = Api.find().mutate(mutation, kind, FLOW, namespace=namespace, key=key, **input)
        asyncio.run(work)
    except CommandFailed as error:
        raise fail(error) from error
    typer.echo(f"{flow} is {done}")


@app.command()
def validate(paths: Paths) -> None:
    """Check flow documents without a server; reports every problem with file, line and column."""
    from models.errors import Refused
    from models.spec import parse_flow

    good = True
    for path in _documents(paths):
        try:
            parse_flow(path.read_text())
        except Refused as refused:
            good = False
            _report(
                path,
                [
                    {"line": one.line, "column": one.column, "message": one.message}
                    for one in refused.problems
                ],
            )
        else:
            typer.echo(f"{path}: valid")
    if not good:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of flow documents, for editors."""
    from models.spec import flow_json_schema

    typer.echo(json.dumps(flow_json_schema(), indent=2))


def _documents(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            typer.echo(f"error: {path} does not exist", err=True)
            raise typer.Exit(2)
        found += sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]) if path.is_dir() else [path]
    return found


def _report(path: Path, problems: list[dict[str, Any]]) -> None:
    for problem in problems:
        line = problem.get("line")
        # Problems that are not about the text have no position.
        place = f"{path}:{line}:{problem.get('column') or 1}" if line else f"error: {path}"
        typer.echo(f"{place}: {problem['message']}", err=True)
