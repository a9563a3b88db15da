"""The setting of who may query the schema."""

from enum import StrEnum


class Introspection(StrEnum):
    """Who may query `__schema` and `__type`."""

    EVERYONE = "everyone"
    PERMITTED = "permitted"
    OFF = "off"
