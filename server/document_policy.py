"""Decides which GraphQL documents are executed (listed ones or any), and who may introspect the schema."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from models.access.viewer import Permission, Viewer
from server.graphql.persisted import Listed, Persisted
from server.http.pages import DOCUMENTS, STATIC
from server.settings.introspection import Introspection

BUILT_IN = (STATIC / DOCUMENTS, Path(__file__).parent / "cli" / DOCUMENTS)
"""The documents of the page (written by its build) and of the command line."""


@dataclass(frozen=True, slots=True)
class DocumentPolicy:
    introspection: Introspection = Introspection.EVERYONE
    suggestions: bool = True
    persisted: Persisted = field(default_factory=Persisted)

    @classmethod
    def of(
        cls, introspection: Introspection, suggestions: bool, list: Path | None, only: bool
    ) -> Self:
        """Raises ValueError if the list cannot be read."""
        listed = Listed.read([*_places(list), *(path for path in BUILT_IN if path.is_file())])
        return cls(introspection, suggestions, Persisted(listed, only=only))

    def may_introspect(self, viewer: Viewer) -> bool:
        """PERMITTED means those who may write flows: they also write programs against the API."""
        if self.introspection is Introspection.PERMITTED:
            return viewer.may_somewhere(Permission.UPDATE_FLOW)
        return self.introspection is Introspection.EVERYONE


def _places(list: Path | None) -> Iterator[Path]:
    if list is not None:
        yield list
