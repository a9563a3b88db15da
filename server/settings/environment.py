"""The names of Headway's environment variables, and warnings of misspelt ones, which would be ignored silently.

Separate from the settings, because the CLI uses them without importing pydantic.
"""

import re
from collections.abc import Mapping
from typing import Final

PREFIX: Final = "HEADWAY_"
SETTINGS: Final = (
    "host", "port", "data_dir", "database_url", "flows", "examples", "queues", "workers", "no_worker",
    "task_isolation", "task_user_range", "concurrency", "drain_timeout", "drain_notice", "header_timeout",
    "body_timeout", "max_connections", "max_connections_per_address", "secret_key", "session_key",
    "artifacts_url", "max_file_size", "allowed_hosts", "allowed_origins", "external_url", "trusted_proxies",
    "trusted_user_header", "trusted_groups_header", "oidc_issuer", "oidc_client_id", "oidc_client_secret",
    "oidc_audience", "oidc_scopes", "oidc_name_claim", "oidc_groups_claim", "oidc_roles", "oidc_name",
    "oidc_session_time", "oidc_clock_skew", "task_allowed_hosts", "task_denied_hosts", "retention",
    "prune_every", "pool_size", "read_pool_size", "stream_pool_size", "export_pool_size", "log_level",
    "log_format", "introspection",
    "field_suggestions", "persisted_documents", "only_persisted_documents", "max_answer_size",
    "operation_deadline", "queries_at_once", "mutations_at_once", "subscriptions_at_once",
    "operations_per_second", "mutations_per_second", "subscriptions_per_minute", "uploads_per_minute",
    "exports_per_minute", "upload_bytes_per_person", "upload_bytes_per_namespace", "uploads_kept",
    "open_recordings_per_person", "recorded_bytes_per_person", "recorded_bytes_per_namespace",
    "failed_logins_per_minute",
)  # fmt: skip
OF_CLIENTS: Final = ("URL", "TOKEN")
OF_TASKS: Final = (
    "ARGS", "ATTEMPT", "ATTEMPT_ID", "EXECUTION_ID", "FD", "FD_ID", "FILE", "INPUT", "TASK", "TASK_RUN_ID",
    "WORKER_ID",
)  # fmt: skip
"""Set by a worker for its tasks, which may use the CLI."""
OF_TESTS: Final = ("ROUNDS", "SEED", "SOAK", "SOAK_SECONDS", "SOAK_SEED")
_OF_KUBERNETES: Final = re.compile(r"SERVICE_(HOST|PORT)(_.*)?|PORT_\d+_(TCP|UDP|SCTP)(_.*)?")
"""Set by Kubernetes in every pod of a namespace with a service named headway."""
_OTHER_NOTATION: Final = re.compile(r"\[(?![\da-fA-F:.%]+\]).*\]|\{.*\}", re.DOTALL)
"""A JSON or YAML list; `[::1]` is an address."""
KNOWN: Final = frozenset({name.upper() for name in SETTINGS} | {*OF_CLIENTS, *OF_TASKS, *OF_TESTS})


def complaints(environment: Mapping[str, str]) -> list[str]:
    """Returns a message for each non-empty variable that starts like Headway's and is unknown."""
    return [
        f"no setting is called {name}{_nearest(name)} Unset it, or correct its name."
        for name in sorted(environment)
        if environment[name] and name.upper().startswith(PREFIX) and not _is_known(name)
    ]


def names_in(value: str, separator: str | None = ",") -> tuple[str, ...]:
    """Splits a list in one variable or flag at `separator`; None splits at spaces. Raises ValueError."""
    if _OTHER_NOTATION.fullmatch(value.strip()):
        shown = "spaces, such as one two" if separator is None else "commas, such as one,two"
        raise ValueError(f"must be names separated by {shown}")
    return tuple(part.strip() for part in value.split(separator) if part.strip())


def _is_known(name: str) -> bool:
    rest = name.upper().removeprefix(PREFIX)
    return rest in KNOWN or _OF_KUBERNETES.fullmatch(rest) is not None


def _nearest(name: str) -> str:
    from models.similar import nearest

    near = nearest(name.upper(), (f"{PREFIX}{one}" for one in KNOWN), likeness=0.75)
    return f"; did you mean `{near}`?" if near else "."
