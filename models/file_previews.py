"""The files that can be previewed, decided by their names."""

from pathlib import PurePosixPath
from typing import Final

TEXT: Final = "text/plain; charset=utf-8"
_IMAGES: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
# fmt: off
_TEXTS: Final = frozenset({
    ".txt", ".text", ".log", ".out", ".err", ".md", ".markdown", ".rst", ".json", ".jsonl", ".ndjson", ".geojson",
    ".ipynb", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".env", ".properties", ".xml", ".svg",
    ".html", ".htm", ".css", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".py", ".sh", ".bash", ".sql", ".r", ".go", ".rs",
    ".java", ".c", ".h", ".cpp", ".rb", ".php", ".lua", ".diff", ".patch", ".graphql", ".tf",
})
# fmt: on
_NAMES: Final = frozenset({"readme", "license", "makefile", "dockerfile", "changelog"})


def preview_type(name: str) -> str | None:
    """Returns the media type for showing a file of this name; None if it has no preview. Files that a browser would
    run, such as HTML and SVG, are shown as text."""
    file = PurePosixPath(name.lower())
    if image := _IMAGES.get(file.suffix):
        return image
    return TEXT if file.suffix in _TEXTS or file.name in _NAMES else None
