"""The document names exactly the columns, and parameters and addresses that the server has."""

import re

import pytest
from starlette.datastructures import QueryParams

from models.errors import Refused
from schema.lists.columns import NAMES, columns_of
from server.exports import DownloadSlots, export_routes
from server.exports.parameters import log_parameters, table_parameters
from tests.docs.test_documents import text_of


def table_after(head: str) -> list[str]:
    """Returns the names in the first column of a table."""
    rows = text_of("docs/exporting.md").split(f"| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_exactly_the_columns_are_documented() -> None:
    documented = table_after("column")
    assert sorted(name for name in documented if "." not in name) == sorted(NAMES)
    for name in documented:
        assert columns_of([name])


def test_exactly_the_parameters_are_documented() -> None:
    with pytest.raises(Refused) as refused:
        table_parameters(QueryParams("wrong=1"), ())
    known = str(refused.value).split("there are ")[1].split(", ")
    assert sorted(table_after("parameter")) == sorted(known)
    documented = text_of("docs/exporting.md").split("The log takes ")[1].split("\n\n")[0]
    with pytest.raises(Refused) as refused:
        log_parameters(QueryParams("wrong=1"))
    for name in str(refused.value).split("there are ")[1].split(", "):
        assert f"`{name}" in documented


def test_every_address_is_there() -> None:
    text = text_of("docs/exporting.md")
    documented = set(re.findall(r"(?:GET |\| `)(/executions[^`? ]+)", text))
    assert documented == {route.path for route in export_routes(None, DownloadSlots())}  # type: ignore[arg-type]
