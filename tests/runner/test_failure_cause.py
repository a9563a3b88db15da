"""The cause of a failure, as reported by a worker that ran the program."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.failure_cause.choice import LONGEST
from models.logs import LogLevel
from models.states import TaskRunState
from models.task_error import TaskError
from runner.store import secrets
from tests.runner.floor import PERSON, Floor, open_floor

SECRET = "hunter2-and-more"


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir, concurrency=8) as floor:
        await secrets.save(
            floor.parts.database.pool, floor.parts.vault, "acme", "API_KEY", SECRET, PERSON
        )
        yield floor


def script(id: str, type: str, text: str, more: str = "") -> str:
    field = "run" if type == "shell" else "script"
    body = "".join(f"      {line}\n" for line in text.strip().splitlines())
    return f"  - id: {id}\n    type: {type}\n{more}    {field}: |\n{body}"


PROGRAMS = {
    "chained": ("python", "try:\n    {}['a']\nexcept KeyError as e:\n    raise RuntimeError('could not load') from e"),
    "unbound": ("shell", "echo starts\necho $REGION"),
    "missing": ("shell", "echo starts\nload_orders --all\necho ends"),
    "wrapped": ("shell", "echo 'ValueError: row 7' >&2; echo 'make: *** [Makefile:2: all] Error 2' >&2; exit 2"),
    "on-stdout": (
        "shell",
        "echo '03:00:04    Database Error in model orders (models/orders.sql)'\n"
        "echo '  relation \"raw.orders\" does not exist'\necho '03:00:04  Done. PASS=0 ERROR=1'\nexit 1",
    ),
    "colored": ("shell", r"printf '\033[1;31mError\033[0m: no such table\nends\n' >&2; exit 4"),
    "silent": ("shell", "echo loaded 300 rows; exit 5"),
    "torn-secret": (
        "shell",
        "K={{ secrets.API_KEY }}\n"
        "printf 'Error: \\033[31m%s\\033[0m%s is no key\\n' \"${K:0:7}\" \"${K:7}\" >&2; exit 1",
    ),
    "long-secret": ("shell", "K={{ secrets.API_KEY }}; printf 'Error: %0390d%s\\n' 0 \"$K\" >&2; exit 1"),
    "killed": ("shell", "echo 'Error: an earlier one' >&2; kill -9 $$"),
    "aborted": ("python", "import os, sys\nprint('panic: no such region', file=sys.stderr, flush=True)\nos.abort()"),
    "own-words": ("fail", ""),
}  # fmt: skip


async def test_the_cause_of_a_failure_is_the_programs_error(floor: Floor) -> None:
    tasks = "".join(
        "  - {id: own-words, type: fail, message: 'ValueError: as it was written'}\n"
        if kind == "fail"
        else script(name, kind, text)
        for name, (kind, text) in PROGRAMS.items()
    )
    ended = await floor.run(tasks, "on_failure: FINISH_POSSIBLE\n")
    assert {task.state for task in ended.tasks.values()} == {TaskRunState.FAILED}
    said = {name: task.error for name, task in ended.tasks.items()}
    exit_code = "EXIT_CODE"
    long = said.pop("long-secret")
    assert said == {
        "chained": TaskError(
            exit_code, "RuntimeError: could not load (caused by KeyError: 'a')", 1
        ),
        "unbound": TaskError(exit_code, "line 2: REGION: unbound variable", 1),
        "missing": TaskError(exit_code, "line 2: load_orders: command not found", 127),
        "wrapped": TaskError(exit_code, "ValueError: row 7", 2),
        "on-stdout": TaskError(
            exit_code,
            "Database Error in model orders (models/orders.sql): "
            'relation "raw.orders" does not exist',
            1,
        ),
        "colored": TaskError(exit_code, "Error: no such table", 4),
        "silent": TaskError(exit_code, "exit code 5", 5),
        "torn-secret": TaskError(exit_code, "Error: **** is no key", 1),
        "killed": TaskError("SIGNAL", "killed by SIGKILL", said["killed"].exit_code),  # type: ignore[union-attr]
        "aborted": TaskError(
            "SIGNAL",
            "panic: no such region (killed by SIGABRT)",
            said["aborted"].exit_code,  # type: ignore[union-attr]
        ),
        "own-words": TaskError("FAILED", "ValueError: as it was written"),
    }
    assert long and SECRET[:3] not in long.message and len(long.message) <= LONGEST
    errors = {
        line.path: line.text for line in await floor.lines(ended.id) if line.level is LogLevel.ERROR
    }
    assert errors["wrapped"] == "ValueError: row 7 (exit code 2)"
    assert errors["silent"] == "exit code 5"


async def test_refused_messages_are_shown_next_to_the_cause(floor: Floor) -> None:
    twice = "headway.output({}='y' * 600_000)\n"
    text = (
        f"import headway\n{twice.format('a')}{twice.format('b')}raise SystemExit('ValueError: x')"
    )
    task = await floor.task(script("a", "python", text))
    assert task.error and (task.error.code, task.error.exit_code) == ("EXIT_CODE", 1)
    assert task.error.message.startswith("ValueError: x; besides PAYLOAD_TOO_LARGE: ")


async def test_an_attempt_that_is_tried_again_has_its_own_cause(floor: Floor) -> None:
    text = "import os, sys\nsys.exit(f'no region {os.environ[\"HEADWAY_ATTEMPT\"]}')"
    more = f"    retry: {{max_attempts: 2, delay: 10ms}}\n    interpreter: {sys.executable}\n"
    task = await floor.task(script("a", "python", text, more))
    rows = await floor.parts.database.pool.fetch(
        "select error ->> 'message' as why, (error ->> 'exit_code')::int as code from attempts order by number"
    )
    assert [tuple(row) for row in rows] == [("no region 1", 1), ("no region 2", 1)]
    assert task.error == TaskError("EXIT_CODE", "no region 2", 1)
