"""Maps the claims of a JWT to an identity."""

from collections.abc import Mapping
from typing import Any, Final

from models.access.credentials import check_name
from models.access.viewer import PrincipalKind
from models.errors import Refused
from runner.store.access.identities import Identity
from server.oidc.provider import ProviderSettings
from server.oidc.verifying import Untrusted

_MOST_GROUPS: Final = 500
_LONGEST_GROUP: Final = 200
_EMAIL: Final = "email"


def person_of(settings: ProviderSettings, claims: Mapping[str, Any]) -> Identity:
    """Raises Untrusted if the claims hold no valid name."""
    names = _name(claims, settings.name_claim), _name(claims, _EMAIL)
    name = next((one for one in names if one), None)
    if name is None:
        raise Untrusted(
            f"its claim {settings.name_claim} holds no valid name (1 to 100 letters, digits and . _ @ + -), and there "
            "is no verified email to use instead",
            is_signed=True,
        )
    return _identity(settings, claims, PrincipalKind.PERSON, name)


def holder_of(settings: ProviderSettings, claims: Mapping[str, Any]) -> Identity:
    """Returns a service, named by its client id, for a program with its own credentials. Raises Untrusted."""
    client = _client(claims)
    if client is None or not _is_program(claims, client):
        return person_of(settings, claims)
    if not _is_name(client):
        raise Untrusted("its client id is not a valid name", is_signed=True)
    return _identity(settings, claims, PrincipalKind.SERVICE, client)


def _identity(
    settings: ProviderSettings, claims: Mapping[str, Any], kind: PrincipalKind, name: str
) -> Identity:
    email = claims.get(_EMAIL)
    shown = email if isinstance(email, str) and len(email) <= 320 and email.isprintable() else None
    groups = _groups(_at(claims, settings.groups_claim))
    return Identity(f"{settings.issuer}|{claims['sub']}", kind, name, shown, groups)


def _client(claims: Mapping[str, Any]) -> str | None:
    found = (claims.get(name) for name in ("azp", "client_id", "appid"))
    return next((one for one in found if isinstance(one, str) and one), None)


def _is_program(claims: Mapping[str, Any], client: str) -> bool:
    """Recognises the grant `client_credentials` as marked by RFC 9068, Entra, Auth0 and Keycloak."""
    return (
        claims["sub"] in (client, f"{client}@clients")
        or claims.get("idtyp") == "app"
        or claims.get("gty") == "client-credentials"
        or claims.get("preferred_username") == f"service-account-{client.lower()}"
    )


def _name(claims: Mapping[str, Any], claim: str) -> str | None:
    """An unverified email is ignored: its owner can set it to anything."""
    if claim == _EMAIL and claims.get("email_verified") is not True:
        return None
    value = _at(claims, claim)
    return value if isinstance(value, str) and _is_name(value) else None


def _is_name(text: str) -> bool:
    try:
        check_name(text)
    except Refused:
        return False
    return True


def _groups(value: Any) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    named = sorted({one for one in values if isinstance(one, str) and _is_group(one)})
    return frozenset(named[:_MOST_GROUPS])


def _is_group(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_GROUP and text.isprintable()


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """Returns a claim by its name, or by a dotted path such as `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
