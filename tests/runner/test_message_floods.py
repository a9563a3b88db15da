"""A task that writes too many messages: it delays no other task, and its log and memory stay bounded."""

import asyncio
import gc
import json
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.lifecycle.commands.commands import Cancel
from models.logs import LogLevel
from models.states import ExecutionState, TaskRunState
from runner.attempt import message_reader, reporter
from runner.attempt.cancellation import CancelReason
from runner.attempt.message_reader import MessageReader, Turn
from runner.attempt.task_messages import (
    LONGEST,
    InvalidMessage,
    InvalidOutput,
    Output,
    TooLongOutput,
    parse_line,
)
from tests.runner.floor import DEADLINE, Floor, open_floor

LONGEST_HOLD = 0.1
"""Seconds of CPU in one round of the event loop: about 15 times the usual, a tenth of what such a flood needs."""
FLOODS = {
    "metric": ('{"metric": {"name": "loss", "value": 1}}\n', 60_000),
    "output": ('{"output": {"a": 1}}\n', 250_000),
    "property": ('{"property": {"a": 1}}\n', 250_000),
    "label": ('{"label": {"a": "b"}}\n', 200_000),
    "progress": ('{"progress": 0.5, "message": "going"}\n', 200_000),
    "malformed": ("no message\n", 150_000),
    "malformed output": ("output: 1\n", 150_000),
    "blank lines": ("\n", 20_000_000),
    "spaces": (" \n", 10_000_000),
    "no line end": ("x", 100_000_000),
}
RUN = """  - id: a
    type: python
    script: |
      import os
      said = {line!r}
      place = os.environ["HEADWAY_{place}"]
      with open(int(place) if place.isdigit() else place, "a") as file:
          for _ in range({count} // 1000):
              file.write(said * 1000)
"""


class Holds:
    """Returns the longest time of one round of the event loop, in seconds of its thread's CPU."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._looked = time.thread_time()
        self._next: asyncio.TimerHandle | None = None

    def look(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._looked)
        self._looked = now
        self._next = asyncio.get_running_loop().call_later(0.001, self.look)

    def end(self) -> None:
        self.look()
        assert self._next
        self._next.cancel()


@contextmanager
def watched() -> Iterator[Holds]:
    gc.collect()
    gc.freeze()  # Otherwise a garbage collection scans everything that the tests have imported.
    holds = Holds()
    holds.look()
    try:
        yield holds
    finally:
        holds.end()
        gc.unfreeze()


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


@pytest.mark.parametrize(
    ("kind", "place"),
    [*((kind, "FILE") for kind in FLOODS), ("output", "FD"), ("blank lines", "FD")],
)
async def test_a_flood_of_messages_leaves_the_event_loop_to_others(
    floor: Floor, kind: str, place: str
) -> None:
    line, count = FLOODS[kind]
    source = RUN.format(line=line, count=count, place=place)
    await floor.run("  - {id: a, type: log, message: warm}\n")
    with watched() as holds:
        execution = await floor.run(source)
    print(f"{kind}: the loop was held {holds.longest * 1000:.0f} ms")
    lost = kind == "malformed output"
    assert execution.tasks["a"].state is (TaskRunState.FAILED if lost else TaskRunState.SUCCESS)
    assert holds.longest < LONGEST_HOLD
    lines = [row.text for row in await floor.lines(execution.id)]
    assert len(lines) <= reporter._MOST_COMPLAINTS + 2
    if kind == "metric":
        assert await floor.parts.database.pool.fetchval("select count(*) from metrics") == count


@pytest.mark.parametrize("place", ["FD", "FILE"])
async def test_complaints_end_with_one_sentence_and_good_messages_are_still_taken(
    floor: Floor, place: str
) -> None:
    source = RUN.format(line="no message\n", count=3000, place=place)
    execution = await floor.run(source + '          file.write(\'{"output": {"good": 1}}\\n\')\n')
    assert execution.tasks["a"].outputs == {"good": 1}
    lines = [(row.text, row.level) for row in await floor.lines(execution.id)]
    assert len([text for text, _ in lines if text.endswith(": no message")]) == 1000
    note = "1000 invalid messages were logged; further ones are not"
    assert [line for line in lines if line[0] == note] == [(note, LogLevel.WARN)]
    assert len(lines) == 1001


async def test_metrics_beyond_the_limit_are_dropped_with_one_warning(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter, "_MOST_METRICS", 2_500)
    execution = await floor.run(RUN.format(line=FLOODS["metric"][0], count=4000, place="FD"))
    assert execution.tasks["a"].state is TaskRunState.SUCCESS
    assert await floor.parts.database.pool.fetchval("select count(*) from metrics") == 2_500
    lines = [row.text for row in await floor.lines(execution.id)]
    assert lines == ["metric limit of 2500 reached; the rest is dropped"]


MANY = """  - id: a
    type: python
    script: |
      import os, time
      with open(os.environ["HEADWAY_FILE"], "a") as file:
          for _ in range(2_000):
              file.write('{{"metric": {{"name": "loss", "value": 1}}}}\\n' * 1000)
      print("written", flush=True)
      time.sleep({seconds})
"""


@pytest.mark.parametrize("seconds", [0, 60])
@pytest.mark.parametrize("reason", ["cancel", "void"])
async def test_stopping_an_attempt_does_not_wait_for_its_messages(
    floor: Floor, seconds: int, reason: str
) -> None:
    """Two million messages take minutes, while the program runs or after its end; an attempt with unread ones is no
    success."""
    id = await floor.begin(MANY.format(seconds=seconds))
    await floor.until_said(id, "written")
    (attempt,) = floor.worker._executor.running.values()
    if reason == "cancel":
        await floor.submit(id, Cancel())
        assert (await floor.until_ended(id)).state is ExecutionState.KILLED
        return
    attempt.cancellation.cancel(CancelReason.LEASE_LOST)
    async with asyncio.timeout(DEADLINE):
        with floor.parts.feed.watch("nothing") as watch:
            while attempt in floor.worker._executor.running.values():
                await watch.changed(0.1)


ROOM = LONGEST - 100
LONG = {
    "millions of lists": b'{"output": {"a": [' + b",".join([b"[]"] * (ROOM // 3)) + b"]}}",
    "a text": b'{"output": {"a": "' + b"x" * ROOM + b'"}}',
    "no JSON": b"x" * ROOM,
}


@pytest.mark.parametrize("kind", LONG)
async def test_a_long_line_is_read_outside_the_event_loop(kind: str) -> None:
    reader = MessageReader()
    with watched() as holds:
        (said,) = await reader.read(LONG[kind])
    print(f"{kind}: the loop was held {holds.longest * 1000:.0f} ms")
    assert holds.longest < LONGEST_HOLD
    if kind == "no JSON":
        assert type(said) is InvalidMessage
    else:
        assert isinstance(said, TooLongOutput) and "output is too large" in str(said)


ALL_KINDS = {
    "output": {"a": [1, 2.5, None, True, "ü"], "b": {"c": 2**63}},
    "metric": {"name": "m", "value": 1.5, "step": 3, "tags": {"a": [1]}},
    "progress": 0.5,
    "message": "half",
    "artifact": {"uri": "s3://a/b", "properties": {"a": {"b": 1}}},
    "property": {"p": [1]},
    "label": {"a": "b"},
    "git": {"commit": "a3f9e2b7"},
    "other": 1,
}


async def test_a_long_line_is_parsed_like_a_short_one() -> None:
    short = json.dumps(ALL_KINDS).encode()
    long = b" " * (300 * 1024) + short
    expected, found = parse_line(short), await MessageReader().read(long)
    assert [str(one) for one in found] == [str(one) for one in expected]
    assert [type(one) for one in found] == [type(one) for one in expected]
    assert isinstance(found[0], Output) and found[0].output == ALL_KINDS["output"]


async def test_a_long_line_is_read_where_no_process_can_be_started() -> None:
    line = b" " * (300 * 1024) + json.dumps(ALL_KINDS).encode()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    await asyncio.to_thread(int)  # its thread exists, and the loop's watcher of processes too
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        found = await MessageReader().read(line)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [str(one) for one in found] == [str(one) for one in parse_line(line)]


async def test_a_long_line_is_read_though_the_process_that_reads_it_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(message_reader, "_READ", ("-c", killed))
    (said,) = await MessageReader().read(LONG["millions of lists"])
    assert isinstance(said, TooLongOutput)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"z" * 2**20, InvalidMessage),
        (b" " * 2**20 + b"z", InvalidMessage),
        (b"z" * 2**20 + b'{"output": 1}', InvalidOutput),
        (b"z" * 2**20 + b'{"\\u006futput": 1}', InvalidOutput),
        (b"z" * 2**20 + b'"OUTPUT"', InvalidOutput),
    ],
)
async def test_a_long_line_that_is_no_message_is_refused_as_a_short_one_is(
    line: bytes, kind: type[InvalidMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind is InvalidMessage:
        monkeypatch.delattr(message_reader, "_read_apart")  # no process is started for it
    (found,) = await MessageReader().read(line)
    (short,) = parse_line(line)
    assert type(found) is type(short) is kind
    assert str(found).startswith("it is not valid JSON")


async def test_a_long_line_is_read_though_the_process_that_reads_it_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(message_reader, "_ROOT", str(tmp_path))
    line = b" " * (300 * 1024) + json.dumps(ALL_KINDS).encode()
    found = await MessageReader().read(line)
    assert [str(one) for one in found] == [str(one) for one in parse_line(line)]


async def test_a_long_line_that_memory_does_not_hold_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (200 * 2**20,) * 2); "
    run = "import runpy; runpy.run_module('runner.attempt.long_line', run_name='__main__')"
    monkeypatch.setattr(message_reader, "_READ", ("-c", limited + run))
    (said,) = await MessageReader().read(LONG["millions of lists"])
    assert isinstance(said, InvalidOutput) and "memory ran out" in str(said)


async def test_readers_take_turns() -> None:
    reader, done = MessageReader(), [0, 0, 0]

    async def read(number: int) -> None:
        turn = Turn()
        while sum(done) < 30_000:
            await reader.turn(turn)
            done[number] += 1
            parse_line(b'{"output": {"a": 1}}')

    await asyncio.gather(*(read(number) for number in range(3)))
    assert min(done) > max(done) / 4
