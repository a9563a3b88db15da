"""Rows that have only an id."""

from typing import TypedDict
from uuid import UUID


class IdRow(TypedDict):
    id: UUID
