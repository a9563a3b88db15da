"""Documents that clients request by id instead of text: the operator's list, and those registered by clients."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from sys import getsizeof
from typing import Any, Final, Self

from graphql import DocumentNode, GraphQLSyntaxError, parse, print_ast

from server.graphql.lru_cache import LruCache
from server.graphql.requests import Rejected, Request, malformed

SCHEME: Final = "sha256:"
_TEXTS: Final = frozenset({".graphql", ".gql"})
_HASH: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_REGISTERED: Final = 16 * 1024 * 1024
"""Maximum bytes of texts registered by clients; the least recently used ones are evicted."""


def hash_of(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(node: DocumentNode) -> str:
    """Equal for texts that differ only in formatting or in the order of operations and fragments."""
    return hash_of("\n".join(sorted(map(print_ast, node.definitions))))


@dataclass(frozen=True, slots=True)
class Listed:
    """`texts` by every id that a client may use, and the digests of all of them."""

    texts: Mapping[str, str] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()

    @classmethod
    def read(cls, places: Iterable[Path]) -> Self:
        """Reads files and folders. Raises ValueError with the file and its error."""
        texts: dict[str, str] = {}
        digests = set[str]()
        for file in _files(places):
            for name, text in _documents(file):
                texts |= {name: text, SCHEME + hash_of(text): text}
                digests.add(_checked(file, name, text))
        return cls(texts, frozenset(digests))


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if not place.exists():
            raise ValueError(f"{place} does not exist")
        if not place.is_dir():
            yield place
            continue
        found = sorted(path for path in place.rglob("*") if path.suffix in {*_TEXTS, ".json"})
        if not found:
            raise ValueError(f"{place} has no *.graphql, *.gql or *.json file")
        yield from found


def _documents(file: Path) -> Iterator[tuple[str, str]]:
    """Yields ids and texts. A JSON file has the form `{id: text}`, or that of an Apollo manifest."""
    try:
        content = file.read_text("utf-8")
        if file.suffix in _TEXTS:
            yield SCHEME + hash_of(content), content
            return
        found = json.loads(content)
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error
    operations = found.get("operations") if isinstance(found, dict) else None
    if isinstance(operations, list):
        found = {one.get("id"): one.get("body") for one in operations if isinstance(one, dict)}
    if not isinstance(found, dict):
        raise ValueError(f"{file} must be an object {{id: document}}, or an Apollo manifest")
    for name, text in found.items():
        if not isinstance(name, str) or not name or not isinstance(text, str):
            raise ValueError(
                f"{file} must map each id to the text of a document; {name!r} has none"
            )
        hashed = _HASH.fullmatch(name)
        if hashed and hashed[1] != hash_of(text):
            raise ValueError(f"{file}: the sha256 of the document {name} is {hash_of(text)}")
        yield (SCHEME + hashed[1] if hashed else name), text


def _checked(file: Path, name: str, text: str) -> str:
    try:
        return digest_of(parse(text))
    except (GraphQLSyntaxError, RecursionError) as error:
        raise ValueError(f"{file}: the document {name} is not valid GraphQL: {error}") from error


class Persisted:
    """Looks up documents by id. With `only`, documents outside the list are refused, and none can be registered.

    A client can register a text only under its own hash, so nobody can replace a text by another one.
    """

    def __init__(
        self, listed: Listed | None = None, *, only: bool = False, count: int = 1000
    ) -> None:
        self._listed = listed or Listed()
        self.only = only
        self._registered: LruCache[str] = LruCache(count, _REGISTERED)

    def text_of(self, request: Request) -> str:
        """Returns the text of a request's document. Raises Rejected for an unknown id, or one that does not match the
        text."""
        if request.document_id is not None:
            text = self._listed.texts.get(request.document_id)
            if text is None and not self.only:
                text = self._registered.get(request.document_id)
            if text is None:
                sentence = f"there is no persisted document {request.document_id[:100]!r}"
                raise Rejected.because("PERSISTED_DOCUMENT_NOT_FOUND", sentence)
            return text
        if "persistedQuery" not in request.extensions:
            assert request.query is not None
            return request.query
        digest = _hash_in(request.extensions["persistedQuery"])
        if request.query is None:
            text = self._listed.texts.get(SCHEME + digest) or self._registered.get(SCHEME + digest)
            if text is None:
                # Clients of automatic persisted queries look for this message.
                raise Rejected.because("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            return text
        if hash_of(request.query) != digest:
            raise malformed("provided sha does not match query")
        return request.query

    def register(self, request: Request) -> None:
        """Registers the text of a request whose document was found to be valid."""
        if self.only or request.query is None or "persistedQuery" not in request.extensions:
            return
        name = SCHEME + _hash_in(request.extensions["persistedQuery"])
        if name not in self._listed.texts:
            self._registered.put(name, request.query, getsizeof(request.query))

    def check(self, node: DocumentNode) -> str:
        """Returns the digest of a document. Raises Rejected if it may not be executed here."""
        digest = digest_of(node)
        if self.only and digest not in self._listed.digests:
            raise Rejected.because(
                "DOCUMENT_NOT_LISTED",
                "this server executes only documents of its list; ask its operator to add this one to "
                "`persisted_documents`",
            )
        return digest


def _hash_in(persisted: Any) -> str:
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(digest, str) or persisted.get("version") != 1:
        raise malformed("extensions.persistedQuery must be {version: 1, sha256Hash: string}")
    return digest
