"""Bulk actions affect only executions that the viewer may see and change, and are limited in size; people take
priority."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from models.access.viewer import Permission, Scope, Viewer, nowhere_permitted
from models.events.events import CommandOrigin
from models.ids import typed
from models.lifecycle.commands.commands import SetLabels
from models.spec import parse_flow
from models.states import Channel
from runner.launch.launch import Launch, prepare
from runner.store import bulk
from runner.store.flows.flows import save_flow
from schema import build_schema
from schema.context import Context, Services
from server.process.runtime import Runtime, runtime
from tests.api.people import enrolled

EVERYTHING = frozenset(Permission)
MINE = Scope(("mine",))
UNKNOWN = "exec_01h45ytscbebyvny4gc8cr8ma2"
SOURCE = "id: load\nnamespace: {}\ntasks: [{{id: a, type: log, message: a}}]\n"
PREVIEW = """mutation ($input: PreviewBulkInput!) { previewBulk(input: $input) {
  preview { id total wouldApply forbidden notFound notAllowed { code count } samples { id } }
  problems { code message path } } }"""
RUN = """mutation ($input: RunBulkInput!) { runBulk(input: $input) {
  bulk { id state counts { done refused left } } problems { code message path } } }"""
CANCEL = """mutation ($input: CancelBulkInput!) { cancelBulk(input: $input) {
  bulk { id } problems { code message } } }"""
BULK = "query ($id: ID!) { bulk(id: $id) { id results { nodes { name } } } node(id: $id) { id } }"


class Asker:
    def __init__(self, parts: Runtime) -> None:
        self.parts, self.schema = parts, build_schema()
        self.pool = parts.database.pool
        self.services = Services(
            self.pool,
            parts.engine,
            parts.feed,
            parts.changes,
            parts.evaluator,
            parts.vault,
            "0",
            parts.debugger,
        )

    async def post(
        self,
        query: str,
        permissions: frozenset[Permission] = EVERYTHING,
        scope: Scope = MINE,
        actor: str = "user:ada",
        **variables: Any,
    ) -> Any:
        context = Context(self.services, Viewer.holding(actor, permissions, scope))
        result = await self.schema.execute(query, variables, context)
        assert result.errors is None, result.errors
        return result.data

    async def preview(self, action: str, **given: Any) -> Any:
        who = {name: given.pop(name) for name in ("permissions", "scope", "actor") if name in given}
        data = await self.post(PREVIEW, input={"action": action, **given}, **who)
        return data["previewBulk"]

    async def run(self, id: str, mode: str = "EACH", **who: Any) -> Any:
        return (await self.post(RUN, input={"previewId": id, "mode": mode}, **who))["runBulk"]

    async def create(self, namespace: str) -> UUID:
        parts = self.parts
        launch = Launch(namespace=namespace, flow="load")
        command = await prepare(
            self.pool, parts.engine.plans, parts.evaluator, Scope(), launch, parts.vault
        )
        begun = await parts.engine.create(command, CommandOrigin("user:test", Channel.API))
        return begun.execution.id

    async def states(self) -> dict[UUID, str]:
        rows = await self.pool.fetch("select id, state from executions")
        return {row["id"]: row["state"] for row in rows}

    async def until_ended(self, id: str) -> None:
        query = "query ($id: ID!) { bulk(id: $id) { state } }"
        async with asyncio.timeout(30):
            with self.parts.feed.watch("b:*") as watch:
                while (await self.post(query, id=id, scope=Scope()))["bulk"]["state"] == "RUNNING":
                    await watch.changed()


@pytest.fixture
async def asker(database_url: str) -> AsyncIterator[Asker]:
    """There is no worker: started executions stay RUNNING."""
    async with runtime(database_url) as parts:
        for namespace in ("mine", "mine.below", "minefield", "theirs"):
            source = SOURCE.format(namespace)
            async with parts.database.pool.acquire() as connection:
                await save_flow(connection, parse_flow(source), source, "user:maria")
        # A bulk action runs with the permissions that its creator has at that time.
        for name in ("ada", "bob", "eve", "test"):
            await enrolled(parts.database.pool, name, "admin")
        yield Asker(parts)


async def test_ids_of_other_namespaces_are_as_if_not_there(asker: Asker) -> None:
    keys = {
        name: await asker.create(name) for name in ("mine", "mine.below", "minefield", "theirs")
    }
    ids = {name: typed("exec", key) for name, key in keys.items()}
    given = await asker.preview("CANCEL", ids=[*ids.values(), UNKNOWN])
    preview = given["preview"]
    assert preview["notFound"] == [ids["minefield"], ids["theirs"], UNKNOWN]
    assert (preview["total"], preview["wouldApply"]) == (2, 2)
    everywhere = await asker.preview("CANCEL", where={})
    assert {one["id"] for one in everywhere["preview"]["samples"]} == {
        ids["mine"],
        ids["mine.below"],
    }
    assert (await asker.run(preview["id"]))["problems"] == []
    await asker.until_ended(preview["id"])
    states = await asker.states()
    assert {name: states[key] for name, key in keys.items()} == {
        "mine": "KILLED",
        "mine.below": "KILLED",
        "minefield": "RUNNING",
        "theirs": "RUNNING",
    }


async def test_a_preview_belongs_to_its_creator_and_a_bulk_action_is_visible_with_its_executions(
    asker: Asker,
) -> None:
    ids = [typed("exec", await asker.create(name)) for name in ("mine", "theirs")]
    preview = (await asker.preview("PAUSE", ids=ids, scope=Scope()))["preview"]
    refused = await asker.run(preview["id"], actor="user:eve", scope=Scope())
    assert [one["code"] for one in refused["problems"]] == ["NOT_FOUND"]
    narrowed = await asker.run(preview["id"])
    assert [one["code"] for one in narrowed["problems"]] == ["CONFLICT"]
    assert (await asker.post(BULK, id=preview["id"], scope=Scope()))["bulk"] is None
    assert set((await asker.states()).values()) == {"RUNNING"}

    assert (await asker.run(preview["id"], "ATOMIC", scope=Scope()))["problems"] == []
    assert set((await asker.states()).values()) == {"PAUSED"}
    seen = await asker.post(BULK, id=preview["id"], scope=Scope(), actor="user:eve")
    assert len(seen["bulk"]["results"]["nodes"]) == 2
    hidden = await asker.post(BULK, id=preview["id"], actor="user:eve")
    assert hidden == {"bulk": None, "node": None}
    denied = await asker.post(CANCEL, input={"id": preview["id"]}, actor="user:eve")
    assert [one["code"] for one in denied["cancelBulk"]["problems"]] == ["NOT_FOUND"]
    own = await asker.post(BULK, id=preview["id"])
    assert len(own["bulk"]["results"]["nodes"]) == 1, (
        "nothing is shown of executions that are hidden now"
    )


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("CANCEL", Permission.ACT_ON_EXECUTION),
        ("DELETE", Permission.MANAGE),
        ("REPLAY", Permission.RUN_FLOW),
        ("APPROVE", Permission.APPROVE),
    ],
)
async def test_forbidden_executions_are_counted_and_not_changed(
    asker: Asker, action: str, permission: Permission
) -> None:
    id = typed("exec", await asker.create("mine"))
    without = EVERYTHING - {permission}
    preview = (await asker.preview(action, ids=[id], permissions=without))["preview"]
    assert (preview["forbidden"], preview["wouldApply"], preview["notAllowed"]) == (1, 0, [])
    for mode in ("EACH", "ATOMIC"):
        refused = await asker.run(preview["id"], mode, permissions=without)
        assert [(one["code"], one["message"]) for one in refused["problems"]] == [
            ("FORBIDDEN", nowhere_permitted(permission))
        ]
    assert set((await asker.states()).values()) == {"RUNNING"}
    assert await asker.pool.fetchval("select count(*) from bulk_sets where state is not null") == 0


async def test_more_than_fit_are_refused_with_words(asker: Asker) -> None:
    first = await asker.create("mine")
    await asker.pool.execute(
        """insert into executions select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid()))).*
           from executions e, generate_series(1, 10000) where e.id = $1""",
        first,
    )
    refused = await asker.preview("CANCEL", where={"namespace": {"eq": "mine"}})
    assert refused["preview"] is None
    assert refused["problems"] == [
        {
            "code": "VALIDATION",
            "message": "more than 10000 executions match, which is the limit of a bulk action; narrow the filter, "
            "for example by `createdAt`",
            "path": ["where"],
        }
    ]
    assert await asker.pool.fetchval("select count(*) from bulk_sets") == 0
    await asker.pool.execute("delete from executions where id = $1", first)
    fits = (await asker.preview("CANCEL", where={"namespace": {"eq": "mine"}}))["preview"]
    assert (fits["total"], fits["wouldApply"]) == (10_000, 10_000)


async def test_people_are_served_while_a_bulk_runs(asker: Asker) -> None:
    keys = [await asker.create("mine") for _ in range(300)]
    ids = [typed("exec", key) for key in keys]
    preview = (await asker.preview("ADD_NOTE", ids=ids, text="seen"))["preview"]
    answered = 0
    assert (await asker.run(preview["id"]))["problems"] == []
    query = "query ($id: ID!) { bulk(id: $id) { state } }"
    while (await asker.post(query, id=preview["id"]))["bulk"]["state"] == "RUNNING":
        labels = SetLabels({"turn": str(answered)})
        await asker.parts.engine.execute(keys[0], labels, CommandOrigin("user:ada", Channel.API))
        answered += 1
    rounds = 300 / 50
    assert answered >= rounds / 2, "every other round of the bulk at least"


async def test_two_processes_change_every_row_once(asker: Asker, database_url: str) -> None:
    ids = [typed("exec", await asker.create("mine")) for _ in range(200)]
    previews = [(await asker.preview("ADD_NOTE", ids=ids, text="seen"))["preview"] for _ in "123"]
    async with runtime(database_url):
        await asyncio.gather(*(asker.run(preview["id"]) for preview in previews))
        for preview in previews:
            await asker.until_ended(preview["id"])
    sql = "select count(*) as notes from notes group by execution_id"
    assert [row["notes"] for row in await asker.pool.fetch(sql)] == [3] * 200


async def test_old_previews_are_deleted_and_run_ones_are_kept(asker: Asker) -> None:
    id = typed("exec", await asker.create("mine"))
    kept, old, young = [(await asker.preview("PAUSE", ids=[id]))["preview"]["id"] for _ in range(3)]
    await asker.run(kept)
    await asker.until_ended(kept)
    await asker.pool.execute(
        "update bulk_sets set expires_at = now() - interval '2 days' where id = any($1::uuid[])",
        [
            row["id"]
            for row in await asker.pool.fetch("select id from bulk_sets order by id limit 2")
        ],
    )
    async with asker.pool.acquire() as connection:
        await bulk.delete_old(connection)
    left = [typed("bulk", row["id"]) for row in await asker.pool.fetch("select id from bulk_sets")]
    assert (set(left), old in left) == ({kept, young}, False)
    assert await asker.pool.fetchval("select count(*) from bulk_items") == 2
