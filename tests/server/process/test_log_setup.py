"""The log of a process as text and as JSON, and a reader of it that has stopped."""

import asyncio
import sys
from asyncio.subprocess import PIPE

import orjson
import pytest

from server.settings.log_settings import LogFormat

PROGRAM = """
import logging
from server.process.log_setup import logging_to_stderr
from server.settings.log_settings import LogFormat, LogLevel

logger = logging.getLogger("headway.transitions")
with logging_to_stderr(LogLevel.{level}, LogFormat.{format}):
    logger.debug("not shown")
    for number in range({records}):
        logger.info("task %s", "load", extra={{"execution_id": "exec_1", "number": number}})
    try:
        raise ValueError("broken")
    except ValueError:
        logger.exception("failed")
    print("done", flush=True)
"""


async def started(**values: object) -> asyncio.subprocess.Process:
    program = PROGRAM.format(**{"level": "INFO", "records": 1, **values})
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=PIPE, stderr=PIPE
    )


async def test_json_is_one_object_a_line_with_the_ids_as_fields() -> None:
    _, log = await (await started(format="JSON")).communicate()
    record, failure = map(orjson.loads, log.splitlines())
    assert {key: record[key] for key in ("level", "logger", "message", "execution_id")} == {
        "level": "INFO",
        "logger": "headway.transitions",
        "message": "task load",
        "execution_id": "exec_1",
    }
    assert record["at"].endswith("+00:00")
    assert "ValueError: broken" in failure["exc_info"]


async def test_text_has_the_level_the_logger_and_the_message() -> None:
    _, log = await (await started(format="TEXT")).communicate()
    first, *rest = log.decode().splitlines()
    assert first.endswith("INFO headway.transitions: task load")
    assert rest[-1] == "ValueError: broken"


async def test_records_below_the_level_are_left_out() -> None:
    _, log = await (await started(format="TEXT", level="ERROR")).communicate()
    assert "task load" not in log.decode()
    assert "failed" in log.decode()


@pytest.mark.parametrize("format", LogFormat)
async def test_a_reader_that_has_stopped_does_not_stop_the_process(format: LogFormat) -> None:
    """The pipe holds 64 KiB: the program comes to its end with nobody reading, and no record is lost."""
    process = await started(format=format.name, records=20_000)
    assert process.stdout
    assert await process.stdout.readline() == b"done\n"
    _, log = await process.communicate()
    assert log.count(b"task load") == 20_000
