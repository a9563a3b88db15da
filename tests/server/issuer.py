"""A small OpenID Connect issuer, real except for its people: every visitor is signed in with the configured claims."""

import asyncio
import base64
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from models.ids import new_id
from tests.server.graphql.serving import running

CLIENT, SECRET = "headway", "the secret of the client"
Forge = Callable[["Issuer", dict[str, Any]], str]


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "alg": "RS256", "use": "sig"})


@dataclass
class Issuer:
    """`claims` belong to the next person who signs in; `forge` makes the ID tokens. The last key signs."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    keys: list[RSAKey] = field(default_factory=lambda: [new_key("first")])
    forge: Forge | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)
    """More or other parameters of its redirect to the client."""
    is_away: bool = False
    by_page: bool = False
    answers: asyncio.Event | None = None
    """Codes are not exchanged before it is set."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        key = self.keys[-1]
        return jwt.encode({"alg": "RS256", "kid": key.kid, **(header or {})}, claims, key)

    def full(self, **claims: Any) -> dict[str, Any]:
        """Returns valid claims, except for the given ones."""
        now = int(time.time())
        right = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "sub": "u-1"}
        return {**right, "preferred_username": "maria", **self.claims, **claims}

    def bearer(self, **claims: Any) -> str:
        return self.sign(self.full(**claims))

    def app(self) -> Starlette:
        routes = [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/jwks", self._jwks),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _discovery(self, request: Request) -> Response:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "authorization_response_iss_parameter_supported": True,
        }
        return self._answer("discovery", {**document, **self.metadata})

    async def _jwks(self, request: Request) -> Response:
        return self._answer("jwks", {"keys": [key.as_dict(private=False) for key in self.keys]})

    def _answer(self, what: str, document: dict[str, Any]) -> Response:
        self.requests[what] += 1
        return Response(status_code=503) if self.is_away else JSONResponse(document)

    async def _authorize(self, request: Request) -> Response:
        parameters = dict(request.query_params)
        right = parameters["client_id"] == CLIENT and parameters["response_type"] == "code"
        if (
            not right
            or parameters["code_challenge_method"] != "S256"
            or not parameters["code_challenge"]
        ):
            return Response("refused", 400)
        code = new_id().hex
        self.codes[code] = parameters
        answer = {"code": code, "state": parameters["state"], "iss": self.url, **self.answer}
        given = urlencode({name: value for name, value in answer.items() if value})
        back = f"{parameters['redirect_uri']}?{given}"
        if self.by_page:
            return HTMLResponse(f'<title>Issuer</title><a id="on" href="{back}">Sign in</a>')
        return RedirectResponse(back, 302)

    async def _token(self, request: Request) -> Response:
        self.requests["token"] += 1
        if self.answers is not None:
            await self.answers.wait()
        form = dict(parse_qsl((await request.body()).decode()))
        login = base64.b64encode(f"{CLIENT}:{quote_plus(SECRET)}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return JSONResponse({"error": "invalid_client"}, 401)
        grant = self.codes.pop(form["code"], None)
        digest = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest())
        if (
            grant is None
            or grant["redirect_uri"] != form["redirect_uri"]
            or grant["code_challenge"] != digest.rstrip(b"=").decode()
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = self.full(nonce=grant["nonce"])
        token = self.forge(self, claims) if self.forge else self.sign(claims)
        return JSONResponse({"id_token": token, "access_token": "opaque", "token_type": "Bearer"})


@asynccontextmanager
async def issuing(host: str = "127.0.0.1") -> AsyncIterator[Issuer]:
    issuer = Issuer()
    async with running(issuer.app()) as port:
        issuer.url = f"http://{host}:{port}"
        yield issuer
