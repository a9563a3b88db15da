"""Invalid outputs fail their attempt; other invalid messages stay a warning."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from models.lifecycle.commands.commands import Cancel
from models.lifecycle.snapshot import Execution
from models.logs import LogLevel
from models.states import ExecutionState, TaskRunState
from runner.attempt.task_messages import LONGEST
from runner.store.json import dump, load
from tests.runner.floor import Floor, open_floor


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


def saying(*lines: str, then: str = "", way: str = '>&"$HEADWAY_FD"', more: str = "") -> str:
    said = " ".join(f"'{line}'" for line in lines)
    run = f"printf '%s\\n' {said} {way}\n{then}"
    return f"  - {{id: a, type: shell, run: {json.dumps(run)}{more}}}\n"


async def exit_codes(floor: Floor) -> list[int]:
    rows = await floor.parts.database.pool.fetch("select exit_code from attempts order by number")
    return [code for (code,) in rows]


async def logged(floor: Floor, execution: Execution, level: LogLevel) -> list[str]:
    return [line.text for line in await floor.lines(execution.id) if line.level is level]


@pytest.mark.parametrize("way", ['>&"$HEADWAY_FD"', '>> "$HEADWAY_FILE"'])
async def test_a_task_that_continues_after_a_bad_output_ends_first_and_fails(
    floor: Floor, way: str
) -> None:
    bad = '{"output": {"rows": NaN}}'
    then = (
        """printf '%s\\n' '{"output": {"later": 1}, "property": {"p": 1}}' """
        + way
        + "\necho to the end"
    )
    execution = await floor.run(saying(bad, then=then, way=way))
    task = execution.tasks["a"]
    assert (task.state, await exit_codes(floor)) == (TaskRunState.FAILED, [0])
    assert task.error and task.error.code == "INVALID_OUTPUT"
    assert task.error.message.startswith("output.rows is NaN, which JSON cannot represent")
    assert "to the end" in [line.text for line in await floor.lines(execution.id)]
    assert execution.state is ExecutionState.FAILED


async def test_an_exit_code_takes_precedence_over_incomplete_messages(floor: Floor) -> None:
    task = await floor.task(saying('{"output": {"rows": ', then="echo no such table >&2; exit 3"))
    assert (task.state, await exit_codes(floor)) == (TaskRunState.FAILED, [3])
    assert task.error and task.error.code == "EXIT_CODE"
    first, _, second = task.error.message.partition("; besides ")
    assert first == "no such table"
    assert second.startswith("INVALID_OUTPUT: it is not valid JSON")


async def test_a_refused_output_is_retried_like_any_failure(floor: Floor) -> None:
    again = 'if [ "$HEADWAY_ATTEMPT" = 1 ]; then rows=; else rows=5; fi\n'
    again += """printf '{"output": {"rows": %s}}\\n' "$rows" >&"$HEADWAY_FD" """
    task = await floor.task(
        f"  - {{id: a, type: shell, run: {json.dumps(again)}, retry: {{max_attempts: 2, delay: 10ms}}}}\n"
    )
    assert task.state is TaskRunState.SUCCESS
    assert task.outputs == {"rows": 5}
    assert await exit_codes(floor) == [0, 0]


async def test_a_line_beyond_all_limits_fails_only_for_an_output(floor: Floor) -> None:
    """Lines of 16 MiB and more: by the pipe without an output, by the file with one."""
    write = "import sys; sys.stdout.write('{\"%s\": {\"a\": \"' + 'x' * %d + '\"}}\\n')"
    execution = await floor.run(
        "".join(
            f"  - {{id: {key}, type: shell, allow_failure: true, "
            f"run: {json.dumps(f'{sys.executable} -c {json.dumps(write % (key, LONGEST))} {way}')}}}\n"
            for key, way in (("property", '>&"$HEADWAY_FD"'), ("output", '>> "$HEADWAY_FILE"'))
        )
    )
    assert execution.tasks["property"].state is TaskRunState.SUCCESS
    error = execution.tasks["output"].error
    assert error and error.code == "PAYLOAD_TOO_LARGE"
    assert error.message.startswith(
        f"output in a line of {LONGEST + 21} bytes; the limit is {LONGEST}:"
    )
    (warned,) = await logged(floor, execution, LogLevel.WARN)
    assert (
        warned == f"message not understood: a line of {LONGEST + 23} bytes; the limit is {LONGEST}"
    )


async def test_invalid_text_is_partly_stored_with_a_warning(floor: Floor) -> None:
    execution = await floor.run(
        saying('{"output": {"half": "a\\ud83d", "nul": "b\\u0000", "whole": "\\ud83d\\ude00"}}')
    )
    task = execution.tasks["a"]
    assert task.state is TaskRunState.SUCCESS
    assert task.outputs == {"half": "a\ufffd", "nul": "b\ufffd", "whole": "\U0001f600"}
    (warned,) = await logged(floor, execution, LogLevel.WARN)
    assert "U+FFFD" in warned


def test_backslashes_without_an_escape_are_kept() -> None:
    value = {"a": r"\u0000", "b": "\\" + "\0", "c": r"\\u0000"}
    assert load(dump(value)) == {"a": r"\u0000", "b": "\\" + "\ufffd", "c": r"\\u0000"}


async def test_one_line_with_several_messages(floor: Floor) -> None:
    execution = await floor.run(
        saying(
            '{"output": {"rows": 5}, "metric": {"name": "m", "value": 1}, "label": {"l": "x"}, "message": "hi"}'
        )
    )
    task = execution.tasks["a"]
    assert (task.outputs, task.message, execution.labels["l"]) == ({"rows": 5}, "hi", "x")
    assert (
        await floor.parts.database.pool.fetchval("select value from metrics where name = 'm'") == 1
    )


MODULE = """
import decimal
RETURNED = {
    "list": [1], "text": "a", "nan": {"rate": float("nan")}, "object": {"a": {"b": [1, object()]}},
    "large": {"n": 2**64}, "deep": None, "too much": {"a": "x" * 2**20}, "half": {"a": "\\ud800"}, "none": None,
}
deep = []
for _ in range(5000): deep = [deep]
RETURNED["deep"] = {"a": deep}
def give(which): return RETURNED[which]
"""


@pytest.mark.parametrize(
    ("which", "code", "words"),
    [
        (
            "list",
            "INVALID_OUTPUT",
            "odd:give returned list; a task returns a dict of outputs or None",
        ),
        ("text", "INVALID_OUTPUT", "odd:give returned str; "),
        ("nan", "INVALID_OUTPUT", "output.rate is nan, which JSON cannot represent"),
        ("object", "INVALID_OUTPUT", "output.a.b.1: object is not a JSON value"),
        ("large", "INVALID_OUTPUT", "output.n is a whole number beyond 64 bits"),
        ("deep", "INVALID_OUTPUT", "odd:give returned a value that cannot be an output: "),
        ("too much", "PAYLOAD_TOO_LARGE", "1048578 of them in output.a; the limit is 1048576"),
        ("half", None, ""),
        ("none", None, ""),
    ],
)
async def test_return_values_of_a_call(
    floor: Floor, tmp_path: Path, which: str, code: str | None, words: str
) -> None:
    (tmp_path / "odd.py").write_text(MODULE)
    task = await floor.task(
        f'  - {{id: a, type: python, call: "odd:give", args: {{which: {which}}}, env: {{PYTHONPATH: {tmp_path}}}}}\n'
    )
    if code is None:
        assert (task.state, task.outputs) == (
            TaskRunState.SUCCESS,
            {"a": "\ufffd"} if which == "half" else {},
        )
    else:
        assert task.error and task.error.code == code
        assert words in task.error.message
        assert (task.state, task.outputs) == (TaskRunState.FAILED, {})
        assert await exit_codes(floor) == [0]


async def refused_and_running(floor: Floor, more: str = "") -> UUID:
    """Begins a task whose output was refused, and which does not end by itself."""
    id = await floor.begin(saying('{"output": {"rows": NaN}}', then="sleep 300", more=more))
    await floor.until_said(id, "output.rows is NaN")
    return id


async def test_a_killed_attempt_with_a_refused_output_is_killed(floor: Floor) -> None:
    id = await refused_and_running(floor)
    await floor.submit(id, Cancel())
    ended = await floor.until_ended(id)
    assert (ended.state, ended.tasks["a"].state) == (ExecutionState.KILLED, TaskRunState.KILLED)
    assert await ends(floor) == ["KILLED"]


async def test_a_drained_attempt_with_a_refused_output_is_handed_back(floor: Floor) -> None:
    id = await refused_and_running(floor)
    await floor.worker.drain(0)
    task = (await floor.look(id)).tasks["a"]
    assert (task.state, task.lost, task.handed_back) == (TaskRunState.QUEUED, 1, 1)
    assert await ends(floor) == ["LOST"]


async def test_a_timed_out_attempt_with_a_refused_output_has_timed_out(floor: Floor) -> None:
    id = await refused_and_running(floor, more=", timeout: 1s")
    task = (await floor.until_ended(id)).tasks["a"]
    assert (task.state, await ends(floor)) == (TaskRunState.FAILED, ["TIMED_OUT"])
    assert task.error and task.error.code == "TIMED_OUT"


async def ends(floor: Floor) -> list[str]:
    rows = await floor.parts.database.pool.fetch("select state from attempts order by number")
    return [row["state"] for row in rows]
