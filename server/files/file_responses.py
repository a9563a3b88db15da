"""Responses with files of the artifact store: downloads and previews."""

import asyncio
import mimetypes
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from models.access.viewer import Scope
from models.errors import Refused
from models.file_previews import TEXT, preview_type
from models.ids import untyped
from runner.files.artifact_store import ArtifactStore
from runner.service.outage import reaching
from runner.store.artifacts import files
from runner.store.execution import nodes
from runner.store.postgres.connection import Pool
from server.auth.auth import visitor_of
from server.auth.presence import Presence
from server.http.concurrency_limit import ConcurrencyLimit
from server.http.refusals import refusal
from server.http.sending import DownloadAborted, cut_off, send_end, send_piece

SHOWN: Final = 256 * 1024
"""Bytes of a text that a preview shows."""
LARGEST_PICTURE: Final = 16 * 1024 * 1024
CUT: Final = "headway-cut"
"""The header of a truncated text: the shown bytes and all bytes, such as 10/20."""
_OCTETS: Final = "application/octet-stream"
# Browsers run no script of the file and load nothing for it.
_CONFINED: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class StoredFile:
    name: str
    size: int
    content: Iterator[bytes]

    @property
    def file_name(self) -> str:
        return PurePosixPath(self.name).name


class _FileResponse(StreamingResponse):
    """Closes the file, and so its descriptor, when its client disconnects or stops reading, without waiting for garbage
    collection. With `slots`, counts as a download of its user; with `presence`, is cut off when the user's credential
    ends."""

    def __init__(
        self,
        content: Iterator[bytes],
        slots: ConcurrencyLimit | None = None,
        presence: Presence | None = None,
        **options: Any,
    ) -> None:
        super().__init__(content, **options)
        self._content = content
        self._slots = slots
        self._presence = presence

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Raises TooMany and Unavailable, as the slots do."""
        visitor = visitor_of(scope)
        try:
            with (
                self._slots.one(visitor.viewer.actor) if self._slots and visitor else nullcontext()
            ):
                self._scope = scope
                await super().__call__(scope, receive, send)
        finally:
            await asyncio.shield(asyncio.to_thread(_close, self._content))

    async def stream_response(self, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        try:
            if self._scope["method"] != "HEAD":
                async for piece in self._allowed(_read(self._content)):
                    await send_piece(piece, send)
            await send_end(send)
        except DownloadAborted as error:
            cut_off(self._scope, error)

    def _allowed(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        visitor = visitor_of(self._scope)
        if self._presence is None or visitor is None:
            return pieces
        return self._presence.pieces(visitor.viewer, pieces)


async def _read(content: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for piece in iterate_in_threadpool(content):
        yield piece


Find = Callable[[Pool, ArtifactStore, Scope, Request], Awaitable[StoredFile | Response]]
Found = Callable[[], Awaitable[StoredFile | Response]]


async def find_artifact(
    pool: Pool, store: ArtifactStore, scope: Scope, request: Request
) -> StoredFile | Response:
    """Opens the file of the use or artifact in the path; returns a refusal if it is not in the store."""
    id = request.path_params["id"]
    absent = refusal(request.scope, 404, "NOT_FOUND", "no such artifact in the artifact store")
    try:
        key = untyped("use" if id.startswith("use_") else "art", id)
    except Refused:
        return absent
    with reaching():
        uses: list[nodes.UseRow] = await pool.fetch(nodes.COPIES, key)
    # A task may name any URI; only files that the store keeps for its own execution are served.
    kept = (
        use
        for use in uses
        if scope.covers(use["namespace"])
        and use["digest"]
        and store.has_stored(use["uri"], use["execution_id"])
    )
    row = next(kept, None)
    if row is None:
        return absent
    return await _opened(store, row["name"], row["uri"], request)


async def find_input_file(
    pool: Pool, store: ArtifactStore, scope: Scope, request: Request
) -> StoredFile | Response:
    """Opens the file of the input in the path; returns a refusal if there is none."""
    id, name = request.path_params["id"], request.path_params["name"]
    absent = refusal(request.scope, 404, "NOT_FOUND", "no such execution, or no file in that input")
    try:
        if not name.isprintable():
            return absent
        file = await files.find_input(pool, scope, untyped("exec", id), name)
    except Refused:
        return absent
    return await _opened(store, file.name, file.uri, request) if file else absent


async def _opened(
    store: ArtifactStore, name: str, uri: str, request: Request
) -> StoredFile | Response:
    try:
        size, content = await store.read(uri)
    except OSError:
        return refusal(
            request.scope, 404, "NOT_FOUND", f"{name} is no longer in the artifact store"
        )
    return StoredFile(name, size, content)


async def downloaded(
    request: Request,
    found: Found,
    slots: ConcurrencyLimit | None = None,
    presence: Presence | None = None,
) -> Response:
    file = await found()
    if isinstance(file, Response):
        return file
    return _FileResponse(
        file.content,
        slots,
        presence,
        media_type=mimetypes.guess_type(file.file_name)[0] or _OCTETS,
        headers={**_headers(file, "attachment"), "content-length": str(file.size)},
    )


async def previewed(
    request: Request,
    found: Found,
    slots: ConcurrencyLimit | None = None,
    presence: Presence | None = None,
) -> Response:
    """Returns the beginning of a text, or a whole picture."""
    file = await found()
    if isinstance(file, Response):
        return file
    kind = preview_type(file.name)
    if kind is None or (kind != TEXT and file.size > LARGEST_PICTURE):
        await asyncio.to_thread(_close, file.content)
        download = request.url.path.removesuffix("/preview")
        why = f"{file.file_name} cannot be shown; download it: {download}"
        return refusal(request.scope, 415, "VALIDATION", why)
    headers = {**_headers(file, "inline"), "content-security-policy": _CONFINED}
    if kind != TEXT:
        headers["content-length"] = str(file.size)
        return _FileResponse(file.content, slots, presence, media_type=kind, headers=headers)
    text = await asyncio.to_thread(_beginning, file.content)
    if len(text) < file.size:
        headers[CUT] = f"{len(text)}/{file.size}"
    return Response(text, media_type=kind, headers=headers)


def _headers(file: StoredFile, disposition: str) -> dict[str, str]:
    name = quote(file.file_name, safe="")
    return {
        "content-disposition": f"{disposition}; filename*=UTF-8''{name}",
        "cache-control": "private, no-cache",
    }


def _beginning(content: Iterator[bytes]) -> bytes:
    """Returns at most SHOWN bytes, without splitting a character."""
    text = b""
    for piece in content:
        text += piece
        if len(text) > SHOWN:
            break
    _close(content)
    end = min(SHOWN, len(text))
    while end < len(text) and end > SHOWN - 4 and text[end] & 0xC0 == 0x80:
        end -= 1
    return text[:end]


def _close(content: Iterator[bytes]) -> None:
    """Closes a generator, whose file is closed only if it has begun to be read."""
    next(content, b"")
    if isinstance(content, Generator):
        content.close()
