from typing import Final

from schema.descriptions.shared_texts import ID, Descriptions

SCALARS: Final[Descriptions] = {
    "DateTime": (
        "A time in RFC 3339 format, in UTC with microseconds, such as `2026-01-31T02:00:00.000000Z`. As input, any "
        "time zone is accepted, but one is required.",
        {},
    ),
    "JSON": ("Any JSON value.", {}),
    "BigInt": ("An integer that may exceed 32 bits, as a JSON number.", {}),
    "Node": ("An object with a global id, which `node` resolves.", {"id": ID}),
}
