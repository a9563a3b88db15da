"""How answers name files: what Headway keeps is `headway:///PLACE`, and no path of the server's disk is told.

Tasks get the files themselves, as `file://` URIs of the store; so rows hold those, and are translated where they leave
and come in, also those of older versions.
"""

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from runner.files.artifact_store import URI_PREFIX, located

_KEPT: Final = URI_PREFIX.encode()
_WORKED: Final = "…/".encode()
# A folder whose name is so short that others may end in it, as a bucket's, is told by what stands before it.
_BEFORE: Final = rb"(?:(?<![\w./\x80-\xff-])|(?<=//)|(?<=\\[nrtbf\"])|(?<=\\u00[01][0-9a-fA-F])|(?<=[^\w]-[A-Za-z]))"
_COLOUR: Final = rb"(?P<colour>(?:\x1b|\\u001[bB])\[[0-9;]*[A-Za-z])"
_AFTER: Final = rb"(?:/|(?![\w\x80-\xff-]|\.\w))"
# Kept by a worker that has, or by a server that had, another folder.
# It ends at the next `file:///`, so that the time grows with the length of an answer and not with its square.
_ELSEWHERE: Final = re.compile(
    rb"file:///(?:(?!file:///)[^\s\"'<>\\])*?/((?:exec|files/file)_[0-7][0-9a-hjkmnp-tv-z]{25}/)"
)
_CUT: Final = re.compile(rb"file:///[^\s\"'<>\\]*")
_FLOW_SOURCES: Final = 2
"""Levels of variables on which `source` is the text of a flow: `$source` and `$input.source`."""
_LONG: Final = {_WORKED: 2, _KEPT: 3}
"""Parts of a folder's name from which on it is meant whatever stands before it."""


class Places:
    """`store` is the root of the artifact store where that is a folder. Files kept there get a URI of their own; of
    other paths below `data_dir` that part is left out."""

    def __init__(self, data_dir: Path | None = None, store: str | None = None) -> None:
        self._store = store
        named = {spelled: _WORKED for folder in _known(data_dir) for spelled in _spelled(folder)}
        named |= {spelled: _KEPT for spelled in _spelled(store or "")}
        self._named = named
        self._folder = _found(named) if named else None

    def shown(self, told: bytes) -> bytes:
        """UTF-8, JSON or not, as it leaves."""
        if self._folder and any(folder in told for folder in self._named):
            told = self._folder.sub(self._renamed, told)
        if self._store and b"file:///" in told:
            told = _ELSEWHERE.sub(_KEPT + rb"\1", told)
        return told

    def _renamed(self, found: re.Match[bytes]) -> bytes:
        folder = found["coloured"] or found["long"] or found["short"]
        return (found["colour"] or b"") + self._named[folder]

    def shown_errors(self, errors: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """GraphQL errors in their written form."""
        raw = json.dumps(list(errors), ensure_ascii=False, default=str).encode(
            "utf-8", "surrogatepass"
        )
        shown: list[dict[str, Any]] = json.loads(
            self.shown_refusal(raw).decode("utf-8", "surrogatepass")
        )
        return shown

    def shown_refusal(self, told: bytes) -> bytes:
        """As `shown`, of an answer with errors: a message may have cut a URI within the path of the store."""
        return _CUT.sub(self._completed, self.shown(told))

    def _completed(self, found: re.Match[bytes]) -> bytes:
        is_begun = f"file://{self._store}/".encode().startswith(found[0]) if self._store else False
        return _KEPT if is_begun else found[0]

    def shown_text(self, told: str) -> str:
        raw = told.encode("utf-8", "surrogatepass")
        return self.shown(raw).decode("utf-8", "surrogatepass")

    def shown_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The same of every text of a row, JSON too."""
        return {
            name: self.shown_text(value) if isinstance(value, str) else value
            for name, value in row.items()
        }

    async def shown_pieces(
        self, pieces: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """Of which none ends within a path."""
        try:
            async for piece in pieces:
                yield self.shown(piece)
        finally:
            await pieces.aclose()

    def meant(self, told: Any) -> Any:
        """Translates the URIs of answers in variables back into stored ones. The source of a flow stays as it is."""
        return located(told, self._store, _FLOW_SOURCES) if self._store else told


def _found(named: Mapping[bytes, bytes]) -> re.Pattern[bytes]:
    longest_first = sorted(named, key=len, reverse=True)
    shorter = [folder for folder in longest_first if folder.count(b"/") < _LONG[named[folder]]]
    longer = [folder for folder in longest_first if folder not in shorter]
    kinds = (
        _COLOUR + _any("coloured", longest_first),
        _any("long", longer),
        _BEFORE + _any("short", shorter),
    )
    return re.compile(b"(?:" + b"|".join(kinds) + b")" + _AFTER)


def _any(name: str, folders: Sequence[bytes]) -> bytes:
    """Matches nothing where there is none."""
    some = b"|".join(map(re.escape, folders)) if folders else rb"(?!)"
    return rb"(?:file://)?(?P<" + name.encode() + b">" + some + b")"


def _known(data_dir: Path | None) -> set[str]:
    """As it was named, and as it is."""
    if data_dir is None:
        return set()
    return {str(data_dir.absolute()), str(data_dir.resolve())}


def _spelled(folder: str) -> set[bytes]:
    """As text, as JSON in either form and as a URI; none of what is no folder of its own."""
    if not folder.strip("/"):
        return set()
    plain = folder.rstrip("/")
    texts = {plain, json.dumps(plain, ensure_ascii=False)[1:-1], json.dumps(plain)[1:-1]}
    return {text.encode() for text in texts | {quote(plain)}}
