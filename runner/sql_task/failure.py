"""Errors of the process of a `sql` task."""

from runner.isolation.host_guard import HostRefused

NO_NETWORK = (
    "DuckDB may not use the network, because it cannot enforce the host rules of task_allowed_hosts and "
    "task_denied_hosts"
)


class Failure(Exception):
    """The message is shown to people."""

    code = "SQL"


class Refused(Failure):
    """Refused by a rule of Headway, not by the database."""

    code = HostRefused.code


def which(number: int, of: int) -> str:
    return f"statement {number}: " if of > 1 else ""
