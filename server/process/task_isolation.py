"""Collects from the settings of a process which files, sockets and users its worker isolates from tasks."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from runner.isolation.isolation import IsolationSettings
from server.settings.settings import Settings, files_in


def kept_from_tasks(settings: Settings, database_url: str) -> IsolationSettings:
    return IsolationSettings(
        policy=settings.task_isolation,
        users=settings.task_user_range,
        private=(*files_in(settings.data_dir), *_sockets(database_url)),
        read_only=(settings.flows,) if settings.flows else (),
    )


def _sockets(database_url: str) -> list[Path]:
    """Folders of the database's Unix sockets, where a login may need no password."""
    hosts = [value for name, value in parse_qsl(urlsplit(database_url).query) if name == "host"]
    return [Path(host) for value in hosts for host in value.split(",") if host.startswith("/")]
