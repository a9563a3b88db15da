"""The artifact store: files that tasks produce, stored at an fsspec URL."""

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
from runner.files.disk_space import disk_full_error

_CHUNK = 1024 * 1024
URI_PREFIX: Final = "headway:///"
"""The prefix of file URIs in API responses, which hide the folder of the store."""


class ArtifactRefused(Exception):
    """A file that does not exist or may not be stored; the message says which and why."""


class StoreFull(OSError):
    """A file could not be stored because the disk is full; `filename` is the folder on that disk."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file. `digest` is `sha256:` and hexadecimal digits; `size` is in bytes."""

    uri: str
    digest: str
    size: int


class ArtifactStore:
    def __init__(self, url: str) -> None:
        self._files, root = url_to_fs(url)
        self._root = str(root).rstrip("/")

    @property
    def folder(self) -> str | None:
        """The root of the store if it is a folder of this machine."""
        return self._root if isinstance(self._files, LocalFileSystem) else None

    @property
    def root_uri(self) -> str:
        """The prefix of the URIs of all files in the store."""
        return f"{self._files.unstrip_protocol(self._root)}/"

    def located(self, value: Any) -> Any:
        """Replaces the file URIs of API responses in `value` by those from which files can be read."""
        return located(value, self.folder) if self.folder else value

    async def forget(self, *place: str, mentioned_in: Sequence[str] = ()) -> None:
        """Deletes all files under `place` except those that the JSON texts `mentioned_in` mention."""
        await asyncio.to_thread(self._forget, "/".join(place), mentioned_in)

    def _forget(self, place: str, texts: Sequence[str]) -> None:
        folder = f"{self._root}/{place}"
        if not self._files.exists(folder):
            return
        there = self._files.find(folder) if texts else []
        kept = [file for file in there if self._is_mentioned(file, texts)]
        if not kept:
            self._files.rm(folder, recursive=True)
            return
        for file in set(there) - set(kept):
            self._files.rm_file(file)

    def _is_mentioned(self, file: str, texts: Sequence[str]) -> bool:
        """Searches for the path within the store: it is the same however the URI of the store is written."""
        place = json.dumps(file.removeprefix(self._root), ensure_ascii=False)[1:-1]
        return any(place in text for text in texts)

    @property
    def free_bytes(self) -> int | None:
        """None if unknown: the store is not a folder of this machine."""
        folder = Path(self.folder or "")
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if not self.folder or not there:
            return None
        status = os.statvfs(there)
        return status.f_bavail * status.f_frsize

    async def store_stream(
        self, source: IO[bytes], *place: str, most: int | None = None
    ) -> StoredFile:
        """Copies what remains of `source`, at most `most` bytes, to `place`, replacing an earlier file. Raises
        StoreFull and other OSErrors."""
        return await asyncio.to_thread(self._copy, source, place, most)

    def has_stored(self, uri: str, execution_id: UUID) -> bool:
        """Checks that `uri` was returned by `store_stream` for this execution."""
        path = str(self._files._strip_protocol(uri))
        inside = path.removeprefix(f"{self._root}/{typed('exec', execution_id)}/")
        plain = not {"..", ".", ""} & set(inside.split("/"))
        return inside != path and plain and str(self._files.unstrip_protocol(path)) == uri

    async def read(self, uri: str) -> tuple[int, Iterator[bytes]]:
        """Returns the size and an iterator over the content, which blocks. Raises OSError if the file is gone."""
        path = self._files._strip_protocol(uri)
        size: int = await asyncio.to_thread(self._files.size, path)
        return size, _pieces(await asyncio.to_thread(self._files.open, path, "rb"))

    def _copy(self, source: IO[bytes], place: Sequence[str], most: int | None) -> StoredFile:
        target = "/".join((self._root, *place))
        try:
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            digest, size = self._write(target, source, most)
        except OSError as error:
            if full := disk_full_error(error):
                raise StoreFull(full.errno, full.strerror, self._root) from error
            raise
        return StoredFile(str(self._files.unstrip_protocol(target)), f"sha256:{digest}", size)

    def _write(self, target: str, source: IO[bytes], most: int | None) -> tuple[str, int]:
        """Returns digest and size. Removes the file after an error: a partial file would only take space."""
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


def located(value: Any, folder: str, flow_sources: int = 0) -> Any:
    """Replaces `headway:///PLACE` in JSON by the file URI of PLACE in `folder`. In the outer `flow_sources` levels of
    objects, the member `source` is the text of a flow and is left as it is."""
    if isinstance(value, str):
        return value.replace(URI_PREFIX, f"file://{folder}/") if URI_PREFIX in value else value
    if isinstance(value, Mapping):
        return {
            name: member
            if flow_sources and name == "source"
            else located(member, folder, max(0, flow_sources - 1))
            for name, member in value.items()
        }
    return [located(item, folder) for item in value] if isinstance(value, list) else value


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece


def checked_name(name: str) -> str:
    """Returns the name as a path within the store; raises ArtifactRefused if it is absolute or contains `..`."""
    clean = PurePosixPath(name)
    if clean.is_absolute() or ".." in clean.parts or not clean.parts or not name.isprintable():
        raise ArtifactRefused(f"{name!r} cannot be the name of an artifact")
    return str(clean)
