"""The artifact store: files that tasks leave, kept at an fsspec URL."""

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final
from uuid import UUID

from fsspec.core import url_to_fs  # type: ignore[import-untyped]
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from models.ids import typed
from runner.files.disk_space import out_of_room

_CHUNK = 1024 * 1024
KEPT: Final = "headway:///"
"""How answers name what is kept here, without the folder that it is in."""


class ArtifactRefused(Exception):
    """A file that is not there or may not be taken; the text says which and why."""


class StoreFull(OSError):
    """A file could not be kept for want of room; `filename` is where that is wanting."""


@dataclass(frozen=True, slots=True)
class Kept:
    """`digest` is `sha256:` and hexadecimal; `size` is in bytes."""

    uri: str
    digest: str
    size: int


class ArtifactStore:
    def __init__(self, url: str) -> None:
        self._files, root = url_to_fs(url)
        self._root = str(root).rstrip("/")

    @property
    def folder(self) -> str | None:
        """Its root, where that is a folder of this machine."""
        return self._root if isinstance(self._files, LocalFileSystem) else None

    @property
    def root_uri(self) -> str:
        """With which the URIs of all that is kept here begin."""
        return f"{self._files.unstrip_protocol(self._root)}/"

    def located(self, told: Any) -> Any:
        """Names files as answers do, with the URIs by which they are read."""
        return located(told, self.folder) if self.folder else told

    async def forget(self, *place: str, mentioned_in: Sequence[str] = ()) -> None:
        """All files under `place` but those that this JSON mentions; nothing, where there are none."""
        await asyncio.to_thread(self._forget, "/".join(place), mentioned_in)

    def _forget(self, place: str, told: Sequence[str]) -> None:
        folder = f"{self._root}/{place}"
        if not self._files.exists(folder):
            return
        there = self._files.find(folder) if told else []
        kept = [file for file in there if self._is_mentioned(file, told)]
        if not kept:
            self._files.rm(folder, recursive=True)
            return
        for file in set(there) - set(kept):
            self._files.rm_file(file)

    def _is_mentioned(self, file: str, told: Sequence[str]) -> bool:
        """By its place in the store, which is the same however the store is written in its URI."""
        place = json.dumps(file.removeprefix(self._root), ensure_ascii=False)[1:-1]
        return any(place in text for text in told)

    @property
    def room(self) -> int | None:
        """Bytes that are free, where that is known."""
        folder = Path(self.folder or "")
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if not self.folder or not there:
            return None
        status = os.statvfs(there)
        return status.f_bavail * status.f_frsize

    async def keep_stream(self, source: IO[bytes], *place: str, most: int | None = None) -> Kept:
        """A copy under `place` of what is left to read, `most` so many bytes; what an earlier copy left there is
        replaced. Raises StoreFull, and other OSErrors."""
        return await asyncio.to_thread(self._copy, source, place, most)

    def keeps(self, uri: str, execution_id: UUID) -> bool:
        """Whether `uri` is one that `keep_stream` answered with for this execution."""
        path = str(self._files._strip_protocol(uri))
        inside = path.removeprefix(f"{self._root}/{typed('exec', execution_id)}/")
        plain = not {"..", ".", ""} & set(inside.split("/"))
        return inside != path and plain and str(self._files.unstrip_protocol(path)) == uri

    async def read(self, uri: str) -> tuple[int, Iterator[bytes]]:
        """Size and content, by blocking pieces. Raises OSError when it is not there any more."""
        path = self._files._strip_protocol(uri)
        size: int = await asyncio.to_thread(self._files.size, path)
        return size, _pieces(await asyncio.to_thread(self._files.open, path, "rb"))

    def _copy(self, source: IO[bytes], place: Sequence[str], most: int | None) -> Kept:
        target = "/".join((self._root, *place))
        try:
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            digest, size = self._write(target, source, most)
        except OSError as error:
            if full := out_of_room(error):
                raise StoreFull(full.errno, full.strerror, self._root) from error
            raise
        return Kept(str(self._files.unstrip_protocol(target)), f"sha256:{digest}", size)

    def _write(self, target: str, source: IO[bytes], most: int | None) -> tuple[str, int]:
        """Digest and size of what was written. A part of a file is of no use to anybody, and takes room."""
        digest, size = hashlib.sha256(), 0
        copy = self._files.open(target, "wb")
        try:
            with copy:
                while chunk := source.read(_CHUNK if most is None else min(_CHUNK, most - size)):
                    digest.update(chunk)
                    copy.write(chunk)
                    size += len(chunk)
        except OSError:
            with suppress(OSError):
                self._files.rm_file(target)
            raise
        return digest.hexdigest(), size


def located(told: Any, folder: str, flow_sources: int = 0) -> Any:
    """JSON with `headway:///PLACE` as the URI of that place in the folder. In so many outer levels of objects, a value
    `source` is the text of a flow, which stays as it was written."""
    if isinstance(told, str):
        return told.replace(KEPT, f"file://{folder}/") if KEPT in told else told
    if isinstance(told, Mapping):
        return {
            name: value
            if flow_sources and name == "source"
            else located(value, folder, max(0, flow_sources - 1))
            for name, value in told.items()
        }
    return [located(value, folder) for value in told] if isinstance(told, list) else told


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece


def checked_name(name: str) -> str:
    """A name is part of the place in the store: relative, without `..`."""
    clean = PurePosixPath(name)
    if clean.is_absolute() or ".." in clean.parts or not clean.parts or not name.isprintable():
        raise ArtifactRefused(f"{name!r} cannot be the name of an artifact")
    return str(clean)
