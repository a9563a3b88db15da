"""Settings, read once. Precedence: flags, then HEADWAY_ variables, then headway.toml, then the defaults here."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from models.access.hosts import DENIED, read_rule
from models.durations import parse_duration
from models.retention import RetentionRule
from models.similar import did_you_mean
from runner.engine.quotas import Quotas
from runner.isolation.task_users import numbers_of
from runner.isolation.ways import Policy
from runner.store.postgres.shares import Sizes
from runner.store.quotas import Quota
from server.http.addresses import checked_host, checked_origin
from server.http.forwarded import Proxies
from server.local.data_dir import default_data_dir
from server.settings.environment import PREFIX, complaints, names_in
from server.settings.identity_settings import (
    OidcAudience,
    OidcClientId,
    OidcClientSecret,
    OidcClockSkew,
    OidcGroupsClaim,
    OidcIssuer,
    OidcName,
    OidcNameClaim,
    OidcRoles,
    OidcScopes,
    OidcSessionTime,
    TrustedGroupsHeader,
    TrustedUserHeader,
)
from server.settings.introspection import Introspection
from server.settings.log_settings import Format, Level, LogFormat, LogLevel

FILE = "headway.toml"

Names = Annotated[tuple[str, ...], NoDecode]
"""Separated by commas if given as one text."""


class Settings(BaseSettings):
    """A process reads its settings with `read`, which checks every value."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True
    )

    @classmethod
    def read(cls, flags: Mapping[str, Any]) -> Self:
        """Raises ValueError with a message for each invalid value."""
        if wrong := complaints(os.environ):
            raise ValueError("; ".join(wrong))
        file = _find_file(flags.get("data_dir"))

        class Read(cls):  # type: ignore[misc, valid-type]
            model_config = SettingsConfigDict(toml_file=file)

        try:
            read = Read(**flags)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{file} is not TOML: {error}") from error
        except ValidationError as error:
            raise ValueError("; ".join(map(_sentence, error.errors()))) from error
        return cls.model_construct(**dict(read))

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8321, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="The directory of all data: the database, artifacts, the token.",
    )
    database_url: str | None = Field(
        None,
        description="An external PostgreSQL >= 15; without it, one runs in the data directory.",
    )
    flows: Path | None = Field(
        None, description="A folder of flow documents, loaded at start and when they change."
    )
    examples: bool = Field(False, description="Load the example flows.")
    queues: Names = Field(("default",), min_length=1, description="Queues to take tasks from.")
    workers: int = Field(1, ge=1, le=64, description="Workers that run in the server's process.")
    no_worker: bool = Field(
        False, description="Serve only; tasks run in `headway worker` processes."
    )
    task_isolation: Policy = Field(
        Policy.AUTO,
        description="auto isolates tasks from the server as far as this machine can; required runs no tasks if that "
        "leaves anything in reach; off runs them as the server's user.",
    )
    task_user_range: str | None = Field(
        None,
        description="Users that attempts run as if the worker is root: FIRST-LAST, ids that nobody else has.",
    )
    concurrency: int = Field(16, ge=1, le=1000, description="Tasks that a worker runs at once.")
    drain_timeout: float = Field(
        30.0,
        description="Time that running tasks get when Headway is stopped: seconds, or such as 1m.",
    )
    drain_notice: float = Field(
        0.0,
        description="How long /readyz returns 503 before the process drains, for load balancers: seconds, or such as "
        "10s.",
    )
    header_timeout: float = Field(
        10.0, gt=0, description="How long the head of a request may take: seconds, or such as 10s."
    )
    body_timeout: float = Field(
        30.0, gt=0, description="How long the body of a request may pause: seconds, or such as 30s."
    )
    max_connections: int = Field(
        3000, ge=1, description="Open connections, limited by the process's open-file limit."
    )
    max_connections_per_address: int = Field(
        1500, ge=1, description="Open connections of one address, or of one /64 network of IPv6."
    )
    secret_key: str | None = Field(
        None,
        repr=False,
        description="32 bytes in base64 that encrypt secrets; by default in DIR/secret.key.",
    )
    session_key: str | None = Field(
        None,
        repr=False,
        description="32 bytes in base64 that sign browser sessions, the same for all servers of a database; by "
        "default in DIR/session.key.",
    )
    artifacts_url: str | None = Field(
        None, description="An fsspec URL to store artifacts at; by default DIR/artifacts."
    )
    max_file_size: int = Field(
        100 * 1024 * 1024, ge=0, description="Maximum bytes of an uploaded file."
    )
    allowed_hosts: Names = Field((), description="Host names of the server besides localhost.")
    allowed_origins: Names = Field((), description="Other origins whose pages may use the API.")
    external_url: str | None = Field(
        None,
        description="The address that people use to reach this server, such as https://headway.example.",
    )
    trusted_proxies: Names = Field(
        (), description="Addresses or networks of proxies whose X-Forwarded headers are trusted."
    )
    trusted_user_header: TrustedUserHeader = None
    trusted_groups_header: TrustedGroupsHeader = None
    oidc_issuer: OidcIssuer = None
    oidc_client_id: OidcClientId = None
    oidc_client_secret: OidcClientSecret = None
    oidc_audience: OidcAudience = None
    oidc_scopes: OidcScopes = ("openid", "email", "profile")
    oidc_name_claim: OidcNameClaim = "preferred_username"
    oidc_groups_claim: OidcGroupsClaim = "groups"
    oidc_roles: OidcRoles = ()
    oidc_name: OidcName = "single sign-on"
    oidc_session_time: OidcSessionTime = 12 * 3600.0
    oidc_clock_skew: OidcClockSkew = 60.0
    task_allowed_hosts: Names = Field(
        (),
        description="Hosts that http and sql tasks may connect to; by default all but the denied ones.",
    )
    task_denied_hosts: Names = Field(
        DENIED, description="Hosts that http and sql tasks may not connect to, even if allowed."
    )
    retention: tuple[RetentionRule, ...] = Field(
        (), description="How long ended executions are kept; the first matching rule applies."
    )
    prune_every: float = Field(
        3600.0,
        gt=0,
        description="How often a server prunes by those rules: seconds, or such as 1h.",
    )

    pool_size: int = Field(
        8, ge=2, description="Database connections of the engine and the workers."
    )
    read_pool_size: int = Field(
        8, ge=1, description="Database connections for queries and mutations."
    )
    stream_pool_size: int = Field(4, ge=1, description="Database connections for subscriptions.")
    export_pool_size: int = Field(
        4, ge=1, description="Database connections for exports, and so how many run at once."
    )

    log_level: Level = LogLevel.INFO
    log_format: Format = LogFormat.TEXT

    introspection: Introspection = Field(
        Introspection.EVERYONE,
        description="Who may query the schema: `everyone`, `permitted` (those who may write flows), or `off`.",
    )
    field_suggestions: bool = Field(
        True, description="Suggest similar fields, types and values in errors of documents."
    )
    persisted_documents: Path | None = Field(
        None,
        description="A file or folder of documents that clients may request by id instead of text.",
    )
    only_persisted_documents: bool = Field(
        False,
        description="Execute only those documents, and those of the page and the command line.",
    )

    max_answer_size: int = Field(
        32 * 1024 * 1024, ge=1024, description="Maximum bytes of one GraphQL response."
    )
    operation_deadline: float = Field(
        10.0,
        gt=0,
        description="How long a query, the check of a document, or a message of a subscription may take, and how "
        "long a client waits for a mutation: seconds, or such as 1m.",
    )
    queries_at_once: int = Field(
        8, ge=1, description="Concurrent queries of one user; more wait for their turn."
    )
    mutations_at_once: int = Field(
        64, ge=1, description="Concurrent mutations of one user; more wait for their turn."
    )
    subscriptions_at_once: int = Field(10_000, ge=1, description="Open subscriptions of one user.")
    operations_per_second: int = Field(
        1000, ge=1, description="GraphQL operations of one user, averaged over 10 seconds."
    )
    mutations_per_second: int = Field(
        500, ge=1, description="Mutations of one user, averaged over 10 seconds."
    )
    subscriptions_per_minute: int = Field(
        20_000, ge=1, description="Subscriptions that one user may start."
    )
    uploads_per_minute: int = Field(600, ge=1, description="Files that one user may upload.")
    exports_per_minute: int = Field(
        600, ge=1, description="Exports, reports and records that one user may download."
    )
    upload_bytes_per_person: int = Field(
        10 * 1024**3, ge=0, description="Stored bytes of one user's uploaded files."
    )
    upload_bytes_per_namespace: int = Field(
        100 * 1024**3,
        ge=0,
        description="The same for all users whose permissions are limited to namespaces with the same first name.",
    )
    uploads_kept: float = Field(
        7 * 86400.0,
        ge=3600,
        description="How long unused uploaded files are kept: seconds, or such as 7d.",
    )
    open_recordings_per_person: int = Field(
        10_000, ge=0, description="Recorded executions of one user that have not ended."
    )
    recorded_bytes_per_person: int = Field(
        10 * 1024**3, ge=0, description="Bytes that one user may record in a day."
    )
    recorded_bytes_per_namespace: int = Field(
        50 * 1024**3,
        ge=0,
        description="Bytes that may be recorded in a day in all namespaces with the same first name.",
    )
    failed_logins_per_minute: int = Field(
        10,
        ge=1,
        description="Wrong tokens and sessions from one address; further ones are answered with 429.",
    )

    @property
    def pool_sizes(self) -> Sizes:
        return Sizes(
            self.pool_size, self.read_pool_size, self.stream_pool_size, self.export_pool_size
        )

    @property
    def quotas(self) -> Quotas:
        return Quotas(**{one.name.lower(): getattr(self, one.value) for one in Quota})

    @field_validator(
        "queues",
        "allowed_hosts",
        "allowed_origins",
        "trusted_proxies",
        "task_allowed_hosts",
        "task_denied_hosts",
        mode="before",
    )
    @classmethod
    def _listed(cls, value: object) -> object:
        return names_in(value) if isinstance(value, str) else value

    @field_validator(
        "drain_timeout",
        "drain_notice",
        "header_timeout",
        "body_timeout",
        "prune_every",
        "uploads_kept",
        "operation_deadline",
        mode="before",
    )
    @classmethod
    def _seconds(cls, value: object) -> float:
        return parse_duration(value)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(checked_host, values))

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(checked_origin, values))

    @field_validator("external_url")
    @classmethod
    def _external(cls, value: str | None) -> str | None:
        return value and checked_origin(value)

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        Proxies.of(values)
        return values

    @field_validator("task_allowed_hosts", "task_denied_hosts")
    @classmethod
    def _host_rules(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(read_rule, value))

    @field_validator("secret_key", "session_key")
    @classmethod
    def _key(cls, value: str | None) -> str | None:
        if value is not None:
            from runner.service.encryption import key_from

            key_from(value)
        return value

    @field_validator("task_user_range")
    @classmethod
    def _users(cls, value: str | None) -> str | None:
        numbers_of(value)
        return value

    @field_validator("data_dir", "flows", "persisted_documents")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def _find_file(data_dir: Path | str | None) -> Path | None:
    """Returns headway.toml in the working directory, else in the data directory."""
    data = Path(data_dir or os.environ.get(f"{PREFIX}DATA_DIR") or default_data_dir())
    return next((place for place in files_in(data) if place.is_file()), None)


def files_in(data_dir: Path) -> tuple[Path, ...]:
    """Returns the places where settings may be, whether or not they exist."""
    return Path.cwd() / FILE, data_dir.expanduser() / FILE


def _sentence(error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        return f"no setting is called {name}{did_you_mean(name, Settings.model_fields)}"
    flag = "--" + name.replace("_", "-")
    below = ".".join(map(str, error["loc"][1:]))
    place = f"{PREFIX}{name.upper()}" + (f" at {below}" if below else "")
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message += did_you_mean(str(error["loc"][-1]), RetentionRule.model_fields)
    return f"{flag} ({place}): {message}"
