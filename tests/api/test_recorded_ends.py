"""External runs that end without having run: cancelled before they started, or cached from another."""

from typing import Any

import pytest

import headway
from headway.client import Client as Program
from models.states import EXECUTION_ENDS, EXECUTION_SUCCESSES
from tests.api.client import PROBLEM, Client
from tests.api.servers import Served
from tests.api.test_cli import headway as command
from tests.api.test_recording import record, refusal, report, whole

CANCEL = f"""mutation ($id: ID!) {{ cancelExecution(input: {{id: $id, reason: "not needed"}}) {{
  execution {{ state endedAt }} {PROBLEM} }} }}"""
CACHED = """query ($id: ID!) { execution(id: $id) {
  state outputs cachedFrom { id name } startedAt endedAt stateHistory { state } } }"""
AT = "2025-01-15T14:23:10Z"


async def cancellable(client: Client, id: str) -> dict[str, Any]:
    (found,) = [
        one for one in (await whole(client, id))["availableActions"] if one["action"] == "CANCEL"
    ]
    return {name: found[name] for name in ("allowed", "code", "reason")}


async def test_a_waiting_run_is_cancelled_and_does_not_start_afterwards(
    client: Client, served: Served
) -> None:
    ids = [
        (await record(client, "pending", started=False, **about))["id"]
        for about in ({}, {"createdAt": AT}, {"heartbeatTtl": 600})
    ]
    await report(client, ids[0], "recordTaskRun", key="fit", state="QUEUED")
    for id in ids[:2]:
        assert await cancellable(client, id) == {"allowed": True, "code": None, "reason": None}
        answer = (await client.post(CANCEL, id=id))["cancelExecution"]
        assert (answer["problems"], answer["execution"]["state"]) == ([], "CANCELLED")
        assert not answer["execution"]["endedAt"].startswith("2025")
    code, _, _ = await command(served, "cancel", ids[2])
    assert code == 0
    for id in ids:
        found = await whole(client, id)
        assert (found["state"], found["startedAt"], found["failure"]) == ("CANCELLED", None, None)
        assert [one["state"] for one in found["taskRuns"]] in (["CANCELLED"], [])
        for mutation, input in (("heartbeat", {}), ("finishExecution", {"state": "SUCCESS"})):
            problem = await refusal(client, id, mutation, **input)
            assert (problem["code"], problem["state"]) == ("INVALID_STATE", "CANCELLED")


async def test_in_every_other_state_it_says_why_not(client: Client) -> None:
    running = (await record(client, "pending"))["id"]
    assert await cancellable(client, running) == {
        "allowed": False,
        "code": "INVALID_STATE",
        "reason": "an execution that runs elsewhere can be cancelled here only while CREATED; this one is RUNNING: "
        "cancel it in the system that runs it",
    }
    for state in ("SUCCESS", "FAILED", "CACHED"):
        id = (await record(client, "pending"))["id"]
        await report(client, id, "finishExecution", state=state)
        said = await cancellable(client, id)
        assert said["reason"] == (
            f"an execution that runs elsewhere can be cancelled here only while CREATED; this one is {state}"
        )
        (problem,) = (await client.post(CANCEL, id=id))["cancelExecution"]["problems"]
        assert (problem["code"], problem["message"]) == ("INVALID_STATE", said["reason"])


@pytest.mark.parametrize("started", [True, False])
async def test_a_run_ends_cached_from_a_successful_one(client: Client, started: bool) -> None:
    source = (await record(client, "cached", startedAt=AT))["id"]
    early = await record(client, "cached", started=started)
    problem = await refusal(
        client, early["id"], "finishExecution", state="CACHED", cachedFrom=source
    )
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["cachedFrom"])
    assert (
        "is RUNNING; only a successful execution (CACHED, SUCCESS, WARNING) can be reused"
        in problem["message"]
    )
    await report(
        client, source, "finishExecution", state="SUCCESS", endedAt="2025-01-15T14:28:43Z",
        outputs={"model": "m.pkl"},
    )  # fmt: skip
    id = early["id"]
    for _ in range(2):
        await report(client, id, "finishExecution", state="CACHED", cachedFrom=source)
    found = (await client.post(CACHED, id=id))["execution"]
    assert (found["state"], found["outputs"]) == ("CACHED", {"model": "m.pkl"})
    assert found["cachedFrom"]["id"] == source
    assert [one["state"] for one in found["stateHistory"]] == [
        "CREATED", *(["RUNNING"] if started else []), "CACHED",
    ]  # fmt: skip
    own = (await record(client, "cached", started=started))["id"]
    await report(
        client, own, "finishExecution", state="CACHED", cachedFrom=id, outputs={"model": "n.pkl"}
    )
    assert (await client.post(CACHED, id=own))["execution"]["outputs"] == {"model": "n.pkl"}
    other = await refusal(client, own, "finishExecution", state="CACHED", cachedFrom=source)
    assert other["code"] == "INVALID_STATE"


@pytest.mark.parametrize(
    "state", ["CREATED", "RUNNING", *sorted(EXECUTION_ENDS - EXECUTION_SUCCESSES)]
)
async def test_only_a_good_end_is_reused(client: Client, state: str) -> None:
    about = {"started": state not in ("CREATED", "CANCELLED")}
    source = (await record(client, "sources", **about))["id"]
    if state in EXECUTION_ENDS:
        await report(client, source, "finishExecution", state=state)
    id = (await record(client, "sources"))["id"]
    problem = await refusal(client, id, "finishExecution", state="CACHED", cachedFrom=source)
    assert (problem["path"], f" is {state}; only" in problem["message"]) == (["cachedFrom"], True)


async def test_a_source_that_is_none_is_refused(client: Client, served: Served) -> None:
    id = (await record(client, "sources"))["id"]
    unknown = "exec_01h45ytscbebyvny4gc8cr8ma2"
    for source, code in ((unknown, "NOT_FOUND"), ("nonsense", "NOT_FOUND"), (id, "VALIDATION")):
        problem = await refusal(client, id, "finishExecution", state="CACHED", cachedFrom=source)
        assert (problem["code"], problem["path"]) == (code, ["cachedFrom"])
    well = (await record(client, "sources"))["id"]
    await report(client, well, "finishExecution", state="SUCCESS")
    problem = await refusal(client, id, "finishExecution", state="SUCCESS", cachedFrom=well)
    assert "cachedFrom is only valid with state CACHED; got SUCCESS" in problem["message"]


async def test_a_program_says_from_where(client: Client, served: Served) -> None:
    program = Program(served.url, served.token, patience=5)
    with headway.execution("cached", namespace="program", git_info={}, client=program) as first:
        first.log_output(rows=3)
    with headway.execution("cached", namespace="program", git_info={}, client=program) as second:
        second.cached_from(first.id)
    with (
        pytest.raises(OSError, match="after all"),
        headway.execution("cached", namespace="program", git_info={}, client=program) as third,
    ):
        third.cached_from(first.id)
        raise OSError("after all")
    found = program.execution(second.id)
    assert found and (found["state"], found["outputs"]) == ("CACHED", {"rows": 3})
    assert found["cachedFrom"] == {"id": first.id}
    assert (await whole(client, third.id))["state"] == "FAILED"
