"""Real executions in every state: brought there over the API, and held there by people and events, never by time."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from models.lifecycle.actions import Action
from models.states import ExecutionState
from tests.api.client import ENDS, PROBLEM, Client, task

NAMESPACE = "held"
GATE = "  - {id: gate, type: approval}\n"
HOLD = "  - {id: hold, type: wait, event: go, needs: [gate]}\n"
BAD = "  - {id: bad, type: fail, needs: [gate]}\n"
DONE = "  - {id: done, type: log, message: x, needs: [gate]}\n"

_ALWAYS = frozenset({Action.SET_LABELS, Action.ADD_NOTE})
_ALIVE = _ALWAYS | {Action.CANCEL}
_ENDED = _ALWAYS | {
    Action.REPLAY,
    Action.PREPARE_EXECUTION,
    Action.CHANGE_STATE,
    Action.CHANGE_TASK_RUN_STATE,
    Action.ARCHIVE,
    Action.DELETE,
}


@dataclass(frozen=True)
class Case:
    """The steps that bring an execution to a state, and the actions that the specification allows in this state."""

    state: ExecutionState
    allowed: frozenset[Action]
    tasks: str = GATE + HOLD
    head: str = ""
    steps: tuple[str, ...] = ("approve",)
    first: tuple[str, ...] | None = None
    """The steps of an execution of the same flow that must exist first."""
    tail: str = ""


_S, _A = ExecutionState, Action
CASES: Mapping[str, Case] = {
    "created": Case(_S.CREATED, _ALIVE | {_A.FORCE_RUN}, steps=("later",)),
    "queued": Case(
        _S.QUEUED, _ALIVE | {_A.FORCE_RUN}, head="concurrency: {limit: 1}\n", steps=(), first=()
    ),
    "running": Case(_S.RUNNING, _ALIVE | {_A.PAUSE, _A.CHANGE_TASK_RUN_STATE}),
    "running-for-a-worker": Case(
        _S.RUNNING,
        _ALIVE | {_A.PAUSE, _A.CHANGE_TASK_RUN_STATE, _A.FORCE_RUN},
        tasks=GATE + "  - {id: lone, type: log, message: x, queue: nobody, needs: [gate]}\n",
    ),
    "paused": Case(
        _S.PAUSED,
        _ALIVE | {_A.RESUME, _A.FORCE_RUN, _A.CHANGE_TASK_RUN_STATE},
        steps=("approve", "pause"),
    ),
    "paused-with-a-failure": Case(
        _S.PAUSED,
        _ALIVE | {_A.RESUME, _A.FORCE_RUN, _A.CHANGE_TASK_RUN_STATE, _A.RETRY_FAILED},
        tasks=GATE + BAD + HOLD,
        steps=("approve", "failed", "pause"),
    ),
    "waiting": Case(
        _S.WAITING_FOR_APPROVAL,
        _ALIVE | {_A.PAUSE, _A.APPROVE, _A.REJECT, _A.CHANGE_TASK_RUN_STATE},
        tasks=GATE + "  - {id: again, type: approval, needs: [gate]}\n",
    ),
    "waiting-for-the-first": Case(
        _S.WAITING_FOR_APPROVAL, _ALIVE | {_A.PAUSE, _A.APPROVE, _A.REJECT}, steps=()
    ),
    "failed-finishing": Case(
        _S.FAILED_FINISHING,
        _ALIVE | {_A.PAUSE, _A.RETRY_FAILED, _A.CHANGE_TASK_RUN_STATE},
        tasks=GATE + BAD + HOLD,
    ),
    "killing": Case(
        _S.KILLING,
        _ALIVE,
        steps=("approve", "cancel"),
        tail="finally_timeout: 10m\nfinally: [{id: last, type: wait, event: go}]\n",
    ),
    "success": Case(_S.SUCCESS, _ENDED, tasks=GATE + DONE),
    "warning": Case(
        _S.WARNING, _ENDED, tasks=GATE + BAD.replace("fail,", "fail, allow_failure: true,")
    ),
    "failed": Case(_S.FAILED, _ENDED | {_A.RESTART}, tasks=GATE + BAD),
    "killed": Case(_S.KILLED, _ENDED | {_A.RESTART}, steps=("approve", "cancel")),
    "cancelled": Case(
        _S.CANCELLED,
        _ENDED | {_A.RESTART},
        head="concurrency: {limit: 1, behavior: CANCEL_NEW}\n",
        steps=(),
        first=(),
    ),
    "rejected": Case(_S.REJECTED, _ENDED | {_A.RESTART}, steps=("reject",)),
    "error": Case(
        _S.ERROR,
        _ENDED | {_A.RESTART},
        tasks=GATE
        + '  - {id: bad, type: log, message: "{{ outputs.gate.nothing }}", needs: [gate]}\n',
    ),
    "cached": Case(
        _S.CACHED, _ENDED, tasks=GATE, head="cache: {ttl: 1h}\n", steps=(), first=("approve", "end")
    ),
}
PASSED_THROUGH = frozenset({ExecutionState.RESTARTED})
"""States that no committed transaction leaves an execution in."""


@dataclass(frozen=True)
class Target:
    """The objects that actions on an execution may refer to."""

    id: str
    task_run: str
    approval: str

    @classmethod
    def of(cls, execution: Mapping[str, Any]) -> "Target":
        """Returns the targets: an ended task run and a pending approval, where they exist."""
        tasks = execution["taskRuns"]
        ended = [one for one in tasks if one["state"] in ENDS | {"SKIPPED"}] or tasks
        approvals = [one["approval"] for one in tasks if one["approval"]]
        open_ones = [one for one in approvals if one["state"] == "PENDING"] or approvals
        nobody = execution["id"].replace("exec_", "appr_")
        return cls(execution["id"], ended[0]["id"], open_ones[0]["id"] if open_ones else nobody)


Input = Callable[[Target], Mapping[str, Any]]
_ONE: Input = lambda target: {"id": target.id}  # noqa: E731
_MANY: Input = lambda target: {"ids": [target.id]}  # noqa: E731
_REQUEST: Input = lambda target: {"approvalId": target.approval}  # noqa: E731
MUTATIONS: Mapping[Action, tuple[str, str, Input]] = {
    Action.CANCEL: ("cancelExecution", "CancelExecutionInput", _ONE),
    Action.PAUSE: ("pauseExecution", "ActionInput", _ONE),
    Action.RESUME: ("resumeExecution", "ActionInput", _ONE),
    Action.RETRY_FAILED: ("retryFailed", "RetryFailedInput", _ONE),
    Action.RESTART: ("restartExecution", "RestartExecutionInput", _ONE),
    Action.REPLAY: ("replayExecution", "ReplayExecutionInput", _ONE),
    Action.PREPARE_EXECUTION: ("prepareExecution", "PrepareExecutionInput", _ONE),
    Action.FORCE_RUN: ("forceRun", "ActionInput", _ONE),
    Action.CHANGE_STATE: (
        "changeState",
        "ChangeStateInput",
        lambda target: {"id": target.id, "state": "WARNING", "reason": "seen"},
    ),
    Action.CHANGE_TASK_RUN_STATE: (
        "changeTaskRunState",
        "ChangeTaskRunStateInput",
        lambda target: {"taskRunId": target.task_run, "state": "WARNING", "reason": "seen"},
    ),
    Action.SET_LABELS: (
        "setLabels",
        "SetLabelsInput",
        lambda target: {"id": target.id, "labels": [{"key": "seen", "value": "yes"}]},
    ),
    Action.ADD_NOTE: ("addNote", "AddNoteInput", lambda target: {"id": target.id, "text": "seen"}),
    Action.ARCHIVE: ("archiveExecutions", "ManyInput", _MANY),
    Action.UNARCHIVE: ("unarchiveExecutions", "ManyInput", _MANY),
    Action.DELETE: ("deleteExecutions", "DeleteExecutionsInput", _MANY),
    Action.APPROVE: ("approve", "DecideInput", _REQUEST),
    Action.REJECT: ("reject", "DecideInput", _REQUEST),
}
"""The mutation of each action: its name, the type of its input, and the input."""
_CREATES = {Action.REPLAY: "execution { id }", Action.PREPARE_EXECUTION: "draft { createInput }"}


async def act(client: Client, action: Action, target: Target, **more: Any) -> dict[str, Any]:
    """Returns the payload; its problems are the refusal."""
    name, kind, input = MUTATIONS[action]
    what = f"{_CREATES.get(action, '')} {PROBLEM}"
    data = await client.post(
        f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {what} }} }}",
        input={**input(target), **more},
    )
    payload: dict[str, Any] = data[name]
    return payload


def source_of(name: str, case: Case) -> str:
    return f"id: {name}\nnamespace: {NAMESPACE}\n{case.head}tasks:\n{case.tasks}{case.tail}"


async def prepare_flow(client: Client, name: str) -> None:
    await client.save(source_of(name, CASES[name]))
    first = CASES[name].first
    if first is not None:
        await _bring(client, name, first, noCache=True)


async def hold(client: Client, name: str) -> str:
    """Returns the id of a new execution of this case that stays in its state."""
    id = await _bring(client, name, CASES[name].steps)
    await client.until(id, state=CASES[name].state)
    return id


async def _bring(client: Client, name: str, steps: tuple[str, ...], **input: Any) -> str:
    if "later" in steps:
        input["scheduledAt"] = "2100-01-01T00:00:00Z"
    id: str = (await client.create(f"{NAMESPACE}/{name}", **input))["id"]
    for step in steps:
        if step in ("approve", "reject"):
            waiting = await client.until(id, gate="WAITING_FOR_APPROVAL")
            approval = task(waiting, "gate")["approval"]["id"]
            assert not (await client.mutate(step, approvalId=approval))["problems"]
        elif step == "failed":
            await client.until(id, bad="FAILED")
        elif step == "end":
            await client.until_ended(id)
        elif step in ("pause", "cancel"):
            await client.until(id, hold="RUNNING")
            assert not (await client.mutate(f"{step}Execution", id=id))["problems"]
    return id


_ROWS = {
    "executions": "id = $1",
    "derived": "$1 in (replay_of, rerun_of, parent_id)",
    "task_runs": "execution_id = $1",
    "attempts": "execution_id = $1",
    "approvals": "execution_id = $1",
    "votes": "approval_id in (select id from approvals where execution_id = $1)",
    "events": "execution_id = $1",
    "deferred_commands": "execution_id = $1",
    "notes": "execution_id = $1",
    "audit_log": "execution_id = $1",
    "pgqueuer": "(convert_from(payload, 'utf8')::jsonb ->> 0)::uuid = $1",
}
_OF_THE_MOMENT = ["lease_expires_at", "claimed_until", "heartbeat", "updated", "status"]


async def everything(pool: asyncpg.Pool, id: Any) -> dict[str, list[str]]:
    """Returns every row of an execution, as text."""
    found = {}
    for name, condition in _ROWS.items():
        table = "executions" if name == "derived" else name
        found[name] = [
            row[0]
            for row in await pool.fetch(
                f"select (to_jsonb(t) - $2::text[])::text from {table} t where {condition} order by 1",
                id,
                _OF_THE_MOMENT,
            )
        ]
    return found


async def at_rest(pool: asyncpg.Pool, id: Any) -> None:
    """Waits until the execution has no due deferred command."""
    due = "select from deferred_commands where execution_id = $1 and due_at <= clock_timestamp()"
    async with asyncio.timeout(20):
        while await pool.fetch(due, id):
            await asyncio.sleep(0)


async def let_all_end(pool: asyncpg.Pool, client: Client, namespace: str) -> None:
    """Cancels unfinished executions, so that the next test finds an idle server."""
    left = "select id from executions where namespace = $1 and ended_at is null"
    async with asyncio.timeout(60):
        while ids := [row["id"] for row in await pool.fetch(left, namespace)]:
            await asyncio.gather(*(_cancel(client, typed_id(id)) for id in ids))


async def _cancel(client: Client, id: str) -> None:
    await client.mutate("cancelExecution", id=id, force=True)


def typed_id(id: Any) -> str:
    from models.ids import typed

    return typed("exec", id)
