"""From the settings of a process: what its worker keeps from tasks."""

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
    """Folders in which Headway's own database listens: whoever comes by a socket may need no password."""
    hosts = [value for name, value in parse_qsl(urlsplit(database_url).query) if name == "host"]
    return [Path(host) for told in hosts for host in told.split(",") if host.startswith("/")]
