"""Every search in the documents is valid, and PostgreSQL can run it."""

import re

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING
from models.search import EXECUTIONS, parse_search
from runner.store.lists.listing import View, count_executions, executions_page
from runner.store.postgres.database import Database
from schema.types.search_field import search_fields
from tests.docs.test_documents import blocks, text_of

SEARCHES = [line for _, block in blocks("search") for line in block.splitlines() if line]


async def test_every_documented_search_is_valid(database: Database) -> None:
    assert len(SEARCHES) > 40
    for search in SEARCHES:
        where = parse_search(search)
        assert where != EVERYTHING
        assert (await executions_page(database.pool, Scope(), where, View(5))).rows == []
        assert await count_executions(database.pool, Scope(), where) == (0, True)


def test_the_table_of_fields_is_the_vocabulary() -> None:
    """Checks that the table has each field with exactly its names."""
    rows = (
        text_of("docs/search.md")
        .split("| field | takes | also called |")[1]
        .split("\n\n")[0]
        .splitlines()[2:]
    )
    documented: dict[str, set[str]] = {}
    for row in rows:
        names, _, aliases = (re.findall(r"`([^`]+)`", cell) for cell in row.strip("|").split("|"))
        documented |= {name: set() for name in names} | {names[-1]: set(aliases)}
    known = {field.name: set(field.aliases) for field in search_fields()}
    assert documented == known


def test_every_field_is_documented() -> None:
    documented = text_of("docs/search.md")
    assert [name for name in EXECUTIONS if f"`{name}`" not in documented] == []
    flags = [word for known in EXECUTIONS.values() for word in known.flags or ()]
    assert flags and [word for word in flags if f"`{word}`" not in documented] == []
