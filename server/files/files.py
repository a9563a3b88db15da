"""`POST /files` uploads a FILE input; `GET` downloads or previews such inputs and the artifacts of tasks."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from models.access.viewer import Permission, Viewer, nowhere_permitted
from models.errors import Refused
from models.ids import new_id
from runner.denials import Denial, Denials
from runner.engine.quotas import Quotas
from runner.files.artifact_store import ArtifactRefused, ArtifactStore, checked_name
from runner.files.uploads import FOLDER, check_room, record
from runner.store.artifacts.files import UploadedFile, file_id
from runner.store.postgres.connection import Pool
from server.auth.auth import visitor_of
from server.auth.presence import Presence
from server.files.file_responses import Find, downloaded, find_artifact, find_input_file, previewed
from server.files.places import Places
from server.http.addresses import content_length
from server.http.concurrency_limit import ConcurrencyLimit
from server.http.rates import Rate, Rates
from server.http.refusals import refusal

_IN_MEMORY = 1024 * 1024
_LONGEST_NAME = 200
MOST_UPLOADS: Final = 64
"""Concurrent uploads of all users: each has a temporary file on the disk."""
_MOST_OF_USER: Final = 16
_MOST_DOWNLOADS: Final = 64
"""Concurrent downloads of all users, of which one user may have as many as uploads: each has a file descriptor."""
_OCTETS = "application/octet-stream"


class _TooLarge(MultiPartException):
    pass


@dataclass(frozen=True, slots=True)
class FileRoom:
    """`largest` is in bytes, of one upload. Without `presence`, downloads continue after their token is revoked;
    without `denials`, refusals are not audited."""

    pool: Pool
    store: ArtifactStore
    largest: int
    places: Places = field(default_factory=Places)
    rates: Rates = field(default_factory=Rates)
    uploads: ConcurrencyLimit = field(
        default_factory=lambda: ConcurrencyLimit(
            "uploads", "uploads_at_once", _MOST_OF_USER, MOST_UPLOADS
        )
    )
    downloads: ConcurrencyLimit = field(
        default_factory=lambda: ConcurrencyLimit(
            "downloads of files", "file_downloads_at_once", _MOST_OF_USER, _MOST_DOWNLOADS
        )
    )
    quotas: Quotas = field(default_factory=Quotas)
    presence: Presence | None = None
    denials: Denials | None = None


def file_routes(room: FileRoom) -> list[Route]:
    async def upload(request: Request) -> Response:
        actor = _viewer(request).actor
        await room.rates.check(Rate.UPLOADS, actor)
        with room.uploads.one(actor):
            return await _respond(request, room, Permission.RUN_FLOW, _upload(request, room))

    return [
        Route("/files", upload, methods=["POST"]),
        *_download_routes("/artifacts/{id}/preview", "/artifacts/{id:path}", room, find_artifact),
        *_download_routes(
            "/executions/{id}/inputs/{name}/preview",
            "/executions/{id}/inputs/{name}",
            room,
            find_input_file,
        ),
    ]


def _download_routes(shown: str, kept: str, room: FileRoom, find: Find) -> list[Route]:
    """Returns the routes for the preview and for the download of what `find` returns."""

    async def preview(request: Request) -> Response:
        found = partial(find, room.pool, room.store, _viewer(request).scope, request)
        shown = previewed(request, found, room.downloads, room.presence)
        return await _respond(request, room, Permission.VIEW_EXECUTION, shown)

    async def download(request: Request) -> Response:
        found = partial(find, room.pool, room.store, _viewer(request).scope, request)
        given = downloaded(request, found, room.downloads, room.presence)
        return await _respond(request, room, Permission.VIEW_EXECUTION, given)

    return [Route(shown, preview, methods=["GET"]), Route(kept, download, methods=["GET"])]


async def _respond(request: Request, room: FileRoom, permission: Permission, work: Any) -> Response:
    viewer = _viewer(request)
    scope = request.scope
    if not viewer.may_somewhere(permission):
        work.close()
        if room.denials is not None:
            room.denials.record(Denial.of(viewer, permission.value))
        return refusal(scope, 403, "FORBIDDEN", nowhere_permitted(permission))
    try:
        answer: Response = await work
    except _TooLarge as error:
        return refusal(scope, 413, "PAYLOAD_TOO_LARGE", error.message)
    except (MultiPartException, ArtifactRefused) as error:
        return refusal(scope, 400, "VALIDATION", str(getattr(error, "message", error)))
    except Refused as error:
        (problem,) = error.problems
        code = problem.code.value
        return refusal(scope, 413, code, problem.message, **problem.details)
    except ClientDisconnect:
        return Response(status_code=400)
    return answer


def _viewer(request: Request) -> Viewer:
    visitor = visitor_of(request.scope)
    assert visitor, "the guard lets nobody else in"
    return visitor.viewer


async def _upload(request: Request, room: FileRoom) -> Response:
    """Reads one part of a form, or the raw body with `?name=`."""
    length = content_length(request.headers.get("content-length"))
    if length is None or length > room.largest:
        raise _TooLarge(_limit(room))
    viewer = _viewer(request)
    await check_room(room.pool, viewer.actor, viewer.scope, length, room.quotas)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await _form(request, room)
        part = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        if part is None:
            raise MultiPartException("the form has no file")
        with part.file:
            return await _kept(request, room, part.filename or "file", part.file)
    with SpooledTemporaryFile(_IN_MEMORY) as body:
        async for chunk in _limited(request, room):
            await asyncio.to_thread(body.write, chunk)
        return await _kept(request, room, request.query_params.get("name", "file"), body)


async def _form(request: Request, room: FileRoom) -> FormData:
    parser = MultiPartParser(request.headers, _limited(request, room), max_files=1, max_fields=10)
    try:
        return await parser.parse()
    except UnicodeError as error:
        raise MultiPartException("the form is not in the charset that it declares") from error


async def _limited(request: Request, room: FileRoom) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > room.largest:
            raise _TooLarge(_limit(room))
        yield chunk


def _limit(room: FileRoom) -> str:
    return f"a file may have at most {room.largest} bytes; the setting is max_file_size"


async def _kept(request: Request, room: FileRoom, name: str, body: IO[bytes]) -> Response:
    viewer, key = _viewer(request), new_id()
    name = checked_name(PurePosixPath(name.replace("\\", "/")).name[:_LONGEST_NAME])
    body.seek(0)
    try:
        kept = await room.store.store_stream(body, FOLDER, file_id(key), name)
        file = UploadedFile(key, name, kept.uri, kept.digest, kept.size, viewer.scope, viewer.actor)
        await record(room.pool, file, room.quotas)
    except BaseException:
        await asyncio.shield(room.store.forget(FOLDER, file_id(key)))
        raise
    facts = {
        "id": file_id(key),
        "uri": room.places.shown_text(kept.uri),
        "name": name,
        "size": kept.size,
        "sha256": kept.digest.removeprefix("sha256:"),
    }
    return JSONResponse(facts, 201)
