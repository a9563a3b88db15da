"""Translates file URIs of responses: files that Headway keeps are `headway:///PLACE`, so that no path of the server's
disk is shown.

Tasks get the files themselves, as `file://` URIs of the store. So the database stores those, also in older versions;
they are translated when they leave and enter the API.
"""

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

from runner.files.artifact_store import URI_PREFIX, located

Row = TypeVar("Row", bound=Mapping[str, object])
_KEPT: Final = URI_PREFIX.encode()
_WORKED: Final = "…/".encode()
# A short folder name, such as a bucket's, may end a longer one, so it must follow a boundary.
_BEFORE: Final = rb"(?:(?<![\w./\x80-\xff-])|(?<=//)|(?<=\\[nrtbf\"])|(?<=\\u00[01][0-9a-fA-F])|(?<=[^\w]-[A-Za-z]))"
_COLOUR: Final = rb"(?P<colour>(?:\x1b|\\u001[bB])\[[0-9;]*[A-Za-z])"
_AFTER: Final = rb"(?:/|(?![\w\x80-\xff-]|\.\w))"
# Stored by a worker with another folder, or by a server that had another one.
# Ends at the next `file:///`, so that the time grows linearly with the length of a response.
_ELSEWHERE: Final = re.compile(
    rb"file:///(?:(?!file:///)[^\s\"'<>\\])*?/((?:exec|files/file)_[0-7][0-9a-hjkmnp-tv-z]{25}/)"
)
_CUT: Final = re.compile(rb"file:///[^\s\"'<>\\]*")
_FLOW_SOURCES: Final = 2
"""Levels of variables on which `source` is the text of a flow: `$source` and `$input.source`."""
_LONG: Final = {_WORKED: 2, _KEPT: 3}
"""From this number of parts on, a folder's path needs no boundary before it."""


class Places:
    """`store` is the root of the artifact store if it is a folder. Its files get a `headway:///` URI; other paths below
    `data_dir` are shown without that part."""

    def __init__(self, data_dir: Path | None = None, store: str | None = None) -> None:
        self._store = store
        named = {
            spelled: _WORKED for folder in _folders(data_dir) for spelled in _spellings(folder)
        }
        named |= {spelled: _KEPT for spelled in _spellings(store or "")}
        self._named = named
        self._folder = _pattern(named) if named else None

    def shown(self, data: bytes) -> bytes:
        """Translates a response, UTF-8, in JSON or not."""
        if self._folder and any(folder in data for folder in self._named):
            data = self._folder.sub(self._renamed, data)
        if self._store and b"file:///" in data:
            data = _ELSEWHERE.sub(_KEPT + rb"\1", data)
        return data

    def _renamed(self, found: re.Match[bytes]) -> bytes:
        folder = found["coloured"] or found["long"] or found["short"]
        return (found["colour"] or b"") + self._named[folder]

    def shown_errors(self, errors: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Translates serialised GraphQL errors."""
        raw = json.dumps(list(errors), ensure_ascii=False, default=str).encode(
            "utf-8", "surrogatepass"
        )
        shown: list[dict[str, Any]] = json.loads(
            self.shown_refusal(raw).decode("utf-8", "surrogatepass")
        )
        return shown

    def shown_refusal(self, data: bytes) -> bytes:
        """Translates a response with errors: also a URI that a message has cut off within the store's path."""
        return _CUT.sub(self._completed, self.shown(data))

    def _completed(self, found: re.Match[bytes]) -> bytes:
        is_begun = f"file://{self._store}/".encode().startswith(found[0]) if self._store else False
        return _KEPT if is_begun else found[0]

    def shown_text(self, data: str) -> str:
        raw = data.encode("utf-8", "surrogatepass")
        return self.shown(raw).decode("utf-8", "surrogatepass")

    def shown_row(self, row: Row) -> Row:
        """Translates all texts of a row, including JSON."""
        shown = {
            name: self.shown_text(value) if isinstance(value, str) else value
            for name, value in row.items()
        }
        return cast(Row, shown)

    async def shown_pieces(
        self, pieces: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """Translates pieces; none may end within a path."""
        try:
            async for piece in pieces:
                yield self.shown(piece)
        finally:
            await pieces.aclose()

    def meant(self, data: Any) -> Any:
        """Translates the URIs in variables back into stored ones. The source of a flow stays unchanged."""
        return located(data, self._store, _FLOW_SOURCES) if self._store else data


def _pattern(named: Mapping[bytes, bytes]) -> re.Pattern[bytes]:
    longest_first = sorted(named, key=len, reverse=True)
    shorter = [folder for folder in longest_first if folder.count(b"/") < _LONG[named[folder]]]
    longer = [folder for folder in longest_first if folder not in shorter]
    kinds = (
        _COLOUR + _one_of("coloured", longest_first),
        _one_of("long", longer),
        _BEFORE + _one_of("short", shorter),
    )
    return re.compile(b"(?:" + b"|".join(kinds) + b")" + _AFTER)


def _one_of(name: str, folders: Sequence[bytes]) -> bytes:
    """Matches nothing if there are no folders."""
    some = b"|".join(map(re.escape, folders)) if folders else rb"(?!)"
    return rb"(?:file://)?(?P<" + name.encode() + b">" + some + b")"


def _folders(data_dir: Path | None) -> set[str]:
    """Returns the folder as configured, and with links resolved."""
    if data_dir is None:
        return set()
    return {str(data_dir.absolute()), str(data_dir.resolve())}


def _spellings(folder: str) -> set[bytes]:
    """Returns the path as text, as JSON in both forms, and as URI; nothing for the root."""
    if not folder.strip("/"):
        return set()
    plain = folder.rstrip("/")
    texts = {plain, json.dumps(plain, ensure_ascii=False)[1:-1], json.dumps(plain)[1:-1]}
    return {text.encode() for text in texts | {quote(plain)}}
