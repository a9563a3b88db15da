"""The types of the settings for single sign-on and for proxies that sign people in, with their checks."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from models.access.credentials import namespace_of
from models.durations import parse_duration
from models.errors import Refused
from runner.store.access.group_roles import GroupRole
from server.http.addresses import is_safe
from server.settings.environment import names_in

_MOST_SKEW: Final = 600


def _described(description: str) -> Any:
    return Field(description=description)


def _issuer(value: str | None) -> str | None:
    if value is not None and (not is_safe(value, value) or "?" in value):
        raise ValueError(
            "must be the issuer's address as in its discovery document, such as https://id.example/realms/acme; "
            "http is allowed only for an issuer on this machine"
        )
    return value


def _listed(separator: str | None) -> Any:
    def read(value: object) -> object:
        return names_in(value, separator) if isinstance(value, str) else value

    return BeforeValidator(read)


def _pairs(value: object) -> object:
    """Accepts a table of headway.toml, with one role or a list of roles for each group."""
    if not isinstance(value, Mapping):
        return value
    roles = ((key, [given] if isinstance(given, str) else given) for key, given in value.items())
    return tuple(f"{key}={role}" for key, given in roles for role in given)


def _roles(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        group_role(value)
    return values


def _header(value: str | None) -> str | None:
    if value is None:
        return None
    if not value.replace("-", "").isalnum() or not value.isascii():
        raise ValueError("must be the name of a header, such as X-Forwarded-User")
    if value.lower() in {"authorization", "cookie", "host", "origin"}:
        raise ValueError(f"{value} is a header that visitors send themselves")
    return value.lower()


Seconds = Annotated[float, BeforeValidator(parse_duration)]
OidcIssuer = Annotated[
    str | None,
    AfterValidator(_issuer),
    _described("The OpenID Connect issuer whose people may sign in."),
]
OidcClientId = Annotated[str | None, _described("Headway's client id at the issuer.")]
OidcClientSecret = Annotated[
    str | None, Field(repr=False, description="Headway's client secret; a public client has none.")
]
OidcAudience = Annotated[
    str | None, _described("The audience required in JWTs of programs; by default the client id.")
]
OidcScopes = Annotated[
    tuple[str, ...], NoDecode, _listed(None), _described("Scopes that a sign-in requests.")
]
OidcNameClaim = Annotated[
    str,
    _described("The claim with a new person's name; without it, their verified email is the name."),
]
OidcGroupsClaim = Annotated[
    str, _described("The claim with a person's groups; a dotted path if it is nested.")
]
OidcRoles = Annotated[
    tuple[str, ...],
    NoDecode,
    _listed(","),
    BeforeValidator(_pairs),
    AfterValidator(_roles),
    _described("Roles of groups: headway-admins=admin, data-ops=operator@acme.*"),
]
OidcName = Annotated[str, _described("The name of the identity provider on the sign-in page.")]
OidcSessionTime = Annotated[
    Seconds,
    Field(ge=60, description="How long such a sign-in lasts here: seconds, or such as 12h."),
]
OidcClockSkew = Annotated[
    Seconds, Field(ge=0, le=_MOST_SKEW, description="Allowed difference of the clocks: seconds.")
]
TrustedUserHeader = Annotated[
    str | None,
    AfterValidator(_header),
    _described("The header in which trusted_proxies name the user."),
]
TrustedGroupsHeader = Annotated[
    str | None,
    AfterValidator(_header),
    _described("The header in which they name the user's groups."),
]


def group_role(text: str) -> GroupRole:
    """`group=role` or `group=role@namespace`. Raises ValueError."""
    group, separator, role = text.rpartition("=")
    role, _, prefix = role.partition("@")
    group, role = group.strip(), role.strip()
    if not separator or not group or not role:
        raise ValueError(f"{text!r:.100} is not of the form group=role or group=role@acme.*")
    try:
        return GroupRole(group, role, namespace_of(prefix.strip() or "*"))
    except Refused as refused:
        raise ValueError(str(refused)) from refused
