"""The JSON Schema of the flow language, for editors."""

from functools import cache
from typing import Any

from models.spec.flow import FlowSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def read_schema() -> dict[str, Any]:
    """Returns the schema of the built-in and the installed task types."""
    return FlowSpec.model_json_schema(by_alias=True, mode="validation")


def flow_json_schema() -> dict[str, Any]:
    """Returns JSON Schema, draft 2020-12. It has the types of the keys, but no rules that span several keys."""
    return {"$schema": DIALECT, **read_schema(), "title": "Headway flow"}
