"""Verifies JWTs with the issuer's published keys only, ignoring keys that a JWT itself names."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from server.oidc.provider import ALGORITHMS, Key, Provider

LONGEST: Final = 16 * 1024
_MAX_HEADER: Final = 8 * 1024
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_UNREADABLE = (JoseError, ValueError, TypeError, RecursionError)


class Untrusted(Exception):
    """A rejected JWT. `is_signed` is true if the issuer signed it, so it was not guessed."""

    def __init__(self, why: str, is_signed: bool = False) -> None:
        super().__init__(why)
        self.is_signed = is_signed


def is_jwt(text: str) -> bool:
    return text.count(".") == 2


async def verified(
    provider: Provider, token: str, audience: str, now: datetime
) -> Mapping[str, Any]:
    """Returns the claims. Raises Untrusted, Unavailable."""
    header = _header(token)
    key = await _key_for(provider, header)
    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    registry.max_header_length = _MAX_HEADER
    try:
        claims = jwt.decode(token, key, registry=registry).claims
    except _UNREADABLE as error:
        raise Untrusted("its signature is not the issuer's") from error
    _check(provider, claims, audience, now)
    return claims


def check_access_token(claims: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """Compares the access token with `at_hash`, if the ID token has one. Raises Untrusted."""
    expected = claims.get("at_hash")
    if expected is None:
        return
    size = "512" if algorithm == "Ed25519" else algorithm[-3:]
    digest = hashlib.new(f"sha{size}", access_token.encode()).digest()
    if expected != urlsafe_b64encode(digest[: len(digest) // 2]).decode():
        raise Untrusted("its at_hash does not match the access token", is_signed=True)


def algorithm_of(token: str) -> str:
    return str(_header(token)["alg"])


def _header(token: str) -> Mapping[str, Any]:
    if len(token) > LONGEST:
        raise Untrusted(f"it is longer than {LONGEST} characters")
    try:
        header = json.loads(urlsafe_b64decode(token.partition(".")[0].encode("ascii")))
    except _UNREADABLE as error:
        raise Untrusted("it cannot be read") from error
    if not isinstance(header, dict):
        raise Untrusted("it cannot be read")
    algorithm, kind = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Untrusted("its signature algorithm is not accepted")
    if "crit" in header:
        raise Untrusted("its header has critical extensions that are not supported")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise Untrusted("its type cannot be used to sign in")
    return header


async def _key_for(provider: Provider, header: Mapping[str, Any]) -> Key:
    """Finds the key by `kid` among the issuer's published keys; other hints in the header are untrusted."""
    found = _matching(await provider.keys(), header) or _matching(
        await provider.refetch_keys(), header
    )
    if found is None:
        raise Untrusted("its signing key is not published by the issuer")
    return found


def _matching(keys: Sequence[Key], header: Mapping[str, Any]) -> Key | None:
    """Without `kid`, returns the key if it is the only one of its type."""
    kid, algorithm = header.get("kid"), header["alg"]
    fitting = [
        key
        for key in keys
        if isinstance(key, ALGORITHMS[algorithm]) and key.get("alg", algorithm) == algorithm
    ]
    if "kid" not in header:
        return fitting[0] if len(fitting) == 1 else None
    return next((key for key in fitting if isinstance(kid, str) and key.get("kid") == kid), None)


def _check(provider: Provider, claims: Mapping[str, Any], audience: str, now: datetime) -> None:
    mine = provider.settings
    rules = JWTClaimsRegistry(
        int(now.timestamp()),
        mine.clock_skew,
        iss={"essential": True, "value": mine.issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    try:
        rules.validate(dict(claims))
        datetime.fromtimestamp(claims["exp"] + mine.clock_skew, now.tzinfo)
    except (*_UNREADABLE, OverflowError, OSError) as error:
        claim = getattr(error, "claim", None) or "exp"
        raise Untrusted(f"its claim {claim} is not valid", is_signed=True) from error
    if not 0 < len(claims["sub"]) <= 255:
        raise Untrusted("its claim sub is not valid", is_signed=True)
    if "cnf" in claims or "events" in claims:
        # `cnf` binds it to a key of its holder; `events` marks a token that is not for signing in.
        raise Untrusted("its type cannot be used to sign in", is_signed=True)
