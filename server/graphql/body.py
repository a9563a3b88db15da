"""Reads a GraphQL request over HTTP, and chooses the media type of its response."""

from starlette.datastructures import Headers
from starlette.requests import Request as HttpRequest

from server.graphql.requests import Rejected, Unread
from server.http.addresses import content_length

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
EVENTS = "text/event-stream"


async def read_request(http: HttpRequest, max_body: int) -> Unread:
    """Raises Rejected, with the right HTTP status, if this is not a GraphQL request."""
    if http.method == "GET":
        return Unread.parameters(http.query_params)
    kind, parameters = _content_type(http.headers)
    if kind != JSON:
        raise _unsupported(f"POST needs content-type: {JSON}")
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise _unsupported("only UTF-8 is supported")
    if http.headers.get("content-encoding", "identity") != "identity":
        raise _unsupported("compressed bodies are not accepted")
    return Unread.body(await _body(http, max_body))


def accepted(headers: Headers, offered: tuple[str, ...], otherwise: str) -> str | None:
    """Returns the media type that the client prefers; None if it accepts none of those offered.

    `otherwise` is used without an Accept header, and for clients that accept anything.
    """
    header = headers.get("accept")
    if not header:
        return otherwise
    best: tuple[float, int, str] | None = None
    for place, item in enumerate(header.split(",")):
        kind, parameters = _parsed(item)
        found = _offer(kind, offered, otherwise)
        quality = _quality(parameters.get("q", "1"))
        if found is not None and quality > 0 and (best is None or quality > best[0]):
            best = (quality, place, found)
    return best[2] if best else None


def _offer(kind: str, offered: tuple[str, ...], otherwise: str) -> str | None:
    if kind in offered:
        return kind
    return otherwise if kind in ("*/*", "application/*") else None


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _content_type(headers: Headers) -> tuple[str, dict[str, str]]:
    return _parsed(headers.get("content-type", ""))


def _parsed(item: str) -> tuple[str, dict[str, str]]:
    kind, *rest = item.split(";")
    pairs = (part.partition("=") for part in rest)
    parameters = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    return kind.strip().lower(), parameters


def _unsupported(message: str) -> Rejected:
    return Rejected.because("UNSUPPORTED_MEDIA_TYPE", message, malformed=True, status=415)


async def _body(http: HttpRequest, max_body: int) -> bytes:
    too_large = Rejected.because(
        "PAYLOAD_TOO_LARGE", f"a body may have at most {max_body} bytes", malformed=True, status=413
    )
    length = content_length(http.headers.get("content-length"))
    if length is None or length > max_body:
        raise too_large
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > max_body:
            raise too_large
    return bytes(body)
