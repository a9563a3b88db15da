"""Download and preview paths of files in the artifact store."""

from dataclasses import dataclass
from uuid import UUID

from models.file_previews import preview_type
from schema.context import Info


@dataclass(frozen=True, slots=True)
class Address:
    """Paths on this server; None if the file cannot be downloaded or previewed."""

    download: str | None = None
    preview: str | None = None


def is_held(info: Info, uri: str, execution_id: UUID, digest: str | None) -> bool:
    """Whether the artifact store has the file. A task may report any URI: only files of its own execution count."""
    store = info.context.services.artifacts
    return store is not None and digest is not None and store.has_stored(uri, execution_id)


def address_of(id: str, name: str, held: bool) -> Address:
    if not held:
        return Address()
    download = f"/artifacts/{id}"
    return Address(download, f"{download}/preview" if preview_type(name) else None)
