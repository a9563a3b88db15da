"""The history of executions and their later life: views of the past, the audit log, notes, archiving, deletion."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg

from tests.api.client import PROBLEM, Client, states, task
from tests.api.servers import Served
from tests.api.test_cli import headway

UNKNOWN = "exec_01h45ytscbebyvny4gc8cr8ma2"
EVERYTHING = """
  id name state seq progress outputs labels { key value } archived startedAt endedAt
  stateHistory { seq state at } events(first: 200) { seq type toState taskRun { key state } execution { seq } }
  taskRuns { id key state outputs progress startedAt endedAt message error { code message }
             stateHistory { seq state } attempts { number state worker endedAt exitCode error { code } }
             execution { state seq } approval { state votes { decision comment } } task { key }
             logs { nodes { text } } }
  approvals { state canDecide votes { comment } taskRun { state } }
  failure { code message taskRun { key state } logLine } notes { text author { name } }
  logs { nodes { line text } totalCount { value } } graph { nodes { key state } edges { from to } }
  metrics { name value } artifacts { name }
"""
FAILING = """id: failing
namespace: record
tasks:
  - {id: good, type: shell, run: "echo fine"}
  - {id: bad, type: shell, needs: [good], run: "echo broken >&2; exit 3"}
"""
APPROVING = """id: approving
namespace: record
tasks:
  - {id: ok, type: approval, message: go}
"""
QUICK = "id: quick\nnamespace: record\ntasks:\n  - {id: a, type: log, message: a}\n"
AUDIT = """query ($where: AuditFilter, $first: Int, $after: String) {
  auditLog(where: $where, first: $first, after: $after) {
    nodes { id action reason channel actor { kind name } target targetName namespace data
            execution { id } event { seq type } }
    pageInfo { hasNextPage endCursor } totalCount { value exact } } }"""


async def at(client: Client, id: str, seq: int | None, what: str = EVERYTHING) -> Any:
    query = f"query ($id: ID!, $at: Int) {{ execution(id: $id, at: $at) {{ {what} }} }}"
    return (await client.post(query, id=id, at=seq))["execution"]


async def mutate(client: Client, name: str, what: str, kind: str, **input: Any) -> Any:
    query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {what} {PROBLEM} }} }}"
    return (await client.post(query, input=input))[name]


async def delete(client: Client, *ids: str, **options: Any) -> Any:
    return await mutate(
        client, "deleteExecutions", "deleted", "DeleteExecutionsInput", ids=ids, **options
    )


async def archive(client: Client, *ids: str, name: str = "archiveExecutions") -> Any:
    return await mutate(client, name, "executions { id archived }", "ManyInput", ids=ids)


async def ended(client: Client, source: str = QUICK) -> dict[str, Any]:
    return await client.until_ended((await client.run(source))["id"])


async def acts(client: Client, **where: Any) -> list[Any]:
    nodes: list[Any] = (await client.post(AUDIT, where=where))["auditLog"]["nodes"]
    return nodes


async def test_every_moment_of_a_failure_is_shown_as_it_was(client: Client) -> None:
    id = (await ended(client, FAILING))["id"]
    now = await at(client, id, None)
    last = await at(client, id, now["seq"])
    assert last == now
    for event in now["events"]:
        then = await at(client, id, event["seq"])
        assert [one["seq"] for one in then["events"]] == list(range(1, event["seq"] + 1))
        assert {one["execution"]["seq"] for one in then["events"]} == {event["seq"]}
        assert {run["execution"]["state"] for run in then["taskRuns"]} == {then["state"]}
        if event["toState"] and event["taskRun"]:
            assert states(then)[event["taskRun"]["key"]] == event["toState"]
        elif event["toState"]:
            assert then["state"] == event["toState"] == then["stateHistory"][-1]["state"]
    first = await at(client, id, 1)
    assert (first["state"], first["failure"]) == ("CREATED", None)
    assert [run["attempts"] for run in first["taskRuns"]] == [[], []]
    assert first["logs"] == {"nodes": [], "totalCount": {"value": 0}}


async def test_moments_are_kept_apart_within_one_query(client: Client) -> None:
    execution = await ended(client)
    data = await client.post(
        """query ($id: ID!) { was: execution(id: $id, at: 1) { state taskRuns { state } }
             then: execution(id: $id, at: 2) { state taskRuns { state } }
             is: execution(id: $id) { state taskRuns { state } } }""",
        id=execution["id"],
    )
    assert data["was"] == {"state": "CREATED", "taskRuns": [{"state": "CREATED"}]}
    assert data["then"]["state"] == "RUNNING"
    assert data["is"] == {"state": "SUCCESS", "taskRuns": [{"state": "SUCCESS"}]}


async def test_the_past_allows_no_actions(client: Client) -> None:
    id = (await ended(client))["id"]
    what = "seq availableActions { allowed code reason } taskRuns { availableActions { allowed } }"
    then = await at(client, id, 2, what)
    assert {one["allowed"] for one in then["availableActions"]} == {False}
    assert {one["reason"] for one in then["availableActions"]} == {
        "this is an earlier state, as of seq 2; query the execution without `at` to act on it"
    }
    assert {one["allowed"] for run in then["taskRuns"] for one in run["availableActions"]} == {
        False
    }


async def test_a_missing_moment_is_refused_and_a_missing_execution_is_null(client: Client) -> None:
    execution = await ended(client)
    for seq in (0, execution["seq"] + 1):
        answer = await client.answer(
            "query ($id: ID!, $at: Int) { execution(id: $id, at: $at) { id } }",
            id=execution["id"],
            at=seq,
        )
        assert answer["data"] == {"execution": None}
        assert answer["errors"][0]["extensions"]["code"] == "VALIDATION"
        assert f"1 to {execution['seq']}" in answer["errors"][0]["message"]
    assert await at(client, UNKNOWN, 1, "id") is None


async def test_each_action_is_in_the_audit_log_with_actor_channel_and_reason(
    client: Client,
) -> None:
    id = (await client.run(APPROVING, reason="because"))["id"]
    waiting = await client.until(id, state="WAITING_FOR_APPROVAL")
    await client.mutate("pauseExecution", id=id, reason="wait")
    await client.mutate("resumeExecution", id=id, reason="on")
    await client.mutate("setLabels", id=id, labels=[{"key": "a", "value": "b"}], reason="found")
    await client.mutate("approve", approvalId=task(waiting, "ok")["approval"]["id"], comment="fine")
    await client.until_ended(id)
    await client.mutate("cancelExecution", id=id, reason="refused")
    await client.mutate("setLabels", id=id, labels=[{"key": "a", "value": "b"}])
    await mutate(client, "addNote", "note { id }", "AddNoteInput", id=id, text="it went well")
    await archive(client, id)
    await archive(client, id, name="unarchiveExecutions")
    found = (await acts(client, executionId=id))[::-1]
    assert [(one["action"], one["reason"], one["event"]["type"]) for one in found] == [
        ("CREATE_EXECUTION", "because", "EXECUTION_CREATED"),
        ("PAUSE", "wait", "EXECUTION_STATE_CHANGED"),
        ("RESUME", "on", "EXECUTION_STATE_CHANGED"),
        ("SET_LABELS", "found", "LABELS_SET"),
        ("APPROVE", "fine", "APPROVAL_VOTED"),
        ("ADD_NOTE", None, "NOTE_ADDED"),
        ("ARCHIVE", None, "ARCHIVED"),
        ("UNARCHIVE", None, "UNARCHIVED"),
    ]
    assert {(one["channel"], one["actor"]["name"], one["namespace"]) for one in found} == {
        ("API", "admin", "record")
    }
    assert {one["execution"]["id"] for one in found} == {one["target"] for one in found} == {id}


async def test_the_audit_log_is_filtered_and_paged(client: Client, served: Served) -> None:
    for _ in range(3):
        await ended(client)
    wanted = {"action": ["CREATE_EXECUTION"], "namespace": "record", "actor": "admin"}
    seen: list[str] = []
    after = None
    while True:
        page = (await client.post(AUDIT, where=wanted, first=2, after=after))["auditLog"]
        seen += [one["id"] for one in page["nodes"]]
        assert {one["action"] for one in page["nodes"]} == {"CREATE_EXECUTION"}
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == page["totalCount"]["value"] >= 3
    assert await acts(client, **wanted, channel=["CLI"]) == []
    assert await acts(client, **wanted, until="2020-01-01T00:00:00Z") == []
    assert len(await acts(client, **wanted, since="2020-01-01T00:00:00Z")) == len(seen)
    assert await acts(client, **{**wanted, "actor": "token:admin"}) == []
    node = await client.post("query ($id: ID!) { node(id: $id) { id } }", id=seen[0])
    assert node["node"]["id"] == seen[0]


async def test_a_viewer_sees_neither_tokens_nor_may_delete(client: Client, served: Served) -> None:
    id = (await ended(client))["id"]
    _, token, _ = await headway(served, "token", "create", "onlooker", "--role", "viewer")
    assert await acts(client, action=["CREATE_TOKEN"])
    onlooker = Client(served.url, token.strip())
    refused = await onlooker.answer(AUDIT, where={"executionId": id})
    assert "READ_AUDIT" in refused["errors"][0]["message"]
    for payload in (await delete(onlooker, id), await archive(onlooker, id)):
        assert [one["code"] for one in payload["problems"]] == ["FORBIDDEN"]
    assert (await at(client, id, None, "archived")) == {"archived": False}


async def test_a_new_revision_is_audited_and_the_same_text_is_not(client: Client) -> None:
    source = QUICK.replace("quick", "audited")
    await client.save(source)
    await client.save(source)
    await client.save(source.replace("message: a", "message: b"))
    found = [
        one for one in await acts(client, action=["SAVE_FLOW"]) if one["targetName"] == "audited"
    ]
    assert [one["data"] for one in found] == [{"revision": 2}, {"revision": 1}]
    assert found[0]["target"].startswith("flow_")


async def test_a_note_is_added_once_by_its_key_and_a_wrong_one_changes_nothing(
    client: Client,
) -> None:
    id = (await ended(client))["id"]
    what = "note { id text author { name } seq } execution { notes { id text } }"
    given = {"id": id, "text": "**looked** at it", "idempotencyKey": f"n-{id}"}
    first, second = await asyncio.gather(
        *(mutate(client, "addNote", what, "AddNoteInput", **given) for _ in range(2))
    )
    assert first == second
    assert first["note"]["text"] == "**looked** at it"
    assert first["execution"]["notes"] == [{"id": first["note"]["id"], "text": "**looked** at it"}]
    before = await at(client, id, None)
    for wrong, code in (
        ({**given, "text": "another"}, "IDEMPOTENCY_CONFLICT"),
        ({"id": id, "text": "  "}, "VALIDATION"),
        ({"id": id, "text": "x" * 10_001}, "VALIDATION"),
        ({"id": UNKNOWN, "text": "x"}, "NOT_FOUND"),
    ):
        payload = await mutate(client, "addNote", what, "AddNoteInput", **wrong)
        assert payload["problems"][0]["code"] == code
        assert payload["note"] is None
    assert await at(client, id, None) == before
    node = await client.post(
        "query ($id: ID!) { node(id: $id) { ... on Note { text } } }", id=first["note"]["id"]
    )
    assert node == {"node": {"text": "**looked** at it"}}


async def listed(client: Client, choice: str | None) -> set[str]:
    where = {"flow": {"eq": "putaway"}, **({"archived": choice} if choice else {})}
    data = await client.post(
        """query ($where: ExecutionFilter) { executions(where: $where) {
             nodes { id } totalCount { value } } }""",
        where=where,
    )
    found = {one["id"] for one in data["executions"]["nodes"]}
    assert data["executions"]["totalCount"]["value"] == len(found)
    return found


async def test_archived_ones_leave_the_lists_and_can_be_read(client: Client) -> None:
    source = QUICK.replace("quick", "putaway")
    gone, stays = (await ended(client, source))["id"], (await ended(client, source))["id"]
    query = """subscription { executionList(where: {flow: {eq: "putaway"}}) {
                 reset enter { node { id } } leave { id reason } } }"""
    async with client.subscribe(query) as messages:
        assert len((await anext(messages))["executionList"]["enter"]) == 2
        payload = await archive(client, gone, UNKNOWN)
        assert payload["executions"] == [{"id": gone, "archived": True}]
        (problem,) = payload["problems"]
        assert (problem["code"], problem["path"]) == ("NOT_FOUND", ["ids", "1"])
        change = (await anext(messages))["executionList"]
        assert change["leave"] == [{"id": gone, "reason": "NO_LONGER_MATCHES"}]
    assert await listed(client, None) == await listed(client, "NO") == {stays}
    assert await listed(client, "YES") == {gone}
    assert await listed(client, "ANY") == {gone, stays}
    assert (await at(client, gone, None))["archived"] is True
    (problem,) = (await archive(client, gone))["problems"]
    assert problem["code"] == "INVALID_STATE"
    await archive(client, gone, name="unarchiveExecutions")
    assert await listed(client, None) == {gone, stays}


async def test_running_executions_are_neither_archived_nor_deleted(client: Client) -> None:
    id = (await client.run(APPROVING))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    before = await at(client, id, None)
    for payload in (await archive(client, id), await delete(client, id)):
        (problem,) = payload["problems"]
        assert (problem["code"], problem["state"]) == ("INVALID_STATE", "WAITING_FOR_APPROVAL")
        assert problem["path"] == ["ids", "0"]
    assert await at(client, id, None) == before
    await client.mutate("cancelExecution", id=id)
    await client.until_ended(id)


LEAVING = """id: leaving
namespace: record
tasks:
  - id: a
    type: shell
    run: |
      echo hello; echo kept > kept.txt
      echo '{"metric": {"name": "loss", "value": 0.5}}' >&"$HEADWAY_FD"
    artifacts: [{path: kept.txt, type: Text}]
"""
TABLES = (
    "task_runs", "attempts", "events", "notes", "logs", "log_heads", "log_blocks", "metrics", "artifact_uses",
)  # fmt: skip


async def rows_left(served: Served, id: str) -> dict[str, int]:
    from models.ids import untyped

    connection = await asyncpg.connect(served.database_url)
    try:
        return {
            table: await connection.fetchval(
                f"select count(*) from {table} where execution_id = $1", untyped("exec", id)
            )
            for table in TABLES
        }
    finally:
        await connection.close()


async def test_deleting_removes_everything_but_the_audit_log(
    client: Client, served: Served
) -> None:
    execution = await ended(client, LEAVING)
    id, run = execution["id"], execution["taskRuns"][0]["id"]
    await mutate(client, "addNote", "note { id }", "AddNoteInput", id=id, text="soon gone")
    assert all((await rows_left(served, id)).values())
    folder = Path(served.data_dir, "artifacts", id)
    assert list(folder.rglob("kept.txt"))
    query = (
        """subscription { executionList(where: {flow: {eq: "leaving"}}) { leave { id reason } } }"""
    )
    async with client.subscribe(query) as messages:
        await anext(messages)
        payload = await delete(client, id, reason="holds a secret")
        assert payload == {"deleted": [id], "problems": []}
        change = (await anext(messages))["executionList"]
        assert change["leave"] == [{"id": id, "reason": "DELETED"}]
    assert set((await rows_left(served, id)).values()) == {0}
    assert await at(client, id, None) is None
    nodes = await client.post("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[id, run])
    assert nodes["nodes"] == [None, None]
    deleted, *_ = await acts(client, executionId=id)
    assert (deleted["action"], deleted["reason"], deleted["execution"], deleted["event"]) == (
        "DELETE", "holds a secret", None, None,
    )  # fmt: skip
    assert deleted["targetName"] == execution["name"]
    assert deleted["data"]["with"] == ["logs", "metrics", "artifacts"]
    async with asyncio.timeout(10):
        while folder.exists():
            await asyncio.to_thread(folder.exists)
    (problem,) = (await delete(client, id))["problems"]
    assert problem["code"] == "NOT_FOUND"


async def test_unselected_rows_are_kept(client: Client, served: Served) -> None:
    id = (await ended(client, LEAVING))["id"]
    await delete(client, id, logs=False, metrics=False, artifacts=False)
    left = await rows_left(served, id)
    assert {table for table, rows in left.items() if rows} == {
        "logs", "log_heads", "log_blocks", "metrics", "artifact_uses",
    }  # fmt: skip
    assert list(Path(served.data_dir, "artifacts", id).rglob("kept.txt"))


async def test_deleting_during_reads_causes_no_errors(client: Client) -> None:
    ids = [(await ended(client, FAILING))["id"] for _ in range(6)]
    gone = asyncio.Event()

    async def read(id: str) -> None:
        query = f"query ($id: ID!) {{ execution(id: $id) {{ {EVERYTHING} availableActions {{ allowed }} }} }}"
        while not gone.is_set():
            answer = await client.answer(query, id=id)
            codes = {one["extensions"]["code"] for one in answer.get("errors", ())}
            assert codes <= {"NOT_FOUND"}

    async def follow(id: str) -> None:
        async for _ in client.events(id):
            pass

    async with asyncio.TaskGroup() as group:
        for id in ids:
            group.create_task(read(id))
            group.create_task(follow(id))
        payload = await delete(client, *ids)
        gone.set()
    assert (payload["deleted"], payload["problems"]) == (ids, [])


async def test_two_concurrent_deletions_delete_once(client: Client) -> None:
    id = (await ended(client))["id"]
    answers = await asyncio.gather(*(delete(client, id) for _ in range(4)))
    assert sum(answer["deleted"] == [id] for answer in answers) == 1
    assert {one["code"] for answer in answers for one in answer["problems"]} == {"NOT_FOUND"}
