"""Uploads within their quotas; unreferenced files are deleted, unless they are requested at that moment."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from models.access.viewer import Scope
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import new_id
from models.spec import parse_flow
from models.states import Channel
from runner.engine.quotas import Quotas
from runner.files.artifact_store import ArtifactStore
from runner.files.uploads import FOLDER, check_room, prune_uploads, record
from runner.launch.launch import Launch, prepare
from runner.store.artifacts import files
from runner.store.artifacts.files import UploadedFile, file_id
from runner.store.flows.flows import save_flow
from server.process.runtime import Runtime, runtime

WEEK = 7 * 86400.0
SOURCE = """id: reads
namespace: acme.files
inputs: [{id: data, type: FILE, required: true}]
tasks: [{id: a, type: wait, duration: 1h}]
"""
PERSON = CommandOrigin("user:ada", Channel.API)


class House:
    """A process without a worker, an artifact store, and people who upload."""

    def __init__(self, parts: Runtime, store: ArtifactStore, folder: Path) -> None:
        self.parts, self.store, self.folder = parts, store, folder
        self.pool = parts.database.pool

    async def upload(
        self,
        size: int = 10,
        by: str = "user:ada",
        scope: Scope = Scope(),  # noqa: B008
        limits: Quotas | None = None,
    ) -> UUID:
        key = new_id()
        kept = await self.store.store_stream(io.BytesIO(b"x" * size), FOLDER, file_id(key), "a.csv")
        file = UploadedFile(key, "a.csv", kept.uri, kept.digest, kept.size, scope, by)
        await record(self.pool, file, limits or Quotas())
        return key

    async def age(self, *ids: UUID) -> None:
        """Makes files look unused for a long time."""
        await self.pool.execute(
            "update files set used_at = now() - interval '30 days' where id = any($1)", ids
        )

    async def prune(self) -> int:
        return await prune_uploads(self.pool, self.store, WEEK)

    async def start(self, key: UUID) -> UUID:
        launch = Launch("acme.files", "reads", inputs={"data": file_id(key)})
        parts = self.parts
        command = await prepare(
            self.pool, parts.engine.plans, parts.evaluator, Scope(), launch, parts.vault
        )
        return (await parts.engine.create(command, PERSON)).execution.id

    async def there(self) -> set[UUID]:
        return {row["id"] for row in await self.pool.fetch("select id from files")}

    def content(self) -> set[str]:
        return {path.name for path in (self.folder / FOLDER).glob("*")}

    async def used(self) -> dict[tuple[str, str], int]:
        rows = await self.pool.fetch("select quota, owner, used from quota_use where used > 0")
        return {(row["quota"], row["owner"]): row["used"] for row in rows}


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with runtime(database_url) as parts:
        async with parts.database.pool.acquire() as connection:
            await save_flow(connection, parse_flow(SOURCE), SOURCE, "user:maria")
        yield House(parts, ArtifactStore(str(tmp_path / "store")), tmp_path / "store")


async def test_unreferenced_files_are_deleted_and_free_the_quota(house: House) -> None:
    unused, used, young = [await house.upload(100) for _ in range(3)]
    await house.start(used)
    await house.age(unused, used)
    assert await house.prune() == 1
    assert await house.there() == {used, young}
    assert house.content() == {file_id(used), file_id(young)}
    assert await house.used() == {("upload_bytes_per_person", "user:ada"): 200}
    assert await house.prune() == 0


async def test_a_file_is_deleted_after_the_last_execution_that_refers_to_it(house: House) -> None:
    key = await house.upload()
    first, second = await house.start(key), await house.start(key)
    for id in (first, second):
        await house.age(key)
        assert await house.prune() == 0
        await house.pool.execute("delete from file_references where execution_id = $1", id)
    assert await house.prune() == 1


@pytest.mark.parametrize(
    "place", ["a schedule", "a flow", "a deferred command", "a bulk", "a label"]
)
async def test_stored_settings_refer_to_files_too(house: House, place: str) -> None:
    key, unused = await house.upload(), await house.upload()
    name = file_id(key)
    flow = await house.pool.fetchval("select id from flows")
    if place == "a schedule":
        await house.pool.execute(
            """insert into schedules (id, flow_id, key, source, cron, timezone, inputs, catch_up, enabled, updated_by)
               values ($1, $2, 'x', 'API', '0 0 * * *', 'UTC', $3, 'NONE', false, 'user:ada')""",
            new_id(), flow, json.dumps({"data": name}),
        )  # fmt: skip
    elif place == "a flow":
        source = SOURCE.replace("required: true", f"default: {name}")
        async with house.pool.acquire() as connection:
            await save_flow(connection, parse_flow(source), source, "user:maria")
    elif place == "a deferred command":
        await house.pool.execute(
            "insert into deferred_commands (id, execution_id, due_at, command) values ($1, $1, 'infinity', $2)",
            new_id(), json.dumps({"kind": "x", "inputs": {"data": name}}),
        )  # fmt: skip
    elif place == "a bulk":
        await house.pool.execute(
            """insert into bulk_sets (id, action, instruction, source, total, actor, expires_at)
               values ($1, 'x', $2, '{}', 0, 'user:ada', 'infinity')""",
            new_id(), json.dumps({"inputs": {"data": name}}),
        )  # fmt: skip
    else:
        id = await house.start(key)
        await house.pool.execute(
            "update executions set inputs = '{}', labels = $2 where id = $1", id, json.dumps({"f": name})
        )  # fmt: skip
    await house.age(key, unused)
    assert await house.prune() == 1
    assert await house.there() == {key}


async def test_a_file_that_is_requested_while_it_is_pruned_stays(house: House) -> None:
    """Requested first: the pruner waits for its row, reads it again and keeps it."""
    key = await house.upload()
    await house.age(key)
    async with house.pool.acquire() as requester:
        turn = requester.transaction()
        await turn.start()
        named = await files.find_uris(requester, "acme.files", [file_id(key)])  # type: ignore[arg-type]
        assert named
        pruning = asyncio.create_task(house.prune())
        await until_waiting(house.pool)
        await turn.commit()
    assert await pruning == 0
    await house.start(key)
    assert house.content() == {file_id(key)}


async def test_a_file_that_is_pruned_while_it_is_requested_is_refused(house: House) -> None:
    """Pruned first: the requester waits, and is refused because the file is gone; no execution refers to a missing
    file."""
    key = await house.upload()
    await house.age(key)
    async with house.pool.acquire() as pruning:
        turn = pruning.transaction()
        await turn.start()
        assert [one.id for one in await files.prune(pruning, [key], WEEK)] == [key]
        starting = asyncio.create_task(house.start(key))
        await until_waiting(house.pool)
        await turn.commit()
    with pytest.raises(Refused, match="there is no file file_"):
        await starting
    assert await house.pool.fetchval("select count(*) from executions") == 0


async def test_concurrent_uploads_are_complete_or_deleted(house: House) -> None:
    keys = [await house.upload() for _ in range(30)]
    await house.age(*keys)
    pruned, *started = await asyncio.gather(
        house.prune(), *(house.start(key) for key in keys), return_exceptions=True
    )
    begun = {key for key, id in zip(keys, started, strict=True) if isinstance(id, UUID)}
    others = [one for one in started if not isinstance(one, UUID)]
    assert all(isinstance(one, Refused) for one in others), others
    assert pruned == len(others)
    assert await house.there() == begun
    assert house.content() == {file_id(key) for key in begun}


async def test_a_pass_that_died_in_the_middle_is_finished_by_the_next(house: House) -> None:
    key = await house.upload()
    await house.age(key)
    async with house.pool.acquire() as connection:
        await files.prune(connection, [key], WEEK)
    assert house.content() == {file_id(key)}
    await house.prune()
    assert (await house.there(), house.content()) == (set(), set())


async def test_files_of_another_store_are_left_to_it(house: House, tmp_path: Path) -> None:
    key = await house.upload()
    await house.age(key)
    assert await prune_uploads(house.pool, ArtifactStore(str(tmp_path / "other")), WEEK) == 0
    assert await house.there() == {key}


TIGHT = Quotas(uploads_of_person=1000, uploads_of_namespace=1500)
ACME = Scope(("acme.data", "acme.ml"))


async def test_a_person_keeps_so_many_bytes(house: House) -> None:
    await house.upload(900, limits=TIGHT)
    before = await house.used(), await house.there()
    with pytest.raises(Refused) as refused:
        await house.upload(101, limits=TIGHT)
    (problem,) = refused.value.problems
    assert problem.code is ProblemCode.QUOTA_EXCEEDED
    assert problem.message.startswith(
        "the uploads of user:ada use 900 of 1000 bytes; 101 more would exceed the limit "
        "(the setting upload_bytes_per_person); uploads that nothing refers to are removed after uploads_kept"
    )
    assert (await house.used(), await house.there()) == before
    await house.upload(100, limits=TIGHT)
    await house.upload(1000, by="user:bob", limits=TIGHT)


async def test_the_quota_of_a_team_counts_all_users_and_namespaces(house: House) -> None:
    await house.upload(900, by="token:a", scope=ACME, limits=TIGHT)
    with pytest.raises(Refused, match="the uploads for acme use 900 of 1500 bytes; 700 more"):
        await house.upload(700, by="token:b", scope=Scope(("acme.new.one",)), limits=TIGHT)
    await house.upload(700, by="token:c", scope=Scope(("acmeother",)), limits=TIGHT)
    assert await house.used() == {
        ("upload_bytes_per_person", "token:a"): 900,
        ("upload_bytes_per_person", "token:c"): 700,
        ("upload_bytes_per_namespace", "acme"): 900,
        ("upload_bytes_per_namespace", "acmeother"): 700,
    }


async def test_two_concurrent_uploads_do_not_share_the_last_bytes_of_a_quota(house: House) -> None:
    results = await asyncio.gather(
        *(house.upload(300, limits=TIGHT) for _ in range(12)), return_exceptions=True
    )
    assert sum(isinstance(one, UUID) for one in results) == 3
    assert await house.used() == {("upload_bytes_per_person", "user:ada"): 900}


async def test_pruned_files_free_the_quota(house: House) -> None:
    key = await house.upload(1000, limits=TIGHT)
    with pytest.raises(Refused):
        await check_room(house.pool, "user:ada", Scope(), 1, TIGHT)
    await house.age(key)
    await house.prune()
    await check_room(house.pool, "user:ada", Scope(), 1000, TIGHT)
    await house.upload(1000, limits=TIGHT)


async def until_waiting(pool: asyncpg.Pool) -> None:
    """Waits until a session waits for the lock of another."""
    async with asyncio.timeout(30):
        while not await pool.fetchval(_WAITS):
            pass


_WAITS = """
select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())
"""
