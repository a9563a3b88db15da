"""The result of an attempt is stored after all its reports."""

import asyncio
from pathlib import Path
from typing import Any, Literal

import pytest

from models.lifecycle.commands.commands import Finish, Report
from models.states import ExecutionState
from runner.attempt.attempt import AttemptContext
from runner.worker import job_executor
from tests.runner.floor import DEADLINE, open_floor

TASK = """
  - id: a
    type: shell
    run: |
      echo '{{"output": {{"a": 1}}}}' >&$HEADWAY_FD
      until [ -e {go} ]; do sleep 0.02; done
"""


async def test_the_end_does_not_overtake_a_report_with_outputs(
    database_url: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine delays a report whose execution another process has locked, until the result waits or is there."""
    end_waits_or_is_there = asyncio.Event()

    class WatchedLock(asyncio.Lock):
        async def acquire(self) -> Literal[True]:
            if self.locked():
                end_waits_or_is_there.set()
            return await super().acquire()

    class Watched(AttemptContext):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.report_lock = WatchedLock()

    monkeypatch.setattr(job_executor, "AttemptContext", Watched)
    async with open_floor(database_url, data_dir) as floor:
        execute = floor.parts.engine.execute

        async def puts_off_reports(id: Any, command: Any, *others: Any, **more: Any) -> Any:
            if isinstance(command, Report) and command.outputs:
                (tmp_path / "go").touch()
                async with asyncio.timeout(DEADLINE):
                    await end_waits_or_is_there.wait()
            transition = await execute(id, command, *others, **more)
            if isinstance(command, Finish):
                end_waits_or_is_there.set()
            return transition

        monkeypatch.setattr(floor.parts.engine, "execute", puts_off_reports)
        ended = await floor.run(TASK.format(go=tmp_path / "go"))
    assert ended.state is ExecutionState.SUCCESS
    assert ended.tasks["a"].outputs == {"a": 1}
