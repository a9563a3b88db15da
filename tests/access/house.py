"""A database with rows of every kind in two namespaces, and people with tokens of their own who send requests in
process."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from models.access.credentials import digest_of, new_secret
from models.access.viewer import Viewer
from models.errors import Refused
from models.ids import new_id, part_of, typed
from runner.store.access import tokens
from runner.store.access.holders import Holders
from runner.store.access.tokens import NewToken
from schema.context import Context
from server.process.runtime import Runtime, runtime
from tests.api.people import ORIGIN, enrolled
from tests.schema.richness import fill
from tests.schema.test_bulk import Asker
from tests.schema.test_every_list import PART_TABLES, TABLES
from tests.scopes.test_relations import MARKED
from tests.server.doors import WITHIN

OURS: Final = "mine.n0"
THEIRS: Final = "mine.n1"
MARK: Final = "0xTHEIRS"
"""Marks every value that belongs to THEIRS."""
ROLES_HERE: Final = ("viewer", "operator", "approver", "editor", "namespace_admin")
STRANGERS: Final = (*ROLES_HERE, "limited")
"""People who have permissions in OURS and none in THEIRS; the last is an administrator with a token for OURS alone."""
_TABLE_NAMES: Final = """
select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1
"""
_CONTENT: Final = (
    "select coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') from {} t"
)


class House(Asker):
    """`secrets` maps the names of the holders to their tokens."""

    def __init__(self, parts: Runtime) -> None:
        super().__init__(parts)
        self.secrets: dict[str, str] = {}

    async def enrol(self, name: str, role: str | None, namespace: str = "") -> None:
        self.secrets[name] = await enrolled(self.pool, name, role, namespace)

    async def limit(self, name: str, owner: str, **limits: Any) -> None:
        """Creates another token for this person, with fewer permissions than the person has."""
        row = await self.pool.fetchrow("select * from principals where name = $1", owner)
        assert row
        self.secrets[name] = secret = new_secret()
        new = NewToken(new_id(), row["id"], name, digest_of(secret))
        await tokens.create(self.pool, replace(new, **limits), ORIGIN)

    async def viewer(self, name: str) -> Viewer:
        holder = await Holders(self.pool).by_digest(digest_of(self.secrets[name]))
        assert holder and not holder.over
        return holder.viewer

    async def answer(self, viewer: Viewer, document: str, **variables: Any) -> Any:
        """Returns the answer with its errors, which may reveal something too, and the codes of the errors that are
        refusals."""
        context = Context(self.services, viewer)
        result = await self.schema.execute(document, variables, context)
        return _plain(result)

    async def first(self, viewer: Viewer, document: str) -> Any:
        """Returns the first message of a subscription."""
        found = await self.schema.subscribe(document, {}, Context(self.services, viewer))
        if not isinstance(found, AsyncGenerator):
            return _plain(found)
        async with asyncio.timeout(3 * WITHIN), aclosing(found):
            async for result in found:
                return _plain(result)
        return {"data": None, "errors": []}

    async def changed(self, viewer: Viewer, mutation: str, input: Any, what: str = "") -> Any:
        """Returns the payload of a mutation."""
        field = self.schema._schema.mutation_type.fields[mutation]  # type: ignore[union-attr]
        kind = str(field.args["input"].type)
        document = f"""mutation ($input: {kind}) {{
          {mutation}(input: $input) {{ {what} problems {{ code message path }} }} }}"""
        answered = await self.answer(viewer, document, input=input)
        assert not answered["errors"], (mutation, answered)
        return answered["data"][mutation]

    async def content(self) -> dict[str, str]:
        """Returns a digest of every table."""
        names = [row["table_name"] for row in await self.pool.fetch(_TABLE_NAMES)]
        return {name: await self.pool.fetchval(_CONTENT.format(name)) for name in names}

    async def ids(self) -> dict[str, list[str]]:
        """Returns the ids of all objects, by the prefix of the id."""
        found: dict[str, list[str]] = {}
        for prefix, table in TABLES.items():
            rows = await self.pool.fetch(f"select id from {table} order by id")
            found[prefix] = [typed(prefix, row["id"]) for row in rows]
        for prefix, (table, whole, number) in PART_TABLES.items():
            rows = await self.pool.fetch(
                f"select {whole} as whole, {number} as number from {table}"
            )
            found[prefix] = [part_of(prefix, row["whole"], row["number"]) for row in rows]
        return found

    async def furnish(self, number: int) -> str:
        """Creates the failed execution, in a namespace with rows of every kind; all values of THEIRS are marked."""
        (id,) = await fill(self, [number])
        for statement in MARKED:
            await self.pool.execute(statement)
        await self.pool.execute(
            "update saved_filters set shared = false, name = $1, search = $1 where name = 'n1'",
            MARK,
        )
        return typed("exec", id)


def _plain(result: Any) -> Any:
    errors = [
        [one.message, *_codes(getattr(one, "original_error", None))] for one in result.errors or ()
    ]
    return {"data": result.data, "errors": errors}


def _codes(error: Exception | None) -> list[str]:
    return [problem.code.value for problem in error.problems] if isinstance(error, Refused) else []


def nobodys(id: str) -> str:
    """Returns an id of the same kind that no object has."""
    prefix, _, rest = id.partition("_")
    number = rest.partition("_")[2]
    return f"{prefix}_01h45ytscbebyvny4gc8cr8ma2" + (f"_{number}" if number else "")


@asynccontextmanager
async def open_house(database_url: str) -> AsyncIterator[House]:
    """Fills OURS and leaves THEIRS empty."""
    async with runtime(database_url) as parts:
        house = House(parts)
        for name in ("ada", "root"):
            await house.enrol(name, "admin")
        for role in ROLES_HERE:
            await house.enrol(role, role, OURS)
        await house.limit("limited", "root", namespaces=(OURS,))
        yield house
