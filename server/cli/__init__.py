"""The command line."""

import typer

from server.cli import serving

app = typer.Typer(no_args_is_help=True)
serving.register(app)


def main() -> None:
    app()
