"""The command `headway worker-role`: PostgreSQL roles with which workers can run tasks and nothing else."""

from typing import Annotated

import typer

from server.cli.commands.serve import DatabaseUrl, DataDir, run_to_its_end, settings_of

worker_role = typer.Typer(
    help="PostgreSQL roles for workers, which may run tasks and nothing else.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="The role's name in PostgreSQL.")]


def register(app: typer.Typer) -> None:
    app.add_typer(worker_role, name="worker-role")


@worker_role.command()
def create(name: Name, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Create a role for workers; the URL for `headway worker --database-url` is printed this once.

    An existing role, created by an administrator of the database, gets the permissions and keeps its password.
    """
    from server.worker_roles import create_here

    settings = settings_of(data_dir=data_dir, database_url=database_url)
    run_to_its_end(settings, create_here(settings, name, typer.echo))


@worker_role.command("list")
def list_roles(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """List worker roles."""
    from server.worker_roles import list_here

    settings = settings_of(data_dir=data_dir, database_url=database_url)
    run_to_its_end(settings, list_here(settings, typer.echo))


@worker_role.command()
def drop(name: Name, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Drop a worker role, and end its sessions."""
    from server.worker_roles import drop_here

    settings = settings_of(data_dir=data_dir, database_url=database_url)
    run_to_its_end(settings, drop_here(settings, name, typer.echo))
