from typing import Final

from schema.descriptions.words import ID, Words

SCALARS: Final[Words] = {
    "DateTime": (
        "A moment after RFC 3339, in UTC with microseconds, as `2026-01-31T02:00:00.000000Z`. "
        "As input any zone will do, but it must be named.",
        {},
    ),
    "JSON": ("Any JSON value.", {}),
    "BigInt": ("A whole number that may be beyond 32 bits, as a JSON number.", {}),
    "Node": ("What has an id of its own and can be fetched by it.", {"id": ID}),
}
