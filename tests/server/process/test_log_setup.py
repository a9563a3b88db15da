"""The log of a process as text and as JSON, and a reader of it that has stopped."""

import asyncio
import sys
from asyncio.subprocess import PIPE

import orjson
import pytest

from server.settings.log_settings import LogFormat

PROGRAM = """
import logging
from uuid import UUID
from runner.service.log_refs import LogRef
from server.process.log_setup import logging_to_stderr
from server.settings.log_settings import LogFormat, LogLevel

logger = logging.getLogger("headway.transitions")
with logging_to_stderr(LogLevel.{level}, LogFormat.{format}):
    logger.debug("not shown")
    for number in range({records}):
        logger.info("task %s", "load", extra={{"execution_id": "exec_1", "number": number}})
    logger.info("%d tasks", "no number")
    logger.warning("the lease of %s has expired", LogRef(UUID(int=1), "load"))
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
    record, wrong, lease, failure = map(orjson.loads, log.splitlines())
    assert wrong["message"].startswith(
        "a log record of headway.transitions could not be formatted: '%d tasks': TypeError("
    )
    assert {key: record[key] for key in ("level", "logger", "message", "execution_id")} == {
        "level": "INFO",
        "logger": "headway.transitions",
        "message": "task load",
        "execution_id": "exec_1",
    }
    assert record["at"].endswith("+00:00")
    ids = {"execution_id": "exec_00000000000000000000000001", "task": "load"}
    assert {key: lease[key] for key in ids} == ids
    assert (
        lease["message"] == f"the lease of task load of execution {ids['execution_id']} has expired"
    )
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
    assert log.count(b": task load") + log.count(b'"task load"') == 20_000


async def test_records_that_do_not_fit_in_memory_are_dropped_and_counted() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FLOOD, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout and process.stderr and process.stdin
    assert await process.stdout.readline() == b"written\n"
    log = b""
    while b"last of many" not in log:
        log += await process.stderr.readline()
    process.stdin.write(b"\n")
    _, rest = await process.communicate()
    log += rest
    assert log.count(b"x" * 100) < 50_000
    assert b"log records were dropped: the reader of stderr was too slow" in log
    assert log.rstrip().endswith(b"one more")


FLOOD = """
import logging
from server.process import log_setup
from server.settings.log_settings import LogFormat, LogLevel

log_setup._MAX_WAITING = 1000
logger = logging.getLogger("headway.transitions")
with log_setup.logging_to_stderr(LogLevel.INFO, LogFormat.TEXT):
    for number in range(50_000):
        logger.info("%s", "x" * 100)
    print("written", flush=True)
    while logging.getLogger().handlers[0].dropped == 0:
        logger.info("more")
    while logging.getLogger().handlers[0].dropped:
        logger.info("last of many")
    input()
    logger.info("one more")
"""


async def test_a_reader_that_never_reads_does_not_keep_the_process_from_ending() -> None:
    process = await started(format="TEXT", records=20_000)
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    await process.communicate()
