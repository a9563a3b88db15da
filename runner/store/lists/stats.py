"""Counts executions: those of a period by state, bucket, flow and kind; and the current ones by state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

from models.access.viewer import Scope
from models.filters.filters import And, Field, Filter, Operator, Term, mentions
from models.labels import TEST
from models.states import EXECUTION_ENDS, EXECUTION_FAILURES, EXECUTION_SUCCESSES, ExecutionState
from models.statistics.buckets import Bucket
from runner.store.json import to_columns
from runner.store.lists.alike import Line, LineRow, alike, line_of
from runner.store.lists.listing import NEWEST
from runner.store.lists.words import listed, matching_words, wanted_words
from runner.store.pages import COUNT_LIMIT
from runner.store.postgres.connection import Pool
from runner.store.where import EXECUTIONS, Arguments


@dataclass(frozen=True, slots=True)
class Tally:
    """Durations are in seconds, of executions that started and ended; None if there are none."""

    total: int = 0
    ended: int = 0
    succeeded: int = 0
    failed: int = 0
    average: float | None = None
    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """`flows` is by namespace and key. All mappings have the most frequent first."""

    whole: Tally
    states: Mapping[ExecutionState, int]
    buckets: Mapping[datetime, Tally]
    flows: Mapping[tuple[str, str], Tally]
    kinds: Mapping[str, Tally]


class _TallyRow(TypedDict):
    """A row of one of the sets below; the columns of the other sets are null."""

    set: int
    state: str | None
    bucket: datetime | None
    namespace: str | None
    flow_key: str | None
    kind: str | None
    total: int
    ended: int
    succeeded: int
    failed: int
    average: float | None
    percentiles: list[float] | None


class _StateRow(TypedDict):
    state: str
    number: int


class _StateAmongRow(_StateRow):
    seen: int


class _LastedRow(LineRow):
    count: int
    percentiles: list[float] | None


_WHOLE: Final = 0b1111
"""The value of `grouping` for the set without columns: a bit for each of the four that is not grouped by."""
_TALLIES: Final = """
with found as materialized (
  select state, namespace, flow_key, kind, date_trunc({bucket}::text, {date}, 'UTC') as bucket,
    date_part('epoch', ended_at - started_at) - idle as lasted
  from executions where {condition})
select grouping(state, bucket, flow_key, kind) as set, state, bucket, namespace, flow_key, kind, count(*) as total,
  count(*) filter (where state = any({ends}::text[])) as ended,
  count(*) filter (where state = any({successes}::text[])) as succeeded,
  count(*) filter (where state = any({failures}::text[])) as failed,
  avg(lasted) as average, percentile_cont(array[0.5, 0.95]) within group (order by lasted) as percentiles
from found group by grouping sets ((), (state), (bucket), (namespace, flow_key), (kind))
order by total desc, namespace, flow_key, kind
"""


async def tallied(
    pool: Pool, scope: Scope, where: Filter, since: datetime, until: datetime, bucket: Bucket
) -> Stats:
    """Statistics of the executions with a date from `since` to before `until`."""
    arguments = Arguments()
    dated = [Term(Field.DATE, Operator.GTE, since), Term(Field.DATE, Operator.LT, until)]
    statement = _TALLIES.format(
        bucket=arguments.add(bucket.lower()),
        date=EXECUTIONS.columns[Field.DATE],
        condition=listed(scope, And([*dated, where]), arguments),
        ends=arguments.add(sorted(EXECUTION_ENDS)),
        successes=arguments.add(sorted(EXECUTION_SUCCESSES)),
        failures=arguments.add(sorted(EXECUTION_FAILURES)),
    )
    rows: list[_TallyRow] = await pool.fetch(statement, *arguments.values)
    return Stats(
        whole=_tally(next(row for row in rows if row["set"] == _WHOLE)),
        states={ExecutionState(row["state"]): row["total"] for row in rows if row["state"]},
        buckets={row["bucket"]: _tally(row) for row in rows if row["bucket"]},
        flows={
            (row["namespace"], row["flow_key"]): _tally(row)
            for row in rows
            if row["namespace"] is not None and row["flow_key"] is not None
        },
        kinds={row["kind"]: _tally(row) for row in rows if row["kind"] is not None},
    )


def _tally(row: _TallyRow) -> Tally:
    p50, p95 = row["percentiles"] or (None, None)
    counts = (row["total"], row["ended"], row["succeeded"], row["failed"])
    return Tally(*counts, row["average"], p50, p95)


async def counted_by_state(
    pool: Pool, scope: Scope, where: Filter
) -> dict[ExecutionState, tuple[int, bool]]:
    """The number for each state that occurs, and whether it is exact: counting stops at COUNT_LIMIT for each."""
    arguments = Arguments()
    if (words := wanted_words(where)) and not mentions(where, Field.METRIC):
        matching = matching_words(scope, where, words, arguments)
        named = f"{matching} limit {COUNT_LIMIT + 1}"
        return await _counted_among(pool, named, "true", COUNT_LIMIT, arguments)
    condition = listed(scope, where, arguments)
    if mentions(where, Field.METRIC):
        newest = f"select id from executions order by id desc limit {NEWEST + 1}"
        return await _counted_among(pool, newest, condition, NEWEST, arguments)
    parts = [
        f"select '{state}' as state, (select count(*) from (select from executions "
        f"where {_in_state(state)} and {condition} limit {COUNT_LIMIT + 1}) x) as number"
        for state in ExecutionState
    ]
    rows: list[_StateRow] = await pool.fetch(" union all ".join(parts), *arguments.values)
    return {
        ExecutionState(row["state"]): (
            min(row["number"], COUNT_LIMIT),
            row["number"] <= COUNT_LIMIT,
        )
        for row in rows
        if row["number"]
    }


async def _counted_among(
    pool: Pool, source: str, condition: str, most: int, arguments: Arguments
) -> dict[ExecutionState, tuple[int, bool]]:
    """Counts among at most `most` rows, for conditions that are expensive to check; exact if there are no more."""
    rows: list[_StateAmongRow] = await pool.fetch(
        f"""with looked as materialized ({source})
            select state, count(*) filter (where {condition}) as number, (select count(*) from looked) as seen
            from looked join executions using (id) group by state""",
        *arguments.values,
    )
    return {
        ExecutionState(row["state"]): (min(row["number"], most), row["seen"] <= most)
        for row in rows
        if row["number"]
    }


def _in_state(state: ExecutionState) -> str:
    """Adds `ended_at is null` for a state that is not terminal, so that the small partial index can be used."""
    end = "" if state in EXECUTION_ENDS else " and ended_at is null"
    return f"state = '{state}'{end}"


# Archived executions count, too.
_LASTED: Final = f"""
select o.*, lasted.* from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) o (flow_id, namespace, flow_key, kind)
cross join lateral (
  select count(*) as count, percentile_cont(array[0.5, 0.95]) within group (order by seconds) as percentiles
  from (select headway_lasted(started_at, ended_at, idle) as seconds from executions e
        where {alike("o.flow_id", "o.namespace", "o.flow_key", "o.kind")} and state = any($5::text[])
          and started_at is not null and not labels ? $6
        order by id desc limit $7) newest) lasted
"""
_MAX_RUNS: Final = 100
_RAN_WELL: Final = (ExecutionState.SUCCESS.value, ExecutionState.WARNING.value)


async def usual_durations(pool: Pool, lines: Sequence[Line]) -> dict[Line, Tally]:
    """Durations of the newest 100 successful executions of each line; lines without any are left out."""
    rows: list[_LastedRow] = await pool.fetch(
        _LASTED, *to_columns(lines), _RAN_WELL, TEST, _MAX_RUNS
    )
    return {
        line_of(row): Tally(row["count"], p50=row["percentiles"][0], p95=row["percentiles"][1])
        for row in rows
        if row["percentiles"]
    }
