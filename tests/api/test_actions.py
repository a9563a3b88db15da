"""Every action over HTTP, on a real worker with real processes."""

import asyncio
from pathlib import Path

import psutil
import pytest

from tests.api.client import Client, states, task
from tests.api.servers import Served


def flow(id: str, tasks: str, head: str = "") -> str:
    return f"id: {id}\nnamespace: actions\n{head}tasks:\n{tasks}"


BRANCHES = """
  - {id: bad, type: shell, run: "echo it breaks >&2; exit 3"}
  - {id: after_bad, type: log, message: x, needs: [bad]}
  - {id: slow, type: shell, run: "until [ -e \\"$GO\\" ]; do sleep 0.02; done", env: {GO: "%s"}}
  - {id: after_slow, type: log, message: y, needs: [slow]}
"""


async def test_finish_running_finishes_running_tasks_and_starts_nothing(
    client: Client, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    held = BRANCHES.replace("echo it", "sleep 0.3; echo it") % go
    id = (await client.run(flow("finish-running", held)))["id"]
    found = await client.until(id, state="FAILED_FINISHING")
    assert states(found)["slow"] == "RUNNING"
    go.touch()
    ended = await client.until_ended(id)
    assert ended["state"] == "FAILED"
    assert states(ended) == {
        "bad": "FAILED", "after_bad": "CANCELLED", "slow": "SUCCESS", "after_slow": "CANCELLED",
    }  # fmt: skip
    assert ended["failure"]["taskRun"]["key"] == "bad"
    assert ended["failure"]["message"] == "it breaks"
    assert {one["key"] for one in ended["failure"]["skipped"]} == {"after_bad", "after_slow"}


async def test_finish_possible_runs_unrelated_branches_to_their_end(
    client: Client, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    source = flow("finish-possible", BRANCHES % go, "on_failure: FINISH_POSSIBLE\n")
    id = (await client.run(source))["id"]
    await client.until(id, state="FAILED_FINISHING")
    go.touch()
    ended = await client.until_ended(id)
    assert (ended["state"], states(ended)["after_slow"]) == ("FAILED", "SUCCESS")


async def test_cancel_all_kills_running_tasks(client: Client, tmp_path: Path) -> None:
    held = BRANCHES.replace("echo it", "sleep 0.3; echo it") % (tmp_path / "go")
    id = (await client.run(flow("cancel-all", held, "on_failure: CANCEL_ALL\n")))["id"]
    ended = await client.until_ended(id)
    assert ended["state"] == "KILLED"
    assert states(ended) == {
        "bad": "FAILED", "after_bad": "CANCELLED", "slow": "KILLED", "after_slow": "CANCELLED",
    }  # fmt: skip


STUBBORN = """
  - id: stubborn
    type: shell
    kill_grace: 0.5s
    run: |
      trap '' TERM
      echo $$ > {pids}
      sleep 600 & echo $! >> {pids}
      setsid bash -c 'trap "" TERM; echo $$ >> {pids}; while true; do sleep 600; done' &
      (setsid bash -c 'echo $$ >> {pids}; exec sleep 600' &) &
      touch {ready}
      while true; do sleep 600; done
"""


@pytest.mark.parametrize("cancel_twice", [False, True])
async def test_cancel_ends_a_task_that_ignores_sigterm_and_has_forked(
    client: Client, tmp_path: Path, cancel_twice: bool
) -> None:
    pids, ready = tmp_path / "pids", tmp_path / "ready"
    grace = "60s" if cancel_twice else "0.5s"
    source = STUBBORN.format(pids=pids, ready=ready).replace("0.5s", grace)
    id = (await client.run(flow("stubborn", source)))["id"]
    async with asyncio.timeout(20):
        while not ready.exists() or len(pids.read_text().split()) < 4:
            await asyncio.to_thread(ready.exists)
    family = [psutil.Process(int(pid)) for pid in pids.read_text().split()]
    payload = await client.mutate("cancelExecution", id=id, reason="it is stuck")
    assert payload["execution"]["state"] == "KILLING"
    if cancel_twice:
        await client.mutate("cancelExecution", id=id)
    ended = await client.until_ended(id)
    assert (ended["state"], states(ended)) == ("KILLED", {"stubborn": "KILLED"})
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not [one for one in alive if _lives(one)]
    cancels = [event async for event in client.events(id) if event["toState"] == "KILLING"]
    assert cancels[0]["reason"] == "it is stuck"
    assert cancels[0]["actor"] == {"kind": "USER", "name": "admin"}


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_pause_starts_nothing_new_and_resume_continues(
    client: Client, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    source = flow(
        "pausing",
        f"""
  - {{id: slow, type: shell, run: "until [ -e \\"$GO\\" ]; do sleep 0.02; done", env: {{GO: "{go}"}}}}
  - {{id: next, type: log, message: y, needs: [slow]}}
""",
    )
    id = (await client.run(source))["id"]
    await client.until(id, slow="RUNNING")
    assert (await client.mutate("pauseExecution", id=id))["execution"]["state"] == "PAUSED"
    go.touch()
    paused = await client.until(id, slow="SUCCESS")
    assert (paused["state"], states(paused)["next"]) == ("PAUSED", "CREATED")
    waiting = await client.post(
        "query ($id: ID!) { execution(id: $id) { waitingFor { code message } } }", id=id
    )
    assert waiting["execution"]["waitingFor"][0]["code"] == "PAUSED"
    await client.mutate("resumeExecution", id=id)
    assert (await client.until_ended(id))["state"] == "SUCCESS"


async def test_retry_failed_while_failed_finishing_makes_it_succeed(
    client: Client, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    source = flow(
        "retrying",
        f"""
  - {{id: flaky, type: shell, run: "test $HEADWAY_ATTEMPT -gt 1"}}
  - {{id: after, type: log, message: y, needs: [flaky]}}
  - {{id: slow, type: shell, run: "until [ -e \\"$GO\\" ]; do sleep 0.02; done", env: {{GO: "{go}"}}}}
""",
    )
    id = (await client.run(source))["id"]
    await client.until(id, state="FAILED_FINISHING", slow="RUNNING")
    payload = await client.mutate("retryFailed", id=id, reason="the network is back")
    assert payload["problems"] == []
    go.touch()
    ended = await client.until_ended(id)
    assert ended["state"] == "SUCCESS"
    attempts = [(one["number"], one["state"]) for one in task(ended, "flaky")["attempts"]]
    assert attempts == [(1, "FAILED"), (2, "SUCCESS")]


async def test_retry_failed_elsewhere_is_refused_with_the_available_actions(client: Client) -> None:
    id = (await client.run(flow("done", "  - {id: a, type: log, message: a}\n")))["id"]
    before = await client.until_ended(id)
    payload = await client.mutate("retryFailed", id=id)
    (problem,) = payload["problems"]
    assert payload["execution"] is None
    assert (problem["__typename"], problem["code"], problem["state"]) == (
        "InvalidState",
        "INVALID_STATE",
        "SUCCESS",
    )
    assert "FAILED_FINISHING" in problem["message"]
    allowed = {one["action"] for one in problem["availableActions"] if one["allowed"]}
    assert allowed == {
        "SET_LABELS", "ADD_NOTE", "ARCHIVE", "DELETE",
        "REPLAY", "PREPARE_EXECUTION", "CHANGE_STATE", "CHANGE_TASK_RUN_STATE",
    }  # fmt: skip
    assert await client.show(id) == before


async def test_an_approval_with_its_comment_continues_the_execution(client: Client) -> None:
    source = flow(
        "approving",
        """
  - {id: build, type: return, outputs: {version: "1.2"}}
  - {id: ok, type: approval, needs: [build], message: "Release {{ outputs.build.version }}?", comment: always}
  - {id: ship, type: log, message: "{{ outputs.ok.comment }}", needs: [ok]}
""",
    )
    id = (await client.run(source))["id"]
    waiting = await client.until(id, state="WAITING_FOR_APPROVAL")
    approval = task(waiting, "ok")["approval"]
    assert approval["message"] == "Release 1.2?"
    (problem,) = (await client.mutate("approve", approvalId=approval["id"]))["problems"]
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["comment"])
    await client.mutate("approve", approvalId=approval["id"], comment="go")
    ended = await client.until_ended(id)
    assert ended["state"] == "SUCCESS"
    assert task(ended, "ok")["outputs"]["comment"] == "go"
    (problem,) = (await client.mutate("reject", approvalId=approval["id"], comment="no"))[
        "problems"
    ]
    assert (problem["code"], problem["request"]["state"]) == ("ALREADY_DECIDED", "APPROVED")


async def test_a_rejection_ends_it_rejected(client: Client) -> None:
    source = flow(
        "rejecting",
        "  - {id: ok, type: approval, message: go}\n  - {id: a, type: log, message: x, needs: [ok]}\n",
    )
    id = (await client.run(source))["id"]
    waiting = await client.until(id, state="WAITING_FOR_APPROVAL")
    await client.mutate(
        "reject", approvalId=task(waiting, "ok")["approval"]["id"], comment="too late"
    )
    ended = await client.until_ended(id)
    assert (ended["state"], states(ended)) == ("REJECTED", {"ok": "REJECTED", "a": "CANCELLED"})
    assert "too late" in ended["failure"]["message"]


async def test_labels_are_set_and_found(client: Client) -> None:
    id = (await client.run(flow("labelled", "  - {id: a, type: log, message: a}\n")))["id"]
    await client.mutate("setLabels", id=id, labels=[{"key": "ticket", "value": "OPS-1"}])
    found = await client.post(
        """{ executions(where: {labels: {has: {key: "ticket", value: "OPS-1"}}}) {
             nodes { id } totalCount { value exact } } }"""
    )
    assert found["executions"] == {"nodes": [{"id": id}], "totalCount": {"value": 1, "exact": True}}
    (problem,) = (
        await client.mutate("setLabels", id=id, labels=[{"key": "system.x", "value": "1"}])
    )["problems"]
    assert problem["code"] == "VALIDATION"
    await client.until_ended(id)


async def test_the_same_idempotency_key_starts_one_execution_and_another_input_is_a_conflict(
    client: Client,
) -> None:
    await client.save(flow("once", "  - {id: a, type: log, message: a}\n"))
    made = await asyncio.gather(
        *(client.create("actions/once", idempotencyKey="k1") for _ in range(8))
    )
    assert len({one["id"] for one in made}) == 1
    payload = await client.mutate(
        "createExecution", namespace="actions", flow="once", idempotencyKey="k1", priority=5
    )
    assert payload["problems"][0]["code"] == "IDEMPOTENCY_CONFLICT"
    await client.until_ended(made[0]["id"])


async def test_an_action_on_a_missing_execution_is_not_found(client: Client) -> None:
    for id in ("exec_01h45ytscbebyvny4gc8cr8ma2", "nonsense", "flow_01h45ytscbebyvny4gc8cr8ma2"):
        (problem,) = (await client.mutate("cancelExecution", id=id))["problems"]
        assert problem["code"] == "NOT_FOUND"
    assert (await client.post('{ execution(id: "nonsense") { id } }'))["execution"] is None


async def test_two_concurrent_actions_have_one_effect(
    client: Client, served: Served, tmp_path: Path
) -> None:
    source = flow("contended", "  - {id: ok, type: approval, message: go}\n")
    id = (await client.run(source))["id"]
    approval = task(await client.until(id, state="WAITING_FOR_APPROVAL"), "ok")["approval"]["id"]
    answers = await asyncio.gather(
        client.mutate("approve", approvalId=approval, comment="a"),
        client.mutate("reject", approvalId=approval, comment="b"),
        client.mutate("cancelExecution", id=id),
    )
    assert sum(not answer["problems"] for answer in answers) >= 1
    ended = await client.until_ended(id)
    assert ended["state"] in {"SUCCESS", "REJECTED", "KILLED"}
