"""The past, computed from the events, equals the former rows of the tables: a trigger stored the rows of each
commit."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.errors import ProblemCode, Refused
from models.ids import new_id
from models.lifecycle.commands.commands import (
    Cancel,
    CastVote,
    Pause,
    Resume,
    RetryFailed,
    SetLabels,
)
from models.lifecycle.commands.records import AddNote, Archive, Unarchive
from models.states import TaskRunState, VoteDecision
from runner.history.point_in_time import HistoricalView, past_of, read_past
from runner.history.replay_cache import ReplayCache
from runner.store.execution.event_log import events_after
from runner.store.json import load
from runner.store.postgres.connection import Pool
from tests.runner.floor import Floor, open_floor

OF_EXECUTION = {
    "task_runs": "position, path",
    "attempts": "number",
    "approvals": "id",
    "notes": "seq",
}
KEPT = f"""
create table kept_executions as select e.seq as kept_at, e.* from executions e with no data;
{"".join(f"create table kept_{t} as select 0::bigint as kept_at, x.* from {t} x with no data;" for t in OF_EXECUTION)}
create table kept_votes as select 0::bigint as kept_at, v.* from votes v with no data;
create function keep() returns trigger language plpgsql as $$
begin
  delete from kept_executions where id = new.id and kept_at = new.seq;
  insert into kept_executions select new.seq, e.* from executions e where id = new.id;
  {"".join(f"insert into kept_{t} select new.seq, x.* from {t} x where execution_id = new.id;" for t in OF_EXECUTION)}
  insert into kept_votes select new.seq, v.* from votes v
    where approval_id in (select id from approvals where execution_id = new.id);
  return null;
end
$$;
create constraint trigger keep after insert or update on executions
  deferrable initially deferred for each row execute function keep();
"""
OF_THE_MOMENT = {"results", "source_execution", "kept_at", "lease", "lease_expires_at", "moved_xid"}
OF_THE_MOMENT |= {"lines_at_end", "seen_at_end"}
REPLAY_CACHE = ReplayCache()
"""Of all tests here: each moment is folded from the one before."""
JSON = {
    "inputs",
    "outputs",
    "labels",
    "properties",
    "disabled_tasks",
    "trigger",
    "failure",
    "error",
}
JSON |= {"policy", "escalated", "groups", "form", "clock", "restarted_by", "starters", "signals"}
JSON |= {"tentative", "paused", "killing", "resources", "users", "roles"}


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        await floor.parts.database.pool.execute(KEPT)
        yield floor


def plain(row: Any) -> dict[str, Any]:
    return {
        name: load(value) if name in JSON else value
        for name, value in dict(row).items()
        if name not in OF_THE_MOMENT
    }


async def past_at(floor: Floor, id: UUID, seq: int) -> HistoricalView:
    pool = floor.parts.database.pool
    row: Any = await pool.fetchrow("select * from executions where id = $1", id)
    return await read_past(pool, floor.parts.engine.plans, row, seq, REPLAY_CACHE)


async def check_every_moment(floor: Floor, id: UUID) -> int:
    """Checks that the rows after each commit equal those of the past, and each event's state. Returns the number of
    commits."""
    pool: Pool = floor.parts.database.pool
    kept = await pool.fetch("select * from kept_executions where id = $1 order by kept_at", id)
    for row in kept:
        past = await past_at(floor, id, row["kept_at"])
        assert plain(past.rows["execution"](id)) == plain(row)
        for table, order in OF_EXECUTION.items():
            await check_rows(pool, past, table, order, id)
        votes = await pool.fetch(
            "select * from kept_votes where kept_at = $1 and approval_id in"
            " (select id from approvals where execution_id = $2) order by at, id",
            past.seq, id,
        )  # fmt: skip
        approvals = past.rows["approvals"](id)
        listed = [vote for one in approvals for vote in past.rows["votes"](one["id"])]
        assert list(map(plain, listed)) == list(map(plain, votes))
    for event in await events_after(pool, id, 0):
        past = await past_at(floor, id, event.seq)
        of = past.execution.tasks[event.path] if event.path else past.execution
        assert event.to_state in (None, of.state)
        assert past.at == event.at
    return len(kept)


async def check_rows(pool: Pool, past: HistoricalView, table: str, order: str, id: UUID) -> None:
    wanted = await pool.fetch(
        f"select * from kept_{table} where kept_at = $1 and execution_id = $2 order by {order}",
        past.seq, id,
    )  # fmt: skip
    shown = past.rows[table](id) if table != "attempts" else _attempts(past, id)
    key = (lambda row: row["id"]) if table == "attempts" else None
    shown, wanted = list(map(plain, shown)), list(map(plain, wanted))
    assert (sorted(shown, key=key) if key else shown) == (
        sorted(wanted, key=key) if key else wanted
    )
    assert all(past_of(row["id"]) is past for row in shown)


def _attempts(past: HistoricalView, id: UUID) -> list[Any]:
    return [one for task in past.rows["task_runs"](id) for one in past.rows["attempts"](task["id"])]


async def test_a_retried_execution_with_progress_labels_and_notes(floor: Floor) -> None:
    id = (
        await floor.run(
            """
  - id: flaky
    type: shell
    retry: {max_attempts: 2, delay: 1ms}
    run: |
      echo '{"output": {"rows": 3}, "progress": 0.5, "message": "half", "label": {"a": "b"}}' >&"$HEADWAY_FD"
      test $HEADWAY_ATTEMPT -gt 1
  - {id: after, type: log, message: done, needs: [flaky]}
"""
        )
    ).id
    await floor.submit(id, SetLabels({"team": "data"}))
    await floor.submit(id, AddNote(new_id(), "looked at it"))
    await floor.submit(id, Archive())
    await floor.submit(id, Unarchive())
    assert await check_every_moment(floor, id) > 5


async def test_an_execution_that_was_paused_resumed_and_cancelled(floor: Floor) -> None:
    id = await floor.begin("  - {id: long, type: shell, run: sleep 600, kill_grace: 0.1s}\n")
    await floor.until_running(id, "long")
    await floor.submit(id, Pause())
    await floor.submit(id, Resume())
    await floor.submit(id, Cancel())
    assert (await floor.until_ended(id)).state == "KILLED"
    await check_every_moment(floor, id)


async def test_a_failure_that_was_retried_by_hand_and_failed_again(floor: Floor) -> None:
    id = await floor.begin(
        """
  - {id: bad, type: fail, message: no}
  - {id: never, type: log, message: x, needs: [bad]}
  - {id: slow, type: shell, run: sleep 600, kill_grace: 0.1s}
"""
    )
    await floor.until_running(id, "slow")
    with floor.parts.feed.watch(f"e:{id}") as watch:
        while (await floor.look(id)).state != "FAILED_FINISHING":
            await watch.changed()
    await floor.submit(id, RetryFailed())
    await floor.submit(id, Cancel())
    await floor.until_ended(id)
    await check_every_moment(floor, id)


@pytest.mark.parametrize("decision", VoteDecision)
async def test_an_approval(floor: Floor, decision: VoteDecision) -> None:
    id = await floor.begin(
        "  - {id: ok, type: approval, message: go}\n  - {id: a, type: log, message: x, needs: [ok]}\n"
    )
    with floor.parts.feed.watch(f"e:{id}") as watch:
        while (await floor.look(id)).tasks["ok"].state is not TaskRunState.WAITING_FOR_APPROVAL:
            await watch.changed()
    approval = (await floor.look(id)).tasks["ok"].approval
    assert approval
    await floor.submit(id, CastVote(approval.id, decision, frozenset(), "because"))
    await floor.until_ended(id)
    await check_every_moment(floor, id)


async def test_a_moment_that_never_was_is_refused(floor: Floor) -> None:
    execution = await floor.run("  - {id: a, type: log, message: a}\n")
    for seq in (0, -1, execution.seq + 1):
        with pytest.raises(Refused, match=f"1 to {execution.seq}") as refused:
            await past_at(floor, execution.id, seq)
        assert refused.value.problems[0].code is ProblemCode.VALIDATION
