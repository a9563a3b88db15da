"""The timeout of an execution is enforced by any process that runs at its time."""

from pathlib import Path

from models.lifecycle.commands.commands import Restart
from models.states import ExecutionState
from tests.runner.floor import open_floor

WAITS = "  - {id: w, type: wait, event: never}\n"


async def test_a_timeout_outlives_the_process_that_set_it(
    database_url: str, data_dir: Path
) -> None:
    """Holds for the timeout of the first run and of a restart."""
    async with open_floor(database_url, data_dir) as floor:
        id = await floor.begin(WAITS, "timeout: 1s\n")
        await floor.until_running(id, "w")
    async with open_floor(database_url, data_dir) as floor:
        ended = await floor.until_ended(id)
        assert (ended.state, ended.failure and ended.failure.code) == (
            ExecutionState.FAILED,
            "TIMED_OUT",
        )
        await floor.submit(id, Restart())
        assert not (await floor.look(id)).ended
    async with open_floor(database_url, data_dir) as floor:
        ended = await floor.until_ended(id)
        assert ended.failure and ended.failure.code == "TIMED_OUT"
        assert len(ended.restarted_by) == 1
