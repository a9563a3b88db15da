"""Signs browsers in (by a one-time link or a token) and out."""

import json
from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from models.access.credentials import digest_of
from models.access.viewer import SignInMethod, Viewer
from models.errors import Unavailable
from models.states import Channel
from runner.denials import Denial, Denials
from runner.store.access import sign_ins
from runner.store.postgres.connection import Pool
from server.auth.auth import (
    SESSION_TIME,
    Door,
    client_network,
    cookie_name,
    session_cookie,
    set_session,
)
from server.auth.single_sign_on import BEGIN, SingleSignOn
from server.http.addresses import own_path
from server.http.plain_page import alert, page
from server.http.rates import TooMany
from server.http.refusals import RETRY_AFTER, foreign, is_for_a_reader, is_form, refusal

_LONGEST: Final = 4096
"""Maximum bytes of a form or document with a token."""
_TOKEN: Final = """<form method="post" action="/login">
<input type="hidden" name="next" value="{next}">{error}
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="off" required{more}>
<button{kind}>Sign in{how}</button></form>"""
_HINT: Final = """<p class="hint">No token yet? Ask an administrator of this server for access: a token, or a link that
signs you in.</p>
<p class="hint">On the server's machine, <code>headway token</code> creates a link, and so does the start of
<code>headway serve</code>. Each link works once, within ten minutes.</p>"""
_SIGNED_IN: Final = """<p>You are signed in as <strong>{name}</strong>.</p>
<p><a class="button" href="{next}">Continue</a></p>"""
_SIGN_OUT: Final = (
    """<form method="post" action="/logout"><button class="quiet">Sign out</button></form>"""
)

_CONFIRM: Final = """<p>Another page sent you here. Continue only if this link is yours: you will then act in the name
of its creator.</p>
<form method="post" action="/login">
<input type="hidden" name="link" value="{code}"><input type="hidden" name="next" value="{next}">
<button>Sign in</button></form>"""


class Login:
    """Begins and ends sessions. A wrong token, link or origin is recorded as a denial in the audit log."""

    def __init__(
        self, pool: Pool, door: Door, denials: Denials, single_sign_on: SingleSignOn | None = None
    ) -> None:
        self._pool, self._door, self._denials = pool, door, denials
        self._single_sign_on = single_sign_on

    @property
    def denials(self) -> Denials:
        return self._denials

    def routes(self) -> list[Route]:
        elsewhere = self._single_sign_on.routes() if self._single_sign_on else []
        return [
            *elsewhere,
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route("/logout", self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Shows the form, or signs in with the one-time link of the query."""
        code = request.query_params.get("token")
        next_path = own_path(request.query_params.get("next", "/"))
        if code is None:
            return await self._signed_in_page(request, next_path) or self._form(next_path)
        if request.method == "HEAD":
            return Response(status_code=204)  # a link preview does not use the link up
        if _needs_confirmation(request):
            return _confirm_page(code, next_path)
        return await self._by_link(request, code, next_path)

    async def _by_link(self, request: Request, code: str, next_path: str) -> Response:
        token_id = await sign_ins.use_link(self._pool, digest_of(code), self._door.now)
        viewer = None
        if token_id is not None:
            viewer = await self._door.of_token(token_id)
        network = client_network(request.scope)
        try:
            await self._door.record_credential(digest_of(code), viewer is not None, network)
        except TooMany as slowed:
            if not is_for_a_reader(request.scope):
                raise
            return self._try_later(slowed, next_path)
        if viewer is None:
            self._failed(request, "a login link that is not valid")
            return self._rejected(
                request, "This login link is not valid: each works once, for ten minutes", next_path
            )
        return await self.begin(request, viewer, SignInMethod.LINK, next_path)

    async def sign_in(self, request: Request) -> Response:
        """Signs in with a token or a confirmed link, in a form or a JSON document."""
        if not self._door.origin_allowed(request.scope):
            self._failed(request, "a page of an origin that is refused")
            return foreign(request.scope)
        given = await _given(request)
        if given is None:
            return refusal(
                request.scope,
                400,
                "BAD_REQUEST",
                "Send a form or a JSON object with the field `token`",
            )
        next_path = own_path(given.get("next", "/"))
        try:
            if "token" not in given:
                return await self._by_link(request, given["link"], next_path)
            viewer = await self._door.by_token(
                given["token"].strip(), Channel.UI, client_network(request.scope)
            )
            if viewer is None:
                self._failed(request, "a token that is not valid")
                return self._rejected(request, "This token is not valid", next_path)
            return await self.begin(request, viewer, SignInMethod.TOKEN, next_path)
        except (TooMany, Unavailable) as slowed:
            if not is_form(request.headers):
                raise
            return self._try_later(slowed, next_path)

    async def sign_out(self, request: Request) -> Response:
        """Ends the session of the cookie, in every browser that has it."""
        if not self._door.origin_allowed(request.scope):
            return foreign(request.scope)
        cookie = session_cookie(request.scope)
        id = self._door.session_id(cookie) if cookie else None
        method = await sign_ins.end(self._pool, id) if id is not None else None
        if method is not None:
            await self._door.look_again()
        response: Response = Response(status_code=204)
        if "text/html" in request.headers.get("accept", ""):
            elsewhere = None
            if method is SignInMethod.OIDC and self._single_sign_on is not None:
                elsewhere = await self._single_sign_on.end_session(request)
            response = elsewhere or RedirectResponse("/login", 303)
        response.delete_cookie(cookie_name(request.scope), httponly=True, samesite="strict")
        return _unstored(response)

    async def begin(
        self, request: Request, viewer: Viewer, method: SignInMethod, next_path: str
    ) -> Response:
        """Begins a session of the viewer, and redirects to `next_path`."""
        credential = viewer.credential
        assert credential is not None
        ends = self._door.now + SESSION_TIME
        token_id = credential.id if credential.kind == "token" else None
        # Groups of a token's holder are read on each request; those named by an identity provider are stored.
        groups = () if token_id else sorted(viewer.groups)
        id = await sign_ins.begin(
            self._pool, credential.principal_id, token_id, method, ends, groups
        )
        is_script = "json" in request.headers.get("content-type", "")
        response: Response = (
            Response(status_code=204) if is_script else RedirectResponse(next_path, 303)
        )
        set_session(response, self._door, request.scope, id, SESSION_TIME)
        return _unstored(response)

    def _failed(self, request: Request, what: str) -> None:
        network = client_network(request.scope)
        self._denials.record(
            Denial(f"anonymous:{network or 'unknown'}", Channel.UI, "SIGN_IN_FAILED", what)
        )

    def _rejected(self, request: Request, message: str, next_path: str) -> Response:
        if is_for_a_reader(request.scope) or is_form(request.headers):
            return self._form(next_path, message, 401)
        response = refusal(request.scope, 401, "UNAUTHENTICATED", message)
        response.headers["www-authenticate"] = "Bearer"
        return response

    def _try_later(self, slowed: TooMany | Unavailable, next_path: str) -> Response:
        """Shows the form again, with the time after which to retry."""
        if isinstance(slowed, TooMany):
            status, seconds = 429, slowed.retry_after
            why = "Too many wrong tokens came from your network"
        else:
            status, seconds, why = 503, RETRY_AFTER, "The server cannot answer now"
        response = self._form(next_path, f"{why}. Try again in {seconds} s", status)
        response.headers["retry-after"] = str(seconds)
        return response

    async def _signed_in_page(self, request: Request, next_path: str) -> Response | None:
        """Returns a page for a visitor who is signed in; None if nobody is, or if that cannot be checked now."""
        try:
            visitor = await self._door.visitor(request.scope)
        except (TooMany, Unavailable):
            return None
        if visitor is None:
            return None
        name = visitor.viewer.actor.partition(":")[2]
        body = _SIGNED_IN.format(name=escape(name), next=escape(next_path))
        # A visitor whom a proxy signs in has no session here to end.
        body += _SIGN_OUT if session_cookie(request.scope) else ""
        return _unstored(HTMLResponse(page("Sign in to Headway", body)))

    def _form(self, next_path: str, wrong: str = "", status: int = 200) -> Response:
        begin, kind, how = "", "", ""
        if self._single_sign_on is not None:
            address = escape(f"{BEGIN}?{urlencode({'next': next_path})}")
            begin = (
                f'<p><a class="button" href="{address}">Sign in with '
                f'{escape(self._single_sign_on.name)}</a></p><p class="or">or</p>'
            )
            kind, how = ' class="quiet"', " with a token"
        # With single sign-on, that button comes first; after a wrong token the field has the focus.
        more = " autofocus" if wrong or not begin else ""
        more += ' aria-invalid="true" aria-describedby="wrong"' if wrong else ""
        error = alert(f"{wrong}.", "wrong") if wrong else ""
        form = _TOKEN.format(next=escape(next_path), error=error, more=more, kind=kind, how=how)
        return _unstored(HTMLResponse(page("Sign in to Headway", begin + form + _HINT), status))


def _confirm_page(code: str, next_path: str) -> Response:
    """Asks for confirmation before the link is used, with a form: following an address alone never signs in."""
    body = _CONFIRM.format(code=escape(code), next=escape(next_path))
    return _unstored(HTMLResponse(page("Sign in with a link?", body)))


def _needs_confirmation(request: Request) -> bool:
    """Whether another page may have sent the browser here, to make it act as the link's creator: a foreign page, or a
    page of this server, which follows any `next`. Over plain HTTP browsers do not send `Sec-Fetch-Site`, so every
    visitor must confirm; a program sends the link in a form or a JSON document."""
    return request.headers.get("sec-fetch-site") != "none"


def _unstored(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    return response


async def _given(request: Request) -> dict[str, str] | None:
    """Returns the fields of a small form or JSON object; None for anything else."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            return None
    try:
        read = dict(parse_qsl(body.decode())) if is_form(request.headers) else json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict):
        return None
    given = {name: value for name, value in read.items() if isinstance(value, str)}
    return given if given.keys() & {"token", "link"} else None
