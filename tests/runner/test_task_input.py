"""The input of a task: in its environment as far as the system allows, in the file $HEADWAY_INPUT all of it."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from models.payloads import MAX_PAYLOAD
from models.states import TaskRunState
from runner.processes.arguments import LONGEST_STRING
from runner.store import secrets
from tests.runner.floor import PERSON, Floor, open_floor

SECRET = "ghp_supersecret123"


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


def read(file: Path) -> Any:
    return json.loads(file.read_text())


async def test_every_process_finds_the_names_of_its_expressions(
    floor: Floor, tmp_path: Path
) -> None:
    await secrets.save(
        floor.parts.database.pool, floor.parts.vault, "acme", "TOKEN", SECRET, PERSON
    )
    execution = await floor.run(
        f"""
  - {{id: first, type: return, outputs: {{rows: [1, 2], "name": "\u4e2d"}}}}
  - id: shell
    type: shell
    needs: [first]
    env: {{ROWS: "{{{{ outputs.first.rows }}}}", TOKEN: "{{{{ secrets.TOKEN }}}}"}}
    run: cp "$HEADWAY_INPUT" {tmp_path}/shell.json; printf %s "$TOKEN" > {tmp_path}/token
  - id: python
    type: python
    needs: [first]
    args: {{a: "{{{{ inputs.day }}}}"}}
    script: |
      import headway
      headway.output(given=[headway.inputs(), headway.outputs(), headway.args])
  - id: each
    type: foreach
    needs: [first]
    items: "{{{{ outputs.first.rows }}}}"
    tasks:
      - {{id: before, type: return, outputs: {{twice: "{{{{ item * 2 }}}}"}}}}
      - {{id: one, type: shell, needs: [before], run: 'cp "$HEADWAY_INPUT" {tmp_path}/"$HEADWAY_TASK".json'}}
finally:
  - {{id: last, type: shell, run: 'cp "$HEADWAY_INPUT" {tmp_path}/last.json'}}
""",
        day="2026-01-31",
    )
    assert {task.state for task in execution.tasks.values()} == {TaskRunState.SUCCESS}
    first = {"rows": [1, 2], "name": "\u4e2d"}
    shell = read(tmp_path / "shell.json")
    assert shell["inputs"] == {"day": "2026-01-31"}
    assert shell["outputs"] == {"first": first}
    assert shell["task"]["id"] == "shell" and shell["task"]["attempt"] == 1
    assert shell["task"]["inputs"]["env"] == {"ROWS": [1, 2], "TOKEN": "****"}
    assert (tmp_path / "token").read_text() == SECRET
    assert SECRET not in (tmp_path / "shell.json").read_text()
    assert execution.tasks["python"].outputs == {
        "given": [{"day": "2026-01-31"}, {"first": first}, {"a": "2026-01-31"}]
    }
    second = read(tmp_path / "each[1].one.json")
    assert (second["item"], second["index"]) == (2, 1)
    assert second["outputs"] == {"first": first, "before": {"twice": 4}}
    assert read(tmp_path / "last.json")["outputs"].keys() == {"first", "shell", "python", "each"}


async def test_values_of_any_size_are_passed_on(floor: Floor, tmp_path: Path) -> None:
    """Two outputs of the largest size: as arguments and in the file; the shown inputs respect the limit."""
    text = "\u4e2d" * ((MAX_PAYLOAD - 11) // 3)
    execution = await floor.run(
        f"""
  - {{id: a, type: return, outputs: {{text: "{{{{ '\u4e2d' * {len(text)} }}}}"}}}}
  - {{id: b, type: return, outputs: {{text: "{{{{ '\u4e2d' * {len(text)} }}}}"}}}}
  - id: both
    type: python
    needs: [a, b]
    args: {{a: "{{{{ outputs.a.text }}}}", b: "{{{{ outputs.b.text }}}}", c: 1}}
    script: |
      import hashlib, headway
      texts = [headway.args["a"], headway.args["b"], *(headway.outputs()[task]["text"] for task in "ab")]
      headway.output(digests=[hashlib.sha256(text.encode()).hexdigest() for text in texts])
"""
    )
    task = execution.tasks["both"]
    assert task.outputs == {"digests": [hashlib.sha256(text.encode()).hexdigest()] * 4}
    size = len(orjson.dumps(text))
    note = f"({size} bytes, too large to show)"
    assert task.inputs["args"] == {"a": note, "b": note, "c": 1}


@pytest.mark.parametrize("character", ["x", "\u0436", "\u4e2d"])
async def test_the_size_of_a_variable_is_limited_by_the_system(
    floor: Floor, tmp_path: Path, character: str
) -> None:
    room = LONGEST_STRING - len("LARGE=") - 1
    length = len(character.encode())
    for more, state in ((0, TaskRunState.SUCCESS), (1, TaskRunState.FAILED)):
        pad, times = (room + more) % length, (room + more) // length
        mark = tmp_path / f"started {character} {more}"
        task = await floor.task(
            f"  - {{id: a, type: shell, run: 'touch \"{mark}\"', env: {{SMALL: x, "
            f"LARGE: \"{{{{ 'y' * {pad} + '{character}' * {times} }}}}\"}}}}\n"
        )
        assert (task.state, mark.exists()) == (state, state is TaskRunState.SUCCESS)
    assert task.error and task.error.code == "PAYLOAD_TOO_LARGE"
    assert task.error.message == (
        f"the variable LARGE of `env` has {LONGEST_STRING + 1} bytes; the system's limit is "
        f"{LONGEST_STRING}; read large values from the file that $HEADWAY_INPUT names "
        "(headway.inputs() and headway.outputs() in Python), or pass them as an artifact"
    )


@pytest.mark.parametrize(
    ("more", "code", "sentence"),
    [
        (
            {"interpreter": "/bin/sh -c 'exit 0' " + "x" * LONGEST_STRING},
            "PAYLOAD_TOO_LARGE",
            f"argument 3 has {LONGEST_STRING + 1} bytes; the system's limit is {LONGEST_STRING}; read",
        ),
        (
            {"env": {f"V{n}": "{{ 'x' * 130_000 }}" for n in range(60)}},
            "PAYLOAD_TOO_LARGE",
            "arguments and environment take 7",
        ),
        (
            {"env": {"ZERO": "{{ '\\0' }}"}},
            "NOT_STARTED",
            "bash could not be started: the variable ZERO of `env` holds a NUL character",
        ),
    ],
    ids=["argument", "all together", "NUL"],
)
async def test_values_that_no_process_can_receive_are_named(
    floor: Floor, more: dict[str, Any], code: str, sentence: str
) -> None:
    task = await floor.task(
        f"  - {json.dumps({'id': 'a', 'type': 'shell', 'run': 'true', **more})}\n"
    )
    assert task.error and task.error.code == code
    assert task.error.message.startswith(sentence)


async def test_values_other_than_text_reach_a_variable_as_json(
    floor: Floor, tmp_path: Path
) -> None:
    await floor.run(
        f"""
  - id: a
    type: shell
    env:
      LIST: "{{{{ [1, 'it', {{'a': none}}] }}}}"
      YES: "{{{{ true }}}}"
      NOTHING: "{{{{ none }}}}"
      NUMBER: "{{{{ 1.50 }}}}"
    run: printf '%s\\n' "$LIST" "$YES" "$NOTHING" "$NUMBER" > {tmp_path}/variables
"""
    )
    assert (tmp_path / "variables").read_text().split("\n") == [
        '[1,"it",{"a":null}]',
        "true",
        "",
        "1.5",
        "",
    ]
