"""Files that other executions refer to outlive the execution that made them, and are deleted with the last
reference."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from models.ids import untyped
from runner.store.execution.snapshots import NEW_EXECUTION_COLUMNS, TASK_RUN_COLUMNS
from runner.store.references import references_in
from tests.api.client import PROBLEM, Client, task
from tests.api.servers import Served, start
from tests.api.test_cli import headway
from tests.api.test_files import http

ODD = 'ü "b" {c}.txt'
MAKES = """id: %s
namespace: files
%stasks:
  - id: one
    type: shell
    cache: {ttl: 1h}
    run: "echo hi > f.txt; echo ho > \\"$ODD\\"; echo hu > g.txt"
    env: {ODD: 'ü "b" {c}.txt'}
    artifacts: [{path: "*.txt"}]
  - {id: two, type: return, needs: [one], outputs: {n: 1}}
"""
READS = """id: %s
namespace: files
inputs: [{id: at, type: STRING}]
tasks:
%s
"""
DELETE = f"mutation ($input: DeleteExecutionsInput!) {{ deleteExecutions(input: $input) {{ {PROBLEM} }} }}"


@dataclass
class Scene:
    served: Served
    connection: "asyncpg.Connection[Any]"

    @property
    def client(self) -> Client:
        return self.served.client

    async def made(self, name: str, head: str = "") -> dict[str, Any]:
        return await self.client.until_ended((await self.client.run(MAKES % (name, head)))["id"])

    def files_of(self, id: str) -> list[str]:
        folder = self.served.data_dir / "artifacts" / id
        return sorted(file.name for file in folder.rglob("*") if file.is_file())

    async def deleted(self, id: str, **flags: bool) -> None:
        result = await self.client.post(DELETE, input={"ids": [id], **flags})
        assert result["deleteExecutions"]["problems"] == []
        await self.settled()

    async def settled(self) -> None:
        """Waits until no files are due to be removed."""
        pending = "select count(*) from deferred_commands where command ->> 'kind' = 'RemoveFiles'"
        async with asyncio.timeout(30):
            while await self.connection.fetchval(pending):
                pass

    async def read(self, name: str, tasks: str, at: str, **input: Any) -> str:
        """Returns the id of an ended execution that was given the URI."""
        source = READS % (name, tasks)
        id = str((await self.client.run(source, inputs={"at": at}, **input))["id"])
        await self.client.until_ended(id)
        return id


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[Scene]:
    connection = await asyncpg.connect(served.database_url)
    try:
        yield Scene(served, connection)
    finally:
        connection.terminate()


@pytest.fixture
async def scene(served: Served, client: Client) -> AsyncIterator[Scene]:
    async with connected(served) as scene:
        yield scene


def uri_of(execution: dict[str, Any], name: str = "f.txt") -> str:
    return str(task(execution, "one")["outputs"]["artifacts"][name]["uri"])


async def begun(scene: Scene, mutation: str, **input: Any) -> str:
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ execution {{ id }} {PROBLEM} }} }}"
    result = (await scene.client.post(query, input=input))[mutation]
    assert result["problems"] == []
    return str(result["execution"]["id"])


async def ended(scene: Scene, mutation: str, **input: Any) -> str:
    id = await begun(scene, mutation, **input)
    await scene.client.until_ended(id)
    return id


Way = Callable[[Scene, dict[str, Any], str], Awaitable[str]]


async def a_replay(scene: Scene, source: dict[str, Any], name: str) -> str:
    return await ended(scene, "replayExecution", id=source["id"], fromTask="two")


async def a_rerun(scene: Scene, source: dict[str, Any], name: str) -> str:
    where = {"namespace": "files", "flow": name}
    return await ended(
        scene, "createExecution", **where, rerunOf=source["id"], disabledTasks=["one"]
    )


async def a_flow_from_the_cache(scene: Scene, source: dict[str, Any], name: str) -> str:
    id = await ended(scene, "createExecution", namespace="files", flow=name)
    assert (await scene.client.show(id))["state"] == "CACHED"
    return id


async def a_task_from_the_cache(scene: Scene, source: dict[str, Any], name: str) -> str:
    id = await ended(scene, "createExecution", namespace="files", flow=name)
    assert task(await scene.client.show(id), "one")["state"] == "CACHED"
    return id


async def an_input(scene: Scene, source: dict[str, Any], name: str) -> str:
    return await scene.read(f"{name}-r", "  - {id: a, type: log, message: m}", uri_of(source))


async def an_output(scene: Scene, source: dict[str, Any], name: str) -> str:
    tasks = f"  - {{id: a, type: return, outputs: {{deep: [{{at: '{uri_of(source)}'}}]}}}}"
    return await scene.read(f"{name}-r", tasks, "x")


async def an_item(scene: Scene, source: dict[str, Any], name: str) -> str:
    each = "{id: b, type: log, message: m}"
    tasks = f"  - {{id: a, type: foreach, items: ['{uri_of(source)}'], tasks: [{each}]}}"
    return await scene.read(f"{name}-r", tasks, "x")


def says(what: str, at: str) -> str:
    return (
        f"""  - {{id: a, type: shell, env: {{AT: "{at}"}}, run: 'echo "{what}" >&"$HEADWAY_FD"'}}"""
    )


async def a_property(scene: Scene, source: dict[str, Any], name: str) -> str:
    tasks = says(r"{\"property\": {\"at\": \"see $AT\"}}", uri_of(source))
    return await scene.read(f"{name}-r", tasks, "x")


async def an_artifact_used(scene: Scene, source: dict[str, Any], name: str) -> str:
    tasks = says(
        r"{\"artifact\": {\"uri\": \"$AT\", \"name\": \"in\", \"direction\": \"IN\"}}",
        uri_of(source),
    )
    return await scene.read(f"{name}-r", tasks, "x")


async def a_label(scene: Scene, source: dict[str, Any], name: str) -> str:
    id = await scene.read(f"{name}-r", "  - {id: a, type: log, message: m}", "x")
    labels = [{"key": "at", "value": uri_of(source)}]
    return await begun(scene, "setLabels", id=id, labels=labels, mode="MERGE")


async def an_event(scene: Scene, source: dict[str, Any], name: str) -> str:
    tasks = "  - {id: w, type: wait, event: end}"
    id = str((await scene.client.run(READS % (f"{name}-r", tasks), inputs={"at": "x"}))["id"])
    for event, data in (("kept", {"at": uri_of(source)}), ("end", None)):
        query = f"mutation ($input: SendEventInput!) {{ sendEvent(input: $input) {{ {PROBLEM} }} }}"
        await scene.client.post(query, input={"executionId": id, "name": event, "data": data})
    await scene.client.until_ended(id)
    return id


async def an_output_by_hand(scene: Scene, source: dict[str, Any], name: str) -> str:
    id = await scene.read(f"{name}-r", "  - {id: a, type: fail}", "x")
    run = task(await scene.client.show(id), "a")["id"]
    outputs = {"at": uri_of(source)}
    await ended(
        scene, "changeTaskRunState", taskRunId=run, state="SUCCESS", reason="r", outputs=outputs
    )
    return id


async def what_ran_elsewhere(scene: Scene, source: dict[str, Any], name: str) -> str:
    given = {"namespace": "files", "pipeline": f"{name}-r", "inputs": {"at": uri_of(source)}}
    id = await begun(scene, "recordExecution", **given)
    await begun(scene, "finishExecution", executionId=id, state="SUCCESS")
    return id


CARRIED: list[Way] = [a_replay, a_rerun, a_flow_from_the_cache, a_task_from_the_cache]
MENTIONED: list[Way] = [
    an_input,
    an_output,
    an_item,
    a_property,
    an_artifact_used,
    a_label,
    an_event,
    an_output_by_hand,
    what_ran_elsewhere,
]


@pytest.mark.parametrize("way", [*CARRIED, *MENTIONED], ids=lambda way: way.__name__)
async def test_a_file_stays_as_long_as_another_execution_mentions_it(
    scene: Scene, way: Way
) -> None:
    name = way.__name__.replace("_", "-")
    head = "cache: {ttl: 1h}\n" if way is a_flow_from_the_cache else ""
    source = await scene.made(name, head)
    id = source["id"]
    assert scene.files_of(id) == sorted(["f.txt", "g.txt", ODD])
    other = await way(scene, source, name)
    await scene.deleted(id)
    assert scene.files_of(id) == (sorted(["f.txt", "g.txt", ODD]) if way in CARRIED else ["f.txt"])
    await scene.deleted(other)
    assert scene.files_of(id) == []
    assert (
        await scene.connection.fetchval(
            "select count(*) from file_references where starts_with(owner, 'exec_')"
        )
        == 0
    )


async def test_a_file_of_a_child_stays_for_its_parent(scene: Scene) -> None:
    await scene.client.save(
        MAKES % ("made-child", "outputs: {at: \"{{ outputs.one.artifacts['f.txt'].uri }}\"}\n")
    )
    parent = (
        "id: made-parent\nnamespace: files\ntasks: [{id: s, type: subflow, flow: made-child}]\n"
    )
    id = (await scene.client.run(parent))["id"]
    await scene.client.until_ended(id)
    query = "query ($id: ID!) { execution(id: $id) { children { id } } }"
    (child,) = (await scene.client.post(query, id=id))["execution"]["children"]
    await scene.deleted(child["id"])
    assert scene.files_of(child["id"]) == ["f.txt"]
    await scene.deleted(id)
    assert scene.files_of(child["id"]) == []


async def test_readers_of_a_file_may_still_read_it_without_its_producer(scene: Scene) -> None:
    source = await scene.made("read")
    query = "query ($id: ID!) { execution(id: $id) { artifacts { id name uri } } }"
    made = (await scene.client.post(query, id=source["id"]))["execution"]["artifacts"]
    (art,) = (one["id"] for one in made if one["name"] == "f.txt")
    used = r"{\"artifact\": {\"uri\": \"$AT\", \"name\": \"f.txt\", \"direction\": \"IN\"}}"
    other = await scene.read("read-r", says(used, uri_of(source)), "x")
    async with http(scene.served) as http_client:
        for gone, status in ((None, 200), (source["id"], 200), (other, 404)):
            if gone:
                await scene.deleted(gone)
            answer = await http_client.get(f"/artifacts/{art}")
            assert (answer.status_code, answer.content == b"hi\n") == (status, status == 200)
    count = "select (select count(*) from artifact_uses where execution_id = any($1))"
    keys = [untyped("exec", id) for id in (source["id"], other)]
    assert await scene.connection.fetchval(count, keys) == 0


async def test_a_file_along_a_chain_is_deleted_with_the_last_execution(scene: Scene) -> None:
    source = await scene.made("chain")
    chain = [source["id"]]
    for _ in range(2):
        chain.append(await a_replay(scene, {"id": chain[-1]}, "chain"))
    for id in chain:
        assert "f.txt" in scene.files_of(source["id"])
        await scene.deleted(id)
    assert scene.files_of(source["id"]) == []


async def test_files_outside_the_store_are_not_deleted(scene: Scene) -> None:
    source = await scene.made("kept")
    other = await a_replay(scene, source, "kept")
    await scene.deleted(source["id"], artifacts=False)
    await scene.deleted(other)
    assert len(scene.files_of(source["id"])) == 3


async def test_pruning_spares_them_too(scene: Scene) -> None:
    source = await scene.made("pruned")
    other = await an_input(scene, source, "pruned")
    for id, left in ((source["id"], ["f.txt"]), (other, [])):
        old = datetime.now(UTC) - timedelta(days=4000)
        key = untyped("exec", id)
        await scene.connection.execute(
            "update executions set ended_at = $2 where id = $1", key, old
        )
        code, *_ = await headway(scene.served, "prune", "--keep", "3650d", "--yes")
        assert code == 0
        await scene.settled()
        assert scene.files_of(source["id"]) == left


async def test_a_crash_in_the_middle_neither_leaves_nor_removes_files(tmp_path: Path) -> None:
    served = start(tmp_path / "data")
    try:
        async with connected(served) as scene:
            source = await scene.made("killed")
            other = await an_input(scene, source, "killed")
        for id, left in ((source["id"], ["f.txt"]), (other, [])):
            await served.client.post(DELETE, input={"ids": [id]})
            served.kill()
            served = start(tmp_path / "data")
            async with connected(served) as scene:
                await scene.settled()
                assert scene.files_of(source["id"]) == left
    finally:
        served.stop()


def test_a_mention_is_found_in_every_column_that_holds_text() -> None:
    """A new column that holds text or JSON is searched for references like the others."""
    mine, theirs = "exec_01k00000000000000000000000", "exec_01k00000000000000000000001"
    id = untyped("exec", mine)
    text = [kind for _, kind, _ in (*NEW_EXECUTION_COLUMNS, *TASK_RUN_COLUMNS)]
    assert {"jsonb", "text"} <= set(text)
    for said in (f'{{"a": "file:///d/{theirs}/t/1/f"}}', f"s3://b/{theirs}/t", f"x /{theirs}/ y"):
        assert references_in(id, [None, 3, "exec_", said]) == {(theirs, id)}
    for said in (f"file:///d/{mine}/f", f"an execution: {theirs}", f"/{theirs[:-1]}/f"):
        assert references_in(id, [said]) == set()
