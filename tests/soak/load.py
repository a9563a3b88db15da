"""The load of a soak test: executions of every kind, whose creation is repeated until accepted, and actions of
people."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import httpx

from tests.soak.record import LOUD
from tests.soak.stage import Stage

MARK = 'echo "$HEADWAY_TASK $HEADWAY_ATTEMPT" >> {marks}/$NAME'
FLOWS = """
id: steps
namespace: soak
inputs: [{{id: name, type: STRING}}]
tasks:
  - id: first
    type: shell
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: |
      {mark}
      for n in 1 2 3 4 5 6 7 8 9 10; do echo "line $n"; done
      echo '{{"metric": {{"name": "loss", "value": 0.5}}}}' >&"$HEADWAY_FD"
      echo '{{"property": {{"rate": 0.1}}}}' >> $HEADWAY_FILE
      echo '{{"output": {{"rows": 3}}}}' >&"$HEADWAY_FD"
  - {{id: light, type: return, needs: [first], outputs: {{rows: "{{{{ outputs.first.rows }}}}"}}}}
  - id: last
    type: shell
    needs: [light]
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: |
      {mark}
      echo rows {{{{ outputs.light.rows }}}}
---
id: fan
namespace: soak
inputs: [{{id: name, type: STRING}}]
tasks:
  - id: each
    type: foreach
    items: [1, 2, 3, 4, 5, 6]
    tasks:
      - id: one
        type: shell
        env: {{NAME: "{{{{ inputs.name }}}}"}}
        run: '{mark}; echo item {{{{ item }}}}'
  - {{id: after, type: log, needs: [each], message: done}}
---
id: parent
namespace: soak
inputs: [{{id: name, type: STRING}}]
tasks:
  - {{id: child, type: subflow, flow: steps, inputs: {{name: "{{{{ inputs.name }}}}"}}}}
---
id: gate
namespace: soak
inputs: [{{id: name, type: STRING}}]
tasks:
  - {{id: ask, type: approval}}
  - id: last
    type: shell
    needs: [ask]
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: '{mark}'
---
id: narrow
namespace: soak
concurrency: {{limit: 2}}
inputs: [{{id: name, type: STRING}}]
tasks:
  - id: only
    type: shell
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: '{mark}; sleep 0.2'
---
id: again
namespace: soak
inputs: [{{id: name, type: STRING}}]
tasks:
  - id: only
    type: shell
    retry: {{max_attempts: 4, delay: 200ms}}
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: '{mark}; if [ $HEADWAY_ATTEMPT -lt 2 ]; then exit 1; fi'
---
id: long
namespace: soak
inputs: [{{id: name, type: STRING}}]
tasks:
  - id: only
    type: shell
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: '{mark}; sleep 6; echo "slept"'
---
id: loud
namespace: soak
inputs: [{{id: name, type: STRING}}]
tasks:
  - id: only
    type: shell
    env: {{NAME: "{{{{ inputs.name }}}}"}}
    run: |
      {mark}
      seq -f '{{"metric": {{"name": "loud", "value": %.0f}}}}' {loud} >> $HEADWAY_FILE
      seq -f 'line %.0f of a loud task' {loud}
"""
KINDS = ("steps", "fan", "parent", "gate", "narrow", "again", "long", "loud")
WEIGHTS = (30, 10, 8, 8, 12, 8, 6, 1)
TASKS = {
    "steps": 2,
    "parent": 2,
    "fan": 6,
    "gate": 1,
    "narrow": 1,
    "again": 1,
    "long": 1,
    "loud": 1,
}
"""The number of task runs that leave a mark, for an execution of each kind."""
CREATE = """mutation ($input: CreateExecutionInput!) { createExecution(input: $input) {
  execution { id } problems { code message } } }"""
APPROVALS = "{ approvals(where: {state: [PENDING]}, first: 100) { nodes { id } } }"
_MUTATIONS = {
    "cancelExecution": "CancelExecutionInput",
    "pauseExecution": "ActionInput",
    "resumeExecution": "ActionInput",
    "setLabels": "SetLabelsInput",
    "approve": "DecideInput",
}
PASSING = {"UNAVAILABLE", "TOO_MANY_REQUESTS", "DEADLINE_EXCEEDED"}
"""Error codes after which a request is repeated."""


def flows(marks: Path) -> list[str]:
    """Returns the sources of the flows; tasks write marks to the folder `marks`."""
    return FLOWS.format(mark=MARK.format(marks=marks), loud=LOUD).split("---\n")


@dataclass
class Tally:
    created: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The kind and id of each execution, by its name."""
    cancelled: set[str] = field(default_factory=set)
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    """The number of responses without data, by their kind."""
    latencies: list[float] = field(default_factory=list)
    """Seconds of creations that were accepted at the first request."""
    messages: int = 0
    wrong: list[str] = field(default_factory=list)


class Load:
    def __init__(self, stage: Stage, http: httpx.AsyncClient, random: Random, marks: Path) -> None:
        self.stage, self.http, self.random, self.marks = stage, http, random, marks
        self.tally = Tally()
        self.begun, self.over = asyncio.Event(), asyncio.Event()
        self._numbers = count()

    async def save(self) -> None:
        self.marks.mkdir()
        for one in flows(self.marks):
            data = await self.insist(
                "mutation ($input: SaveFlowInput!) { saveFlow(input: $input) { problems { message } } }",
                input={"source": one},
            )
            assert not data["saveFlow"]["problems"], data

    async def insist(self, query: str, **variables: Any) -> dict[str, Any]:
        """Returns the data; sends the request to one server after the other until one returns it."""
        for n in count(self.random.randrange(len(self.stage.urls))):
            answer = await self.post(self.stage.urls[n % len(self.stage.urls)], query, variables)
            if answer is not None:
                return answer
            await asyncio.sleep(0.1)
        raise AssertionError("count never ends")

    async def post(self, url: str, query: str, variables: Any) -> dict[str, Any] | None:
        try:
            response = await self.http.post(
                f"{url}/graphql",
                json={"query": query, "variables": variables},
                headers={"authorization": f"Bearer {self.stage.token}"},
            )
            answer = response.json()
        except (httpx.HTTPError, json.JSONDecodeError, AttributeError) as error:
            # The last is what the client raises for a connection that ends as it begins.
            self.tally.refused[type(error).__name__] += 1
            return None
        if "errors" not in answer:
            data: dict[str, Any] = answer["data"]
            return data
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        self.tally.refused[" ".join(sorted(codes))] += 1
        assert codes <= PASSING, f"{response.status_code} {answer['errors']}"
        return None

    async def create(self) -> None:
        kind = self.random.choices(KINDS, WEIGHTS)[0]
        name = f"{kind}-{next(self._numbers)}"
        input = {
            "namespace": "soak",
            "flow": kind,
            "inputs": {"name": name},
            "idempotencyKey": name,
        }
        began, before = perf_counter(), self.tally.refused.total()
        while True:
            payload = (await self.insist(CREATE, input=input))["createExecution"]
            codes = {problem["code"] for problem in payload["problems"]}
            if not codes:
                break
            assert codes == {"UNAVAILABLE"}, payload
        if self.tally.refused.total() == before:
            self.tally.latencies.append(perf_counter() - began)
        self.tally.created[name] = (kind, payload["execution"]["id"])
        self.begun.set()

    async def create_for_ever(self) -> None:
        while not self.over.is_set():
            await self.create()
            await asyncio.sleep(self.random.uniform(0, 0.4))

    async def decide_for_ever(self) -> None:
        """Continues when the load is over, so that all executions can end."""
        while True:
            found = await self.insist(APPROVALS)
            for one in found["approvals"]["nodes"]:
                await self.act("approve", approvalId=one["id"])
            await asyncio.sleep(0.5)

    async def act_for_ever(self) -> None:
        while not self.over.is_set():
            await asyncio.sleep(self.random.uniform(0, 1))
            if not self.tally.created:
                continue
            name = self.random.choice(list(self.tally.created)[-20:])
            id = self.tally.created[name][1]
            chosen = self.random.choice(["cancel", "pause", "label"])
            if chosen == "cancel":
                self.tally.cancelled.add(name)
                await self.act("cancelExecution", id=id)
            elif chosen == "pause":
                await self.act("pauseExecution", id=id)
                await self.act("resumeExecution", id=id)
            else:
                await self.act("setLabels", id=id, labels=[{"key": "seen", "value": "yes"}])

    async def act(self, mutation: str, **input: Any) -> None:
        self.tally.acts[mutation] += 1
        await self.insist(
            f"mutation ($input: {_MUTATIONS[mutation]}!) {{ {mutation}(input: $input) {{ problems {{ code }} }} }}",
            input=input,
        )
