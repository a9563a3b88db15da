"""Signs people in through the issuer: the authorization code flow with PKCE."""

import hmac
import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from models.access.viewer import SignInMethod
from models.errors import Refused, Unavailable
from models.states import Channel
from runner.denials import Denial, Denials
from runner.store.access.identities import Identity
from server.auth.auth import Door, client_network, cookie_name, is_secure, set_session
from server.auth.session_key import SessionKey
from server.auth.sign_in_attempt import LASTS, Attempt, with_query
from server.http.addresses import base_of, own_path
from server.http.concurrency_limit import ConcurrencyLimit
from server.http.plain_page import alert, page
from server.http.rates import TooMany
from server.http.refusals import RETRY_AFTER, is_for_a_reader
from server.oidc.cached import AWAY
from server.oidc.claims import person_of
from server.oidc.external_sessions import ExternalSessions
from server.oidc.fetching import NoAnswer, TurnedDown, error_code
from server.oidc.provider import Provider
from server.oidc.verifying import Untrusted, algorithm_of, check_access_token, verified

logger = logging.getLogger("headway.access")

BEGIN: Final = "/login/oidc"
CALLBACK: Final = "/login/oidc/callback"
_COOKIE: Final = "headway_sign_in"
_LONGEST_PATH: Final = 2000
_MAX_USED: Final = 10_000
MOST_OF_NETWORK: Final = 16
"""Concurrent code exchanges of one network: each is a connection to the issuer, and needs no sign-in here."""
_MOST_AT_ONCE: Final = 64


class _Failed(Exception):
    """The message is shown to the person and recorded in the audit log."""


class SingleSignOn:
    def __init__(
        self,
        provider: Provider,
        door: Door,
        external_sessions: ExternalSessions,
        key: SessionKey,
        denials: Denials,
        external_url: str | None = None,
    ) -> None:
        self._provider, self._door, self._external_sessions = provider, door, external_sessions
        self._key, self._denials = key, denials
        self._external_url = external_url
        self._used: OrderedDict[str, float] = OrderedDict()
        self._exchanges = ConcurrencyLimit(
            "sign-ins", "sign_ins_at_once", MOST_OF_NETWORK, _MOST_AT_ONCE
        )

    @property
    def name(self) -> str:
        return self._provider.settings.name

    def routes(self) -> list[Route]:
        return [
            Route(BEGIN, self.begin, methods=["GET"]),
            Route(CALLBACK, self.callback, methods=["GET"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Redirects to the issuer."""
        if request.method == "HEAD":
            return Response(status_code=204)
        next_path = own_path(request.query_params.get("next", "/"))
        try:
            metadata = await self._provider.metadata()
        except Unavailable:
            return self._unavailable(request, f"{self.name} cannot be reached now", AWAY, next_path)
        redirect_uri = base_of(request.scope, self._external_url) + CALLBACK
        attempt = Attempt.new(
            next_path if len(next_path) <= _LONGEST_PATH else "/", redirect_uri, self._door.now
        )
        response = RedirectResponse(attempt.address(self._provider.settings, metadata), 302)
        response.set_cookie(
            cookie_name(request.scope, _COOKIE),
            attempt.sealed(self._key),
            max_age=LASTS,
            path="/login",
            httponly=True,
            # The issuer's redirect is a cross-site request, to which browsers add no strict cookie.
            samesite="lax",
            secure=is_secure(self._door, request.scope),
        )
        return _unstored(response)

    async def callback(self, request: Request) -> Response:
        """Handles the issuer's redirect back, once for each attempt."""
        if request.method == "HEAD":
            return Response(status_code=204)
        attempt = self._attempt(request)
        try:
            if attempt is None:
                raise _Failed(_unknown_attempt(request))
            try:
                identity = await self._identity(request, attempt)
            except (NoAnswer, Unavailable) as error:
                logger.warning("the identity provider: %s", error)
                title = f"{self.name} cannot be reached now"
                return self._without_attempt(
                    request, self._unavailable(request, title, AWAY, attempt.next_path)
                )
            id = await self._external_sessions.begin(
                identity, SignInMethod.OIDC, self._provider.settings.session_time, Channel.UI
            )
        except (_Failed, Untrusted, TurnedDown, Refused) as error:
            return self._refused(request, attempt, error)
        except Unavailable as error:
            assert attempt is not None
            title = "The server cannot answer now"
            return self._unavailable(request, title, str(error), attempt.next_path)
        # A redirect would count as part of the cross-site request, and browsers then send no strict cookie.
        path = escape(attempt.next_path)
        head = f'<meta http-equiv="refresh" content="0;url={path}">'
        response = HTMLResponse(page("Signed in", f'<p><a href="{path}">Continue</a></p>', head))
        set_session(response, self._door, request.scope, id, self._provider.settings.session_time)
        return self._without_attempt(request, response)

    async def end_session(self, request: Request) -> Response | None:
        """Sends the browser to the issuer's end of session; None if the issuer has none."""
        try:
            ends = (await self._provider.metadata()).end_session_endpoint
        except Unavailable:
            return None
        if ends is None:
            return None
        query = {
            "client_id": self._provider.settings.client_id,
            "post_logout_redirect_uri": base_of(request.scope, self._external_url) + "/login",
        }
        address = escape(with_query(ends, query))
        # A redirect would be the target of a form, and `form-action` allows only this origin.
        head = f'<meta http-equiv="refresh" content="0;url={address}">'
        body = f'<p><a href="{address}">Sign out of {escape(self.name)} too</a></p>'
        return HTMLResponse(page("Signed out", body, head))

    def _attempt(self, request: Request) -> Attempt | None:
        """Returns the attempt in the browser's cookie, if its `state` matches; else None."""
        cookie = request.cookies.get(cookie_name(request.scope, _COOKIE), "")
        attempt = Attempt.opened(cookie, self._key, self._door.now)
        state = request.query_params.get("state", "")
        if attempt is None or not hmac.compare_digest(attempt.state.encode(), state.encode()):
            return None
        return attempt

    @contextmanager
    def _limited(self, request: Request) -> Iterator[None]:
        """Limits concurrent code exchanges. Raises TooMany; the same code works a moment later."""
        network = client_network(request.scope) or "unknown"
        try:
            self._exchanges.enter(network)
        except (TooMany, Unavailable) as error:
            raise TooMany(
                "Too many people are signing in now; try again", "sign_ins_at_once", 1
            ) from error
        try:
            yield
        finally:
            self._exchanges.leave(network)

    async def _identity(self, request: Request, attempt: Attempt) -> Identity:
        given, provider = request.query_params, self._provider
        metadata, mine = await provider.metadata(), provider.settings
        issuer = given.get("iss")
        if issuer != mine.issuer and (issuer is not None or metadata.names_itself):
            raise _Failed(
                "The response comes from another identity provider than the configured one"
            )
        if "error" in given:
            raise _Failed(_turned_down(request))
        with self._limited(request):
            self._use_up(attempt)
            tokens = await provider.exchange(
                given.get("code", ""), attempt.verifier, attempt.redirect_uri
            )
        token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(token, str):
            raise Untrusted("the identity provider sent no ID token: is openid in oidc_scopes?")
        claims = await verified(provider, token, mine.client_id, self._door.now)
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode(), attempt.nonce.encode()
        ):
            raise Untrusted("its claim nonce belongs to another sign-in", is_signed=True)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else mine.client_id) != mine.client_id:
            raise Untrusted("its claim azp belongs to another client", is_signed=True)
        if isinstance(access_token, str):
            check_access_token(claims, algorithm_of(token), access_token)
        return person_of(mine, claims)

    def _use_up(self, attempt: Attempt) -> None:
        now = self._door.now.timestamp()
        while self._used and (
            len(self._used) >= _MAX_USED or next(iter(self._used.values())) <= now
        ):
            self._used.popitem(last=False)
        if attempt.state in self._used:
            raise _Failed("This sign-in was already used: each works once")
        self._used[attempt.state] = attempt.ends

    def _refused(self, request: Request, attempt: Attempt | None, error: Exception) -> Response:
        sentence = {
            Untrusted: f"The ID token is not valid: {error}",
            TurnedDown: f"The identity provider refused the sign-in: {error}",
        }.get(type(error), str(error))
        network = client_network(request.scope)
        self._denials.record(
            Denial(
                f"anonymous:{network or 'unknown'}",
                Channel.UI,
                "SIGN_IN_FAILED",
                f"{self.name}: {sentence}",
            )
        )
        body = alert(f"{sentence}.") + self._sign_in_links(attempt.next_path if attempt else "/")
        response = HTMLResponse(page("You are not signed in", body), 401)
        return self._without_attempt(request, response)

    def _unavailable(self, request: Request, title: str, sentence: str, next_path: str) -> Response:
        """Does not reload itself, because there is another way to sign in. Raises Unavailable for programs."""
        if not is_for_a_reader(request.scope):
            raise Unavailable(sentence)
        body = f"<p>{escape(sentence)}.</p>{self._sign_in_links(next_path)}"
        response = HTMLResponse(page(title, body), 503)
        response.headers["retry-after"] = str(RETRY_AFTER)
        return _unstored(response)

    def _sign_in_links(self, next_path: str) -> str:
        query = escape(urlencode({"next": next_path}))
        return (
            f'<p><a class="button" href="{BEGIN}?{query}">Try again with {escape(self.name)}</a></p>'
            f'<p><a class="button quiet" href="/login?{query}">Back to the sign-in</a></p>'
        )

    def _without_attempt(self, request: Request, response: Response) -> Response:
        response.delete_cookie(
            cookie_name(request.scope, _COOKIE), path="/login", httponly=True, samesite="lax"
        )
        return _unstored(response)


def _unknown_attempt(request: Request) -> str:
    """Explains a response without an attempt: either the provider refused, or the attempt is unknown here."""
    if "error" in request.query_params:
        return _turned_down(request)
    return "This sign-in was not started in this browser, or more than ten minutes ago"


def _turned_down(request: Request) -> str:
    return f"The identity provider refused: {error_code(request.query_params['error'])}"


def _unstored(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    return response
