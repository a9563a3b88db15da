"""Outputs at, below and above their limit: in every script and notation, on every path from one task to the next."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import orjson
import pytest

from models.lifecycle.snapshot import TaskRun
from models.payloads import MAX_PAYLOAD
from models.spec import parse_flow
from models.states import ExecutionState, TaskRunState
from runner.store.flows.flows import save_flow
from tests.runner.floor import Floor, open_floor

SCRIPTS = {"ascii": "x", "chinese": "\u4e2d", "cyrillic": "\u0436"}
PAST = {"below": -1, "at": 0, "above": 1}
FORMS = ("raw", "escaped")
MODULE = """
def make(script, past):
    character = {scripts}[script]
    room, length = {limit} + past - len('{{"text":""}}'), len(character.encode())
    return {{"text": "y" * (room % length) + character * (room // length)}}
"""


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


@dataclass(frozen=True)
class Case:
    script: str
    past: str
    form: str = "raw"

    @property
    def id(self) -> str:
        return f"{self.script}-{self.past}-{self.form}"

    def text(self, wrapper: Mapping[str, Any]) -> str:
        """Returns the text with which the outputs `wrapper`, which still lack it, have the size to test."""
        character = SCRIPTS[self.script]
        room = MAX_PAYLOAD + PAST[self.past] - len(orjson.dumps(wrapper))
        pad, length = room % len(character.encode()), room // len(character.encode())
        return "y" * pad + character * length

    def written(self, value: Any) -> str:
        """Returns JSON in which every character of the text is escaped, or none."""
        text = json.dumps(value, ensure_ascii=False)
        if self.form == "raw":
            return text
        for character in (*SCRIPTS.values(), "y"):
            long = character * 1000
            text = text.replace(long, f"\\u{ord(character):04x}" * 1000)
        return text


def cases(*forms: str) -> list[Case]:
    return [Case(*which) for which in product(SCRIPTS, PAST, forms)]


def check(case: Case, task: TaskRun, expected: Mapping[str, Any], key: str) -> None:
    if case.past == "above":
        assert task.state is TaskRunState.WARNING, case
        assert task.outputs == {}
        check_refused(task, key)
    else:
        assert (task.state, task.error) == (TaskRunState.SUCCESS, None), case
        assert task.outputs == expected
        assert len(orjson.dumps(task.outputs)) == MAX_PAYLOAD + PAST[case.past]


def check_refused(task: TaskRun, key: str) -> None:
    assert task.error and task.error.code == "PAYLOAD_TOO_LARGE"
    assert f"output is too large: {MAX_PAYLOAD + 1} bytes" in task.error.message
    assert f"in output.{key}; the limit is {MAX_PAYLOAD}" in task.error.message


@pytest.mark.parametrize("way", ['>&"$HEADWAY_FD"', '>> "$HEADWAY_FILE"'])
@pytest.mark.parametrize("form", FORMS)
async def test_from_a_shell(floor: Floor, tmp_path: Path, way: str, form: str) -> None:
    tasks, expected = "", {}
    for case in cases(form):
        expected[case.id] = {"text": case.text({"text": ""})}
        file = tmp_path / case.id
        file.write_text(case.written({"output": expected[case.id], "progress": 0.5}) + "\n")
        tasks += (
            f"  - {{id: {case.id}, type: shell, run: 'cat {file} {way}', allow_failure: true}}\n"
        )
    execution = await floor.run(tasks)
    for case in cases(form):
        check(case, execution.tasks[case.id], expected[case.id], "text")


@pytest.mark.parametrize(
    "code",
    [
        "script: 'import headway, sized; headway.output(**sized.make(**headway.args))'",
        "call: sized:make",
    ],
    ids=["headway.output", "call"],
)
async def test_from_python(floor: Floor, tmp_path: Path, code: str) -> None:
    module = MODULE.format(scripts=SCRIPTS, limit=MAX_PAYLOAD)
    (tmp_path / "sized.py").write_text(module)
    tasks = "".join(
        f"  - {{id: {case.id}, type: python, {code}, args: {{script: {case.script}, past: {PAST[case.past]}}}, "
        f"env: {{PYTHONPATH: {tmp_path}}}, allow_failure: true}}\n"
        for case in cases("raw")
    )
    execution = await floor.run(tasks)
    for case in cases("raw"):
        check(case, execution.tasks[case.id], {"text": case.text({"text": ""})}, "text")


@asynccontextmanager
async def bodies(of: Mapping[str, str], kind: str) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        body = of[request.split()[1].strip("/")].encode()
        writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n".encode() + body
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("form", FORMS)
async def test_from_http(floor: Floor, form: str) -> None:
    headers = {"content-type": "application/json", "connection": "close"}
    wrapper = {"status": 200, "headers": headers, "body": {"text": ""}}
    expected = {case.id: {**wrapper, "body": {"text": case.text(wrapper)}} for case in cases(form)}
    sent = {case.id: case.written(expected[case.id]["body"]) for case in cases(form)}
    async with bodies(sent, "application/json") as url:
        execution = await floor.run(
            "".join(
                f'  - {{id: {id}, type: http, url: "{url}/{id}", allow_failure: true}}\n'
                for id in sent
            )
        )
    for case in cases(form):
        check(case, execution.tasks[case.id], expected[case.id], "body")


CHILD = """id: child
namespace: acme
tasks: [{id: a, type: log, message: a}]
outputs: {text: "{{ TEXT }}"}
"""
TASKS = """
  - {id: same, type: return, outputs: {text: "{{ TEXT }}"}, allow_failure: true}
  - {id: below, type: subflow, flow: child, allow_failure: true}
  - {id: again, type: return, needs: [same], outputs: {text: "{{ outputs.same.text }}"}, allow_failure: true}
"""


@pytest.mark.parametrize("case", [case for case in cases("raw") if case.script == "chinese"])
async def test_from_expressions_flows_and_subflows(floor: Floor, case: Case) -> None:
    """Outputs of a task, outputs of a flow, and inputs of a subflow."""
    text = case.text({"text": ""})
    pad, length = text.count("y"), len(text) - text.count("y")
    expression = f"'y' * {pad} + '{text[-1]}' * {length}"
    child = CHILD.replace("TEXT", expression)
    async with floor.parts.database.pool.acquire() as connection:
        await save_flow(connection, parse_flow(child), child, "user:test")
    execution = await floor.run(
        TASKS.replace("TEXT", expression), head='outputs: {text: "{{ outputs.below.text }}"}\n'
    )
    check(case, execution.tasks["same"], {"text": text}, "text")
    if case.past == "above":
        error = execution.tasks["below"].error
        assert error and f"in outputs.text; the limit is {MAX_PAYLOAD}" in error.message
        assert execution.state is ExecutionState.ERROR  # outputs.below.text is missing
    else:
        assert execution.tasks["below"].outputs == {"text": text}
        assert execution.tasks["again"].outputs == {"text": text}
        assert execution.outputs == {"text": text}


async def test_several_messages_count_together_and_a_new_value_takes_the_place_of_the_old(
    floor: Floor,
) -> None:
    execution = await floor.run(
        """
  - id: together
    type: python
    allow_failure: true
    script: |
      import headway
      headway.output(a="x" * 600_000)
      headway.output(b="x" * 600_000)
  - id: again
    type: python
    script: |
      import headway
      for _ in range(4):
          headway.output(a="x" * 600_000)
      headway.output(a="last")
"""
    )
    error = execution.tasks["together"].error
    assert (
        error and error.code == "PAYLOAD_TOO_LARGE" and "600002 of them in output." in error.message
    )
    assert execution.tasks["again"].outputs == {"a": "last"}
