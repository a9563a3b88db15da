"""A flow with an approval, an operator who tries to bypass it, and the refusals."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.states import EXECUTION_ENDS, ExecutionState
from tests.api.client import Client, states, task
from tests.semantics.scene import RUN, act, acted, does, flow

HEAD = "inputs: [{id: day, type: STRING, default: monday}]\n"
TASKS = """
  - {id: extract, type: return, outputs: {rows: 7}}
  - {id: ask, type: approval, needs: [extract], message: "load {{ outputs.extract.rows }}?"%s}
  - {id: mid, type: log, needs: [ask], message: m}
  - {id: load, type: %s, needs: [mid]}
"""
LOAD = 'shell, run: "echo ran >> $MARK", env: {MARK: "MARKED"}'
FAILS = 'shell, run: "echo ran >> $MARK; exit 1", env: {MARK: "MARKED"}'
MOVING = sorted(
    set(ExecutionState)
    - EXECUTION_ENDS
    - {ExecutionState.PAUSED, ExecutionState.WAITING_FOR_APPROVAL}
)
DRAFT = "draft { createInput tasks { key enabled plan why mustAsk } }"


@dataclass
class Scene:
    """`admin` may override; `otto` is an operator, and `key` the name of this test's flow."""

    admin: Client
    otto: Client
    key: str
    mark: Path

    def text(self, load: str = LOAD, approval: str = "", head: str = HEAD) -> str:
        tasks = TASKS % (approval and f", {approval}", load.replace("MARKED", str(self.mark)))
        return flow(self.key, tasks, head)

    @property
    def ran(self) -> int:
        return len(self.mark.read_text().splitlines()) if self.mark.exists() else 0

    async def waiting(self, text: str | None = None, **input: Any) -> tuple[str, str]:
        """Creates an execution that waits at its approval; returns its id and the request's."""
        begun = await self.otto_runs(text, **input)
        return begun, await request_of(self.admin, begun)

    async def otto_runs(self, text: str | None = None, **input: Any) -> str:
        await self.admin.save(text or self.text())
        begun = await acted(
            self.otto, "createExecution", namespace="semantics", flow=self.key, **input
        )
        return str(begun["id"])

    async def rejected(self, text: str | None = None) -> str:
        id, request = await self.waiting(text)
        await does(self.admin, "reject", approvalId=request, comment="no")
        await self.admin.until_ended(id)
        return id

    async def approved(self, text: str | None = None, **input: Any) -> str:
        """Returns an ended execution whose approval was given."""
        id, request = await self.waiting(text, **input)
        await does(self.admin, "approve", approvalId=request)
        await self.admin.until_ended(id)
        return id

    async def awaits_decision(self, id: str) -> None:
        """Checks that the execution waits for a new decision, and that nothing after the approval has run."""
        await request_of(self.admin, id)
        assert states(await self.admin.show(id))["load"] == "CREATED"
        await acted(self.admin, "cancelExecution", id=id)

    async def count(self, **where: Any) -> int:
        query = """query ($where: ExecutionFilter!) { executions(where: $where) {
          totalCount { value } } }"""
        found = await self.admin.post(query, where={"flow": {"eq": self.key}, **where})
        return int(found["executions"]["totalCount"]["value"])

    async def until_quiet(self) -> None:
        """Waits until each execution of this flow has ended or waits for a person."""
        async with asyncio.timeout(self.admin.timeout):
            while await self.count(state={"in": MOVING}):
                pass

    async def audited(self) -> list[dict[str, Any]]:
        """Returns the audit log's entries about executions of this flow, newest first."""
        query = """{ auditLog(where: {namespace: "semantics"}, first: 200) {
          nodes { action reason actor { name } targetName data } } }"""
        nodes = (await self.admin.post(query))["auditLog"]["nodes"]
        return [one for one in nodes if (one["targetName"] or "").startswith(f"{self.key}-")]


async def request_of(client: Client, id: str) -> str:
    """Waits for the approval request of the execution; returns its id."""
    found = await client.until(id, ask="WAITING_FOR_APPROVAL")
    return str(task(found, "ask")["approval"]["id"])


async def refusal(scene: Scene, who: Client, name: str, what: str = RUN, **input: Any) -> Any:
    """Returns the problem of an attempt, after checking that no execution was created, nothing was logged, and nothing
    ran."""
    await scene.until_quiet()
    before = scene.ran, await scene.count(), await scene.audited()
    (problem,) = (await act(who, name, what, **input))["problems"]
    assert (scene.ran, await scene.count(), await scene.audited()) == before
    return problem


def creation(scene: Scene, **input: Any) -> dict[str, Any]:
    return {"namespace": "semantics", "flow": scene.key, **input}


async def is_refused(
    scene: Scene, name: str, code: str, *path: str, what: str = RUN, **input: Any
) -> str:
    problem = await refusal(scene, scene.otto, name, what, **input)
    assert (problem["code"], problem["path"]) == (code, list(path) or None), problem
    return str(problem["message"])
