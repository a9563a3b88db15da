"""States: their meanings, the contents of events, the end of an execution, and progress."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.ids import untyped
from models.lifecycle.advance.advance import end_of
from models.states import AttemptState, ExecutionState, TaskRunState
from tests.api.client import Client, states, task
from tests.models.lifecycle.stage import Stage
from tests.semantics.scene import (
    Tables,
    acted,
    child_of,
    ended,
    events,
    flow,
    held,
    moves,
    read,
    refused,
)


async def test_created_is_accepted_and_waits_to_be_handled_until_its_time(
    client: Client, tables: Tables
) -> None:
    await client.save(flow("later", "  - {id: a, type: log, message: a}\n"))
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    id = (await client.create("semantics/later", scheduledAt=at))["id"]
    assert (await client.show(id))["state"] == "CREATED"
    assert states(await client.show(id)) == {"a": "CREATED"}
    await tables.make_due(id, "Begin")
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    assert await moves(client, id) == ["RUNNING", "SUCCESS"]


async def test_waiting_for_approval_only_while_a_person_alone_can_move_it(client: Client) -> None:
    tasks = "  - {id: ok, type: approval}\n  - {id: w, type: wait, event: go}\n"
    id = (await client.run(flow("only-people", tasks)))["id"]
    found = await client.until(id, ok="WAITING_FOR_APPROVAL", w="RUNNING")
    assert found["state"] == "RUNNING"
    await client.post(
        "mutation ($input: SendEventInput!) { sendEvent(input: $input) { problems { code } } }",
        input={"name": "go", "executionId": id},
    )
    assert (await client.until(id, state="WAITING_FOR_APPROVAL"))["state"]
    await acted(client, "cancelExecution", id=id)


async def test_a_retry_that_waits_keeps_it_from_waiting_for_approval(client: Client) -> None:
    tasks = "  - {id: ok, type: approval}\n  - {id: f, type: fail, retry: {max_attempts: 2, delay: 1h}}\n"
    id = (await client.run(flow("retry-and-people", tasks)))["id"]
    found = await client.until(id, ok="WAITING_FOR_APPROVAL", f="RETRYING")
    assert found["state"] == "RUNNING"
    await acted(client, "cancelExecution", id=id)


@pytest.mark.parametrize(
    ("tasks", "head"),
    [
        ('  - {id: a, type: log, message: a, when: "{{ 1 / 0 }}"}\n', ""),
        ('  - {id: a, type: log, message: "{{ 1 / 0 }}"}\n', ""),
        ('  - {id: a, type: approval, message: "{{ 1 / 0 }}"}\n', ""),
        ("  - {id: a, type: log, message: a}\n", 'outputs: {x: "{{ 1 / 0 }}"}\n'),
    ],
)
async def test_an_expression_that_cannot_be_evaluated_ends_it_in_error(
    client: Client, tasks: str, head: str
) -> None:
    found = await ended(client, flow("cannot-evaluate", tasks, head))
    assert (found["state"], found["failure"]["code"]) == ("ERROR", "EXPRESSION")


async def test_skipped_counts_as_success(client: Client) -> None:
    tasks = """
  - {id: off, type: log, message: a, disabled: true}
  - {id: unmet, type: log, message: a, when: "{{ 1 > 2 }}"}
  - {id: after, type: log, message: a, needs: [off, unmet], when: "{{ 2 > 1 }}"}
"""
    found = await ended(client, flow("skipped", tasks))
    assert (found["state"], states(found)) == (
        "SUCCESS",
        {"off": "SKIPPED", "unmet": "SKIPPED", "after": "SUCCESS"},
    )


async def test_a_failure_that_is_allowed_is_a_warning(client: Client) -> None:
    tasks = """
  - {id: a, type: fail, allow_failure: true}
  - {id: b, type: log, message: b, needs: [a]}
"""
    found = await ended(client, flow("allowed", tasks))
    assert (found["state"], states(found)) == ("WARNING", {"a": "WARNING", "b": "SUCCESS"})
    assert await moves(client, found["id"]) == ["RUNNING", "WARNING"]


async def test_run_if_depends_on_the_ends_of_needed_tasks(client: Client) -> None:
    tasks = """
  - {id: good, type: log, message: a}
  - {id: bad, type: fail}
  - {id: if_good, type: log, message: a, needs: [good]}
  - {id: if_bad, type: log, message: a, needs: [bad], run_if: failed}
  - {id: if_bad_was_good, type: log, message: a, needs: [good], run_if: failed}
  - {id: whatever, type: log, message: a, needs: [bad], run_if: always}
  - {id: never, type: log, message: a, needs: [bad]}
"""
    found = await ended(client, flow("run-if", tasks, "on_failure: FINISH_POSSIBLE\n"))
    assert (found["state"], states(found)) == (
        "FAILED",
        {
            "good": "SUCCESS",
            "bad": "FAILED",
            "if_good": "SUCCESS",
            "if_bad": "SUCCESS",
            "if_bad_was_good": "SKIPPED",
            "whatever": "SUCCESS",
            "never": "CANCELLED",
        },
    )


async def test_engine_tasks_run_without_a_lease(client: Client, tables: Tables) -> None:
    await client.save(flow("child-that-waits", "  - {id: w, type: wait, event: go}\n"))
    tasks = """
  - {id: wait, type: wait, event: go}
  - {id: sub, type: subflow, flow: child-that-waits}
  - {id: each, type: foreach, items: [1], tasks: [{id: inner, type: wait, event: go}]}
"""
    id = (await client.run(flow("carried", tasks)))["id"]
    running = {"wait": "RUNNING", "sub": "RUNNING", "each": "RUNNING", "each[0].inner": "RUNNING"}
    found = await client.until(id, **running)
    assert [one["worker"] for key in running for one in task(found, key)["attempts"]] == [None] * 4
    child = await child_of(client, id)
    rows = await tables.rows(
        "select lease from attempts where execution_id = any($1) and state = 'RUNNING'",
        [untyped("exec", one) for one in (id, child)],
    )
    assert rows and {row["lease"] for row in rows} == {None}
    await acted(client, "cancelExecution", id=id)
    await client.until_ended(child)


async def test_setting_the_state_it_is_in_is_no_event(client: Client) -> None:
    found = await ended(client, flow("same-state", "  - {id: a, type: log, message: a}\n"))
    same = await acted(client, "changeState", id=found["id"], state="SUCCESS", reason="to be sure")
    assert same["seq"] == found["seq"]
    task_run = task(found, "a")["id"]
    same = await acted(
        client, "changeTaskRunState", taskRunId=task_run, state="SUCCESS", reason="to be sure"
    )
    assert (same["seq"], same["state"]) == (found["seq"], "SUCCESS")


async def test_every_change_is_an_event_with_seq_time_actor_channel_reason_and_cause(
    client: Client, go: Path
) -> None:
    id = (await client.run(flow("history", held("a", go) + held("b", go))))["id"]
    await client.until(id, a="RUNNING", b="RUNNING")
    await acted(client, "cancelExecution", id=id, reason="not today")
    await client.until_ended(id)
    history = await events(client, id)
    assert [event["seq"] for event in history] == list(range(1, len(history) + 1))
    assert all(event["at"] for event in history)
    assert [event["at"] for event in history] == sorted(event["at"] for event in history)
    cancel, *followed = [event for event in history if event["toState"] == "KILLING"]
    assert cancel["actor"] == {"kind": "USER", "name": "admin"}
    assert (cancel["channel"], cancel["reason"], cancel["causedBy"]) == ("API", "not today", None)
    assert {event["taskRun"]["key"] for event in followed} == {"a", "b"}
    assert {event["causedBy"] for event in followed} == {cancel["seq"]}
    begun = next(event for event in history if event["type"] == "ATTEMPT_STARTED")
    assert (begun["actor"]["kind"], begun["channel"]) == ("WORKER", "ENGINE")


ORDER = ["KILLED", "REJECTED", "FAILED", "ERROR", "WARNING", "SUCCESS"]


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_an_execution_ends_in_the_first_that_applies(first: int) -> None:
    names = ORDER[first:]
    tasks = "".join(f"  - {{id: {name.lower()}, type: log, message: a}}\n" for name in names)
    execution = Stage(flow("ends", tasks)).execution
    tasks_ended = {
        path: replace(run, state=TaskRunState(path.upper()))
        for path, run in execution.tasks.items()
    }
    assert end_of(replace(execution, tasks=tasks_ended)) is ExecutionState(names[0])


async def test_progress_is_the_ended_and_reported_share_and_1_only_at_the_end(
    client: Client, go: Path
) -> None:
    said = """
  - id: half
    type: shell
    env: {GO: "%s"}
    run: |
      echo '{"progress": 0.5, "message": "half way"}' >&"$HEADWAY_FD"
      until [ -e "$GO" ]; do sleep 0.02; done
  - {id: quick, type: log, message: a}
  - {id: each, type: foreach, needs: [half], items: [1, 2], tasks: [{id: one, type: log, message: a}]}
"""
    id = (await client.run(flow("progress", said % go)))["id"]
    seen: list[tuple[int, float]] = []
    async with client.subscribe(
        "subscription ($id: ID!) { execution(id: $id) { state progress taskRuns { key } } }", id=id
    ) as messages:
        async for data in messages:
            now = data["execution"]
            seen.append((len(now["taskRuns"]), now["progress"]))
            assert (now["progress"] == 1.0) is (now["state"] == "SUCCESS")
            if now["progress"] == 0.5:
                go.touch()
            if now["state"] == "SUCCESS":
                break
    assert (3, 0.5) in seen, "one of three has ended, one is half way"
    assert seen == sorted(seen), "it falls only where task runs are added"
    assert seen[-1] == (5, 1.0)


async def test_progress_falls_when_task_runs_are_added_or_requeued() -> None:
    each = "  - {id: each, type: foreach, items: [1, 2, 3], tasks: [{id: one, type: log, message: a}]}\n"
    stage = Stage(flow("grows", each + "  - {id: a, type: log, message: a}\n"))
    stage.run("a", AttemptState.SUCCESS)
    assert stage.execution.progress == 0.5
    stage.evaluate({"items": [1, 2, 3]})
    assert stage.execution.progress == 0.2


async def test_an_action_on_a_state_that_has_changed_since_is_a_conflict(client: Client) -> None:
    id = (await client.run(flow("seen", "  - {id: ok, type: approval}\n")))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    problem = await refused(client, "pauseExecution", id=id, expectedSeq=1)
    assert problem["code"] == "CONFLICT"
    changes = await read(client, id, "stateHistory { seq state }")
    latest = changes["stateHistory"][-1]
    assert latest["state"] == "WAITING_FOR_APPROVAL"
    paused = await acted(client, "pauseExecution", id=id, expectedSeq=latest["seq"])
    assert paused["state"] == "PAUSED"
    await acted(client, "cancelExecution", id=id)
