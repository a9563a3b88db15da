"""A server with single sign-on and a real issuer, and JWTs that are never accepted."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.jwk import OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from runner.denials import Denials
from runner.store.access.holders import Holders
from runner.store.postgres.database import Database
from server.auth.auth import Door, visitor_of
from server.auth.guard import guarded
from server.auth.identity import IdentityParts, identity_parts
from server.auth.login import Login
from server.oidc.bearers import Bearers
from server.settings.settings import Settings
from tests.server.graphql.serving import KEY, running
from tests.server.issuer import CLIENT, SECRET, Issuer, new_key

WITHIN = 20


@dataclass(frozen=True)
class House:
    """A server whose every page returns the authenticated actor, and a client with the cookies of one browser."""

    database: Database
    door: Door
    http: httpx.AsyncClient
    parts: IdentityParts

    @property
    def bearers(self) -> Bearers:
        assert self.parts.bearers
        return self.parts.bearers

    @property
    def own(self) -> str:
        return str(self.http.base_url).rstrip("/")

    async def begin(self, next_path: str = "/") -> str:
        """Returns the address at the issuer to which a browser is redirected."""
        answer = await self.http.get("/login/oidc", params={"next": next_path})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def back(self, next_path: str = "/") -> str:
        """Returns the redirect to the server, after the issuer has signed somebody in."""
        async with httpx.AsyncClient() as elsewhere:
            answer = await elsewhere.get(await self.begin(next_path))
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def sign_in(self, next_path: str = "/") -> httpx.Response:
        return await self.http.get(await self.back(next_path))

    async def who(self, token: str | None = None) -> str | None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await self.http.get("/who", headers=headers)
        return answer.json()["actor"] if answer.status_code == 200 else None

    async def refusals(self, wanted: str = "") -> list[str]:
        """Returns the failed sign-ins in the audit log; waits for the first one with these words."""
        async with asyncio.timeout(WITHIN):
            while True:
                found = await self._refusals()
                if any(wanted in what for what in found):
                    return found

    async def _refusals(self) -> list[str]:
        rows = await self.database.pool.fetch(
            "select data from audit_log where action = 'SIGN_IN_FAILED' order by at"
        )
        return [json.loads(row["data"])["what"] for row in rows]

    async def holds(self) -> tuple[Any, ...]:
        """Returns everything that a sign-in could change."""
        found = []
        for table in ("principals", "sign_ins", "tokens", "role_grants", "group_members"):
            rows = await self.database.pool.fetch(f"select * from {table} order by id")
            found.append([tuple(row) for row in rows])
        return tuple(found)


async def _who(request: Request) -> JSONResponse:
    visitor = visitor_of(request.scope)
    return JSONResponse({"actor": visitor.viewer.actor if visitor else None})


@asynccontextmanager
async def housed(
    database: Database, settings: Mapping[str, Any], /, **door_options: Any
) -> AsyncIterator[House]:
    async with Denials(database.reads) as denials:
        read = Settings.read(settings)
        parts = await identity_parts(read, database.reads, denials)
        door = Door(
            Holders(database.reads),
            KEY,
            bearers=parts.bearers,
            proxied=parts.proxied,
            **door_options,
        )
        login = Login(database.reads, door, denials, parts.single_sign_on(door, KEY))
        app = Starlette(
            routes=[*login.routes(), Route("/{path:path}", _who, methods=["GET", "POST"])],
            middleware=guarded(door),
        )
        async with (
            running(app) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            yield House(database, door, client, parts)


def settings_for(issuer: Issuer, **more: Any) -> dict[str, Any]:
    return {
        "oidc_issuer": issuer.url,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        **more,
    }


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(issuer: Issuer, claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'kid': 'first'})}.{_part(claims)}."


def _symmetric(issuer: Issuer, claims: dict[str, Any]) -> str:
    """Signs with the public key of the issuer, as if it were a secret."""
    secret = issuer.keys[-1].as_pem(private=False)
    # Written by hand: the library refuses to make such tokens.
    import hmac

    body = f"{_part({'alg': 'HS256', 'kid': 'first'})}.{_part(claims)}"
    digest = hmac.new(secret, body.encode(), "sha256").digest()
    return f"{body}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _with_our_secret(issuer: Issuer, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 2), algorithms=["HS256"])


def _foreign(kid: str, **header: Any) -> Callable[[Issuer, dict[str, Any]], str]:
    """Signs with a foreign key, under the name of any key."""

    def forge(issuer: Issuer, claims: dict[str, Any]) -> str:
        key = new_key(kid)
        public = {"jwk": key.as_dict(private=False)} if header.get("jwk") else {}
        named = {"alg": "RS256", "kid": kid, **header, **public}
        return jwt.encode(named, claims, key)

    return forge


def _claimed(**claims: Any) -> Callable[[Issuer, dict[str, Any]], str]:
    return lambda issuer, right: issuer.sign({**right, **claims})


def _without(claim: str) -> Callable[[Issuer, dict[str, Any]], str]:
    return lambda issuer, right: issuer.sign({k: v for k, v in right.items() if k != claim})


def _tampered(issuer: Issuer, claims: dict[str, Any]) -> str:
    head, _, signature = issuer.sign(claims).split(".")
    return f"{head}.{_part({**claims, 'preferred_username': 'nina'})}.{signature}"


def _critical(issuer: Issuer, claims: dict[str, Any]) -> str:
    """Returns a token with an extension that must be understood."""
    registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    registry.check_header = lambda header: None  # type: ignore[method-assign]
    header = {"alg": "RS256", "kid": issuer.keys[-1].kid, "crit": ["b64"], "b64": True}
    return jws.serialize_compact(
        header, json.dumps(claims).encode(), issuer.keys[-1], registry=registry
    )


NOW = time.time
FORGERIES: Mapping[str, Callable[[Issuer, dict[str, Any]], str]] = {
    "alg none": _unsigned,
    "HS256 with the public key": _symmetric,
    "HS256 with the client's secret": _with_our_secret,
    "a key of somebody else's": _foreign("first"),
    "a kid that is not published": _foreign("unknown"),
    "a kid that is a path": _foreign("../../../../dev/null"),
    "a kid of SQL": _foreign("x' union select 'k"),
    "a kid that is a list": lambda issuer, claims: (
        f"{_part({'alg': 'RS256', 'kid': ['first']})}." + issuer.sign(claims).partition(".")[2]
    ),
    "its own key in the header": _foreign("first", jwk=True),
    "its own address of keys": _foreign("first", jku="http://127.0.0.1:9/jwks"),
    "its own certificate": _foreign("first", x5u="http://127.0.0.1:9/x5u"),
    "changed claims": _tampered,
    "crit": _critical,
    "another type": lambda issuer, claims: issuer.sign(claims, {"typ": "logout+jwt"}),
    "an event": _claimed(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
    "bound to a key": _claimed(cnf={"jkt": "x"}),
    "another audience": _claimed(aud="another"),
    "audiences of others": _claimed(aud=["another", "third"]),
    "no audience": _without("aud"),
    "another issuer": _claimed(iss="http://127.0.0.1:9"),
    "no issuer": _without("iss"),
    "expired": lambda issuer, claims: issuer.sign({**claims, "exp": int(NOW()) - 61}),
    "no end": _without("exp"),
    "an end that is text": _claimed(exp="tomorrow"),
    "an end beyond time": _claimed(exp=10**30),
    "not yet": lambda issuer, claims: issuer.sign({**claims, "nbf": int(NOW()) + 120}),
    "of the future": lambda issuer, claims: issuer.sign({**claims, "iat": int(NOW()) + 120}),
    "no subject": _without("sub"),
    "an empty subject": _claimed(sub=""),
    "a subject that is a list": _claimed(sub=["u-1"]),
    "a long subject": _claimed(sub="u" * 256),
    "no name": _without("preferred_username"),
    "a name that is none": _claimed(preferred_username="<script>"),
    "huge": _claimed(groups=["g" * 100] * 1000),
    "nested": lambda issuer, claims: (
        base64.urlsafe_b64encode(b"[" * 6000).rstrip(b"=").decode() + ".e30.AA"
    ),
    "no JSON": lambda issuer, claims: "a.b.c",
    "no ASCII": lambda issuer, claims: "\u00e9.e30.AA",
    "empty": lambda issuer, claims: "..",
}
Forging = Callable[[Issuer, dict[str, Any]], str]
Act = Callable[[House, Issuer], Awaitable[None]]
