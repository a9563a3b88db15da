"""Arguments and options that several commands take."""

from typing import Annotated

import typer

from server.cli.naming import each_named, named

_WAYS = "by id, by the beginning of its id, or by name"
Id = Annotated[str, typer.Argument(metavar="ID", callback=named, help=f"An execution, {_WAYS}.")]
Ids = Annotated[
    list[str], typer.Argument(metavar="ID", callback=each_named, help=f"Executions, each {_WAYS}.")
]
AnyIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", callback=each_named, help=f"Executions, each {_WAYS}."),
]
Reason = Annotated[str | None, typer.Option(help="The reason, stored with the event.")]
WhyAudited = Annotated[
    str | None, typer.Option("--reason", help="The reason, stored in the audit log.")
]
NeededReason = Annotated[str, typer.Option(help="The reason, stored with the event.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Follow it until it ends.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("-i", "--input", help="name=value, name:=JSON or name=@PATH; may be repeated."),
]
PlanOnly = Annotated[bool, typer.Option("--plan", help="Only show what would run; change nothing.")]
Namespaces = Annotated[
    list[str] | None,
    typer.Option(
        "--namespace", help="acme.* is acme and all namespaces below; * is all. May be repeated."
    ),
]
Revision = Annotated[
    str | None, typer.Option(help="same: the revision that ran; latest: the flow's newest.")
]
Triggers = Annotated[
    list[str] | None,
    typer.Option(
        "--trigger", help="Only with this trigger: manual, schedule, replay, ...; may be repeated."
    ),
]
Child = Annotated[
    bool | None,
    typer.Option(
        "--child/--root",
        help="Only executions of subflow tasks, or only those that are not.",
        show_default="both",
    ),
]
