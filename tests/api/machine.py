"""Random actions of several people, two at once, on executions of every kind. A seed determines the actions."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import asyncpg

from models.ids import typed
from models.lifecycle.actions import Action
from models.states import TASK_RUN_ENDS
from runner.maintenance import invariants
from tests.api.client import ENDS, PROBLEM, Client
from tests.api.held import Target, act

NAMESPACE = "machine"
MIXED = """
inputs: [{id: fails, type: BOOL, default: false}]
finally_timeout: 5s
tasks:
  - {id: a, type: log, message: a}
  - {id: flaky, type: fail, when: "{{ inputs.fails }}", needs: [a], retry: {max_attempts: 2, delay: 200ms}}
  - {id: held, type: wait, event: go, needs: [a]}
  - {id: ok, type: approval, required: 2, needs: [a], timeout: 1h}
  - {id: z, type: log, message: z, needs: [held, ok]}
errors: [{id: oops, type: log, message: oops}]
finally: [{id: last, type: log, message: bye}]
outputs: {done: true}
"""
EACH = """
inputs: [{id: fails, type: BOOL, default: false}]
tasks:
  - id: each
    type: foreach
    items: [0, 1, 2, 3, 4]
    max_parallel: 2
    tasks:
      - {id: w, type: wait, duration: 50ms}
      - {id: f, type: fail, when: "{{ inputs.fails and index == 2 }}", needs: [w]}
      - {id: l, type: log, message: "{{ item }}", needs: [w]}
  - {id: ok, type: approval, needs: [each]}
"""
PARENT = """
inputs: [{id: fails, type: BOOL, default: false}]
tasks:
  - {id: down, type: subflow, flow: mixed-finish-running, inputs: {fails: "{{ inputs.fails }}"}}
  - {id: detached, type: subflow, flow: each, wait: false}
  - {id: z, type: log, message: z, needs: [down]}
"""
LIMITED = """
concurrency: {{limit: 2, behavior: {}}}
tasks: [{{id: held, type: wait, event: go}}, {{id: ok, type: approval, needs: [held]}}]
"""
CACHED = """
cache: {ttl: 1h}
inputs: [{id: fails, type: BOOL, default: false}]
tasks:
  - {id: a, type: log, message: a, cache: {ttl: 1h}}
  - {id: f, type: fail, when: "{{ inputs.fails }}", needs: [a], allow_failure: true}
"""
STUBBORN = """
timeout: 1h
tasks:
  - {{id: a, type: shell, kill_grace: 300ms, run: "trap '' TERM; until [ -e {go} ]; do sleep 0.05; done"}}
  - {{id: z, type: log, message: z, needs: [a]}}
"""
LIMITS = ("QUEUE", "CANCEL_NEW", "CANCEL_RUNNING", "FAIL")
EXPECTED = {"INVALID_STATE", "ALREADY_DECIDED", "ALREADY_VOTED", "NOT_FOUND", "VALIDATION"}
ONCE = (Action.PAUSE, Action.RESUME, Action.ARCHIVE, Action.UNARCHIVE, Action.DELETE)
"""Actions of which at most one succeeds when two are sent at once."""
ORPHANS = """
select c.id from executions c
  join task_runs t on t.execution_id = c.parent_id and t.path = c.parent_path
  join attempts a on a.task_run_id = t.id and a.number = c.parent_attempt
where c.ended_at is null and a.state = 'KILLED' and not c.labels ? 'system.restarted'
"""
CROWDS = f"""
select execution_id from task_runs
where path like 'each[%' and state not in ('CREATED', {", ".join(f"'{state}'" for state in sorted(TASK_RUN_ENDS))})
group by 1 having count(distinct split_part(path, ']', 1)) > 2
"""
_MOST_ALIVE = 40
_STUCK_AFTER = 45.0
"""Seconds without an ended execution, although all were moved on, after which the test fails."""
_FOLDED_EVERY = 25
"""The number of steps; folding all events afterwards takes longer than the steps."""


def flows(go: Path) -> Mapping[str, str]:
    mixed = {
        f"mixed-{action.lower().replace('_', '-')}": f"on_failure: {action}{MIXED}"
        for action in ("FINISH_RUNNING", "FINISH_POSSIBLE", "CANCEL_ALL")
    }
    limited = {f"limited-{name.lower().replace('_', '-')}": LIMITED.format(name) for name in LIMITS}
    others = {"each": EACH, "parent": PARENT, "cached": CACHED, "stubborn": STUBBORN.format(go=go)}
    return {**mixed, **limited, **others}


@dataclass
class Machine:
    """`doors` are the clients of the people, each at one of the processes."""

    random: Random
    doors: Sequence[Client]
    pool: asyncpg.Pool
    go: Path
    ids: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    steps: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    async def save(self) -> None:
        self.go.unlink(missing_ok=True)
        for name, source in flows(self.go).items():
            await self.doors[0].save(f"id: {name}\nnamespace: {NAMESPACE}\n{source.lstrip()}")

    async def step(self) -> None:
        """Has two people act on one execution at the same time, then checks the invariants."""
        if not self.ids or self.random.random() < 0.25:
            await self._create()
        else:
            await self._act_at_once(self._pick())
        await self._none(await invariants.verify_rows(self.pool, at_rest=False))
        assert await self.pool.fetch(CROWDS) == []
        self.steps += 1
        if self.steps % _FOLDED_EVERY == 0:
            await self._none(await invariants.verify_folds(self.pool))

    # -- creating -----------------------------------------------------------------------------------------------------

    async def _create(self) -> None:
        """Creates two at once; sometimes with one idempotency key, which creates one execution."""
        alive = "select count(*) from executions where ended_at is null"
        if await self.pool.fetchval(alive) >= _MOST_ALIVE:
            return
        flow = self.random.choice(sorted(flows(self.go)))
        input: dict[str, Any] = {"priority": self.random.choice((0, 0, 5, -5))}
        if "limited" not in flow and flow != "stubborn":
            input["inputs"] = {"fails": self.random.random() < 0.4}
        if self.random.random() < 0.3:
            input["idempotencyKey"] = f"key{self.random.randrange(10**9)}"
        first = self._somebody()
        second = first if "idempotencyKey" in input else self._somebody()
        self.log.append(f"create {flow} twice {input}")
        made = await asyncio.gather(
            *(each.create(f"{NAMESPACE}/{flow}", **input) for each in (first, second))
        )
        ids = [one["id"] for one in made]
        if "idempotencyKey" in input:
            assert ids[0] == ids[1]
        self.ids += dict.fromkeys(ids)

    # -- acting -------------------------------------------------------------------------------------------------------

    def _pick(self) -> str:
        recent = self.random.random() < 0.7
        return self.random.choice(self.ids[-8:] if recent else self.ids)

    def _somebody(self) -> Client:
        return self.random.choice(self.doors)

    async def _act_at_once(self, id: str) -> None:
        shown = await self.doors[0].post(SHOWN, id=id)
        if shown["execution"] is None:
            assert id in self.deleted
            self.ids.remove(id)
            return
        first, second = self._name(shown["execution"]), self._name(shown["execution"])
        if self.random.random() < 0.2:
            second = first
        one, other = self.random.sample(self.doors, 2)
        self.log.append(f"{first} and {second} on {id}, {shown['execution']['state']}")
        answers = await asyncio.gather(
            self._do(one, first, shown["execution"]), self._do(other, second, shown["execution"])
        )
        self.log.append(f"  {answers}")
        self._check_answers(id, (first, second), answers)

    def _name(self, shown: dict[str, Any]) -> str:
        """Returns mostly an action that is allowed now; sometimes any action."""
        allowed = [one["action"] for one in shown["availableActions"] if one["allowed"]]
        names = [*allowed, "EVENT", "DRAFT"] if self.random.random() < 0.8 else list(Action)
        seldom = ("DELETE", "ADD_NOTE", "SET_LABELS")
        return self.random.choices(names, [0.3 if one in seldom else 1.0 for one in names])[0]

    async def _do(self, client: Client, name: str, shown: dict[str, Any]) -> list[str]:
        """Runs the action and returns the codes of its problems."""
        if name == "EVENT":
            return await self._send(client, executionId=shown["id"])
        if name == "DRAFT":
            return await self._draft(client, Target.of(shown))
        action = Action(name)
        target = self._target(shown)
        more: dict[str, Any] = {}
        if action is Action.CHANGE_STATE:
            more["state"] = self.random.choice(("SUCCESS", "WARNING", "FAILED", "KILLED"))
        if action is Action.CHANGE_TASK_RUN_STATE:
            more["state"] = self.random.choice(("SUCCESS", "WARNING", "FAILED", "SKIPPED"))
        payload = await act(client, action, target, **more)
        if action is Action.REPLAY and payload["execution"]:
            self.ids.append(payload["execution"]["id"])
        return [problem["code"] for problem in payload["problems"]]

    def _target(self, shown: dict[str, Any]) -> Target:
        """Targets any task run of the execution, and mostly its pending approval."""
        task_run = self.random.choice(shown["taskRuns"])["id"]
        return replace(Target.of(shown), task_run=task_run)

    async def _draft(self, client: Client, target: Target) -> list[str]:
        payload = await act(client, Action.PREPARE_EXECUTION, target)
        if payload["problems"]:
            return [problem["code"] for problem in payload["problems"]]
        made = await client.mutate("createExecution", **payload["draft"]["createInput"])
        if made["execution"]:
            self.ids.append(made["execution"]["id"])
        return [problem["code"] for problem in made["problems"]]

    async def _send(self, client: Client, **where: Any) -> list[str]:
        data = await client.post(
            f"mutation ($input: SendEventInput!) {{ sendEvent(input: $input) {{ {PROBLEM} }} }}",
            input={"name": "go", **where},
        )
        return [problem["code"] for problem in data["sendEvent"]["problems"]]

    def _check_answers(self, id: str, names: Sequence[str], answers: Sequence[list[str]]) -> None:
        for name, codes in zip(names, answers, strict=True):
            assert set(codes) <= EXPECTED, (name, codes)
            self.seen[f"{name} {codes[0] if codes else 'DONE'}"] += 1
            if name == Action.DELETE and not codes:
                self.deleted.add(id)
        if names[0] == names[1] and names[0] in ONCE:
            assert any(answers), f"{names[0]} succeeded twice"
        for name, codes in zip(names, answers, strict=True):
            if "NOT_FOUND" in codes and name not in (Action.APPROVE, Action.REJECT):
                assert id in self.deleted

    # -- the end ------------------------------------------------------------------------------------------------------

    async def let_all_end(self) -> None:
        """Checks that no orphan is left, and that every execution ends once it is resumed, approved and sent its
        events."""
        await self._until_nothing_is_pending()
        assert await self.pool.fetch(ORPHANS) == []
        self.go.touch()
        while left := await self._left():
            await self._fewer_than(left)
        await self._until_nothing_is_pending()
        await self._none(await invariants.verify(self.pool))

    async def _left(self) -> list[invariants.Violation]:
        rows = await self.pool.fetch(
            "select id, state from executions where namespace = $1 and ended_at is null", NAMESPACE
        )
        return [invariants.Violation("everything ends", *row) for row in rows]

    async def _fewer_than(self, left: list[invariants.Violation]) -> None:
        """Pushes executions until at least one has ended; fails with the events of one when none does."""
        now = left
        try:
            async with asyncio.timeout(_STUCK_AFTER):
                while len(now) >= len(left):
                    for one in now:
                        assert one.execution_id
                        await self._push(typed("exec", one.execution_id))
                    await self._send(self.doors[0], namespace=NAMESPACE)
                    now = await self._left()
        except TimeoutError:
            await self._none(now)

    async def delete_all(self) -> None:
        """Deletes all executions, and checks the invariants and that no job is left."""
        ids = await self.pool.fetch("select id from executions where namespace = $1", NAMESPACE)
        for start in range(0, len(ids), 500):
            part = [typed("exec", row["id"]) for row in ids[start : start + 500]]
            payload = await self.doors[0].post(DELETE, ids=part)
            assert payload["deleteExecutions"]["problems"] == []
        await self._until_nothing_is_pending()
        await self._none(await invariants.verify(self.pool))
        assert await self.pool.fetchval("select count(*) from pgqueuer") == 0

    async def _push(self, id: str) -> None:
        shown = (await self.doors[0].post(SHOWN, id=id))["execution"]
        if shown["state"] in ENDS:
            return
        if shown["state"] == "PAUSED":
            await act(self.doors[0], Action.RESUME, Target.of(shown))
        for task in shown["taskRuns"]:
            if task["approval"] and task["approval"]["state"] == "PENDING":
                for door in self.doors:
                    await door.mutate("approve", approvalId=task["approval"]["id"])

    async def _until_nothing_is_pending(self) -> None:
        due = "select 1 from deferred_commands where due_at <= clock_timestamp() limit 1"
        async with asyncio.timeout(30):
            while await self.pool.fetch(due):
                await asyncio.sleep(0)

    async def _none(self, found: list[invariants.Violation]) -> None:
        """Fails if an invariant is violated, with the events of the first execution that violates one."""
        if found:
            events = await self.pool.fetch(
                "select * from events where execution_id = $1 order by seq", found[0].execution_id
            )
            log = "\n".join(str(dict(event)) for event in events)
            raise AssertionError(f"{found}\n{log}")

    def story(self) -> str:
        return "\n".join(self.log)


DELETE = "mutation ($ids: [ID!]!) { deleteExecutions(input: {ids: $ids}) { problems { message } } }"
SHOWN = """query ($id: ID!) { execution(id: $id) { id state
  availableActions { action allowed }
  taskRuns { id key state approval { id state } } } }"""
