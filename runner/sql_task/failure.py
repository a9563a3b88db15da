"""Why the process of a `sql` task could not do it."""

from runner.isolation.host_guard import HostRefused

NO_NETWORK = (
    "DuckDB reaches no network: it knows no rules on hosts, and task_allowed_hosts or task_denied_hosts "
    "sets some"
)


class Failure(Exception):
    """Why it could not be done, in words for people."""

    code = "SQL"


class Refused(Failure):
    """By a rule, and not by the database."""

    code = HostRefused.code


def which(number: int, of: int) -> str:
    return f"statement {number}: " if of > 1 else ""
