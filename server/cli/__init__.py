"""`headway`: the servers, and a client of their API."""

import os
import sys

import typer

from server.cli.commands import (
    access,
    actions,
    approvals,
    bulk,
    compare,
    debug,
    doctor,
    executions,
    exports,
    flows,
    notes_and_archive,
    prune,
    reruns,
    run,
    schedules,
    secrets,
    serve,
    worker_roles,
)
from server.cli.hidden_argument import hide_password
from server.settings.environment import complaints

app = typer.Typer(
    no_args_is_help=True,
    help="Headway runs flows, records every execution, shows it live and lets you act on it.",
    pretty_exceptions_enable=False,
    add_completion=False,
)
serve.register(app)
app.add_typer(flows.app, name="flows")
app.add_typer(secrets.app, name="secret")
app.add_typer(schedules.app, name="schedules")
run.register(app)
executions.register(app)
exports.register(app)
actions.register(app)
reruns.register(app)
approvals.register(app)
notes_and_archive.register(app)
compare.register(app)
bulk.register(app)
debug.register(app)
access.register(app)
doctor.register(app)
prune.register(app)
worker_roles.register(app)


def main() -> None:
    """Runs the command line. Exits with 2 if a HEADWAY_ variable is misspelt, because it would be ignored silently."""
    hide_password()
    if "--help" not in sys.argv and (wrong := complaints(os.environ)):
        for sentence in wrong:
            typer.echo(f"error: {sentence}", err=True)
        raise SystemExit(2)
    app()
