"""The issuer's metadata and keys, and the exchange of an authorization code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from urllib.parse import quote_plus

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from server.http.addresses import is_safe
from server.oidc.cached import Cached
from server.oidc.fetching import NoAnswer, get_document, post_form

Key = RSAKey | ECKey | OKPKey
ALGORITHMS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSAKey),
    **dict.fromkeys(("ES256", "ES384", "ES512"), ECKey),
    "Ed25519": OKPKey,
}
"""Accepted signature algorithms with their key types. None is symmetric: its key would be our client secret."""
_MOST_KEYS: Final = 100
_LEAST_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """`audience` is required in the JWTs of programs; `clock_skew` is in seconds."""

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    audience: str = ""
    scopes: Sequence[str] = ("openid", "email", "profile")
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    name: str = "single sign-on"
    session_time: timedelta = timedelta(hours=12)
    clock_skew: int = 60


@dataclass(frozen=True, slots=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    names_itself: bool
    """Whether its redirects carry `iss` (RFC 9207)."""
    takes_basic: bool


class Provider:
    """Raises Unavailable while the issuer is unreachable and the requested document was never fetched."""

    def __init__(self, settings: ProviderSettings, clock: Callable[[], float] = monotonic) -> None:
        self.settings = settings
        self._metadata = Cached(self._read_metadata, clock)
        self._keys = Cached(self._read_keys, clock)

    async def metadata(self) -> Metadata:
        return await self._metadata.get()

    async def keys(self) -> Sequence[Key]:
        """Returns its current signing keys; the same object until they change."""
        return await self._keys.get()

    async def refetch_keys(self) -> Sequence[Key]:
        """Fetches the keys again, at most every few seconds."""
        return await self._keys.refetch()

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """Returns the tokens for a code. Raises TurnedDown, NoAnswer."""
        mine, metadata = self.settings, await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": mine.client_id,
        }
        login = None
        if mine.client_secret and metadata.takes_basic:
            # Form-encoded first, as RFC 6749, 2.3.1 requires.
            login = quote_plus(mine.client_id), quote_plus(mine.client_secret)
        elif mine.client_secret:
            form["client_secret"] = mine.client_secret
        return await post_form(metadata.token_endpoint, form, login)

    async def _read_metadata(self) -> Metadata:
        issuer = self.settings.issuer
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        if not is_safe(url, issuer):
            raise NoAnswer(f"{url} is not https")
        document = await get_document(url)
        if document.get("issuer") != issuer:
            raise NoAnswer(
                f"{url} names another issuer than {issuer}; they must be identical, character by character"
            )
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe(document.get(name), issuer):
                raise NoAnswer(f"{url} has no https URL as {name}")
        ends = document.get("end_session_endpoint")
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return Metadata(
            document["authorization_endpoint"],
            document["token_endpoint"],
            document["jwks_uri"],
            ends if is_safe(ends, issuer) else None,
            document.get("authorization_response_iss_parameter_supported") is True,
            "client_secret_basic" in methods,
        )

    async def _read_keys(self) -> Sequence[Key]:
        url = (await self.metadata()).jwks_uri
        published = (await get_document(url)).get("keys")
        if not isinstance(published, list):
            raise NoAnswer(f"{url} returned no keys")
        keys = tuple(key for one in published[:_MOST_KEYS] if (key := _key(one)) is not None)
        if not keys:
            raise NoAnswer(f"{url} returned no usable key")
        return keys


def _key(jwk: Any) -> Key | None:
    """Returns None for a JWK that does not verify signatures."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    public = {name: value for name, value in jwk.items() if name != "d"}
    try:
        key = JWKRegistry.import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        return None
    if isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_BITS:
        return None
    return key
