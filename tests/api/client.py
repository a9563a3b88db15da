"""An API client over HTTP and WebSocket that uses nothing of the project but the names in the contract."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import websockets
from websockets.typing import Subprotocol

ENDS = {"SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "REJECTED", "ERROR", "CACHED"}
PROBLEM = """problems {
  __typename code message path
  ... on InvalidState { state availableActions { action allowed code reason } }
  ... on ValidationProblem { line column }
  ... on AlreadyDecided { request { id state } }
}"""
EXECUTION = """
  id name state seq progress inputs outputs labels { key value }
  taskRuns { id key state outputs progress message error { code message }
             attempts { number state worker exitCode error { code message } } approval { id state message } }
  failure { code message attempt taskRun { key } skipped { key } logLine }
"""
EVENTS = """subscription ($id: ID!, $after: Int) { executionEvents(id: $id, after: $after) {
  seq type fromState toState attempt reason causedBy terminal actor { kind name } taskRun { key } data } }"""


@dataclass
class Client:
    url: str
    token: str
    timeout: float = 30.0
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def post(self, query: str, **variables: Any) -> dict[str, Any]:
        """Returns the data; raises AssertionError with the errors if there are any."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        # No TLS here: creating a context that verifies certificates takes longer than most requests.
        async with httpx.AsyncClient(timeout=self.timeout, verify=False) as http:
            response = await http.post(
                f"{self.url}/graphql",
                json={"query": query, "variables": variables},
                headers={"authorization": f"Bearer {self.token}"},
            )
        answer: dict[str, Any] = response.json()
        return answer

    async def mutate(self, name: str, /, **input: Any) -> dict[str, Any]:
        """Returns the payload of a mutation: its problems, and the execution if it has one."""
        type_name = name[0].upper() + name[1:] + "Input"
        kinds = {
            "pauseExecution": "ActionInput",
            "resumeExecution": "ActionInput",
            "retryFailed": "RetryFailedInput",
            "approve": "DecideInput",
            "reject": "DecideInput",
        }
        what = (
            "flow { id } revision { number }"
            if name == "saveFlow"
            else f"execution {{ {EXECUTION} }}"
        )
        data = await self.post(
            f"mutation ($input: {kinds.get(name, type_name)}!) {{ {name}(input: $input) {{ {what} {PROBLEM} }} }}",
            input=input,
        )
        payload: dict[str, Any] = data[name]
        return payload

    async def save(self, source: str) -> dict[str, Any]:
        payload = await self.mutate("saveFlow", source=source)
        assert not payload["problems"], payload["problems"]
        return payload

    async def create(self, flow: str, **input: Any) -> dict[str, Any]:
        """Creates an execution of `namespace/key` and checks that it was accepted."""
        namespace, key = flow.split("/")
        payload = await self.mutate("createExecution", namespace=namespace, flow=key, **input)
        assert not payload["problems"], payload["problems"]
        execution: dict[str, Any] = payload["execution"]
        return execution

    async def run(self, source: str, **input: Any) -> dict[str, Any]:
        """Saves a flow and starts it."""
        lines = dict(
            line.split(": ", 1)
            for line in source.splitlines()
            if line.startswith(("id: ", "namespace: "))
        )
        await self.save(source)
        return await self.create(f"{lines['namespace'].strip()}/{lines['id'].strip()}", **input)

    async def show(self, id: str) -> dict[str, Any]:
        data = await self.post(
            f"query ($id: ID!) {{ execution(id: $id) {{ {EXECUTION} }} }}", id=id
        )
        execution: dict[str, Any] = data["execution"]
        return execution

    async def until_ended(self, id: str) -> dict[str, Any]:
        """Follows the execution's events to the terminal one, then returns the execution."""
        async with asyncio.timeout(self.timeout):
            async for _ in self.events(id):
                pass
        return await self.show(id)

    async def until(self, id: str, **wanted: str) -> dict[str, Any]:
        """Waits until the execution (`state=`) or task runs (`key=state`) are in these states."""
        async with asyncio.timeout(self.timeout):
            query = f"subscription ($id: ID!) {{ execution(id: $id) {{ {EXECUTION} }} }}"
            async with self.subscribe(query, id=id) as messages:
                async for data in messages:
                    execution: dict[str, Any] = data["execution"]
                    states = {task["key"]: task["state"] for task in execution["taskRuns"]}
                    states["state"] = execution["state"]
                    if all(states.get(name) == value for name, value in wanted.items()):
                        return execution
        raise AssertionError(f"the subscription ended before {wanted}")

    async def events(self, id: str, after: int = 0) -> AsyncGenerator[dict[str, Any], None]:
        async with self.subscribe(EVENTS, id=id, after=after) as messages:
            async for data in messages:
                yield data["executionEvents"]

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[Any]:
        async with websockets.connect(
            f"{self.url.replace('http', 'ws')}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
        ) as socket:
            await socket.send(
                json.dumps({"type": "connection_init", "payload": {"token": self.token}})
            )
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            yield socket

    @asynccontextmanager
    async def subscribe(self, query: str, **variables: Any) -> AsyncIterator[AsyncIterator[Any]]:
        """Yields the data of each message, until the subscription completes."""
        async with (
            self.socket() as socket,
            aclosing(self._messages(socket, query, variables)) as messages,
        ):
            yield messages

    async def _messages(self, socket: Any, query: str, variables: Any) -> AsyncGenerator[Any, None]:
        id = str(next(self._numbers))
        payload = {"query": query, "variables": variables}
        await socket.send(json.dumps({"id": id, "type": "subscribe", "payload": payload}))
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "ping":
                await socket.send('{"type":"pong"}')
            elif message["type"] == "next":
                assert "errors" not in message["payload"], message["payload"]["errors"]
                yield message["payload"]["data"]
            elif message["type"] == "complete":
                return
            else:
                raise AssertionError(message)


def states(execution: dict[str, Any]) -> dict[str, str]:
    return {task["key"]: task["state"] for task in execution["taskRuns"]}


def task(execution: dict[str, Any], key: str) -> dict[str, Any]:
    return next(task for task in execution["taskRuns"] if task["key"] == key)
