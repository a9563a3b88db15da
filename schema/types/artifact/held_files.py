"""Where this server gives out a file that it holds."""

from dataclasses import dataclass
from uuid import UUID

from models.file_previews import preview_type
from schema.context import Info


@dataclass(frozen=True, slots=True)
class Address:
    """Paths on this server; None is not given out."""

    download: str | None = None
    preview: str | None = None


def is_held(info: Info, uri: str, execution_id: UUID, digest: str | None) -> bool:
    """A task may name any URI; held is only what the store keeps of its own execution."""
    store = info.context.services.artifacts
    return store is not None and digest is not None and store.has_stored(uri, execution_id)


def address_of(id: str, name: str, held: bool) -> Address:
    if not held:
        return Address()
    download = f"/artifacts/{id}"
    return Address(download, f"{download}/preview" if preview_type(name) else None)
