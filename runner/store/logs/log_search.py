"""Searches and counts lines of a log by their text: each call does a bounded amount of work."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from models.logs import LogLevel
from runner.store.logs.log_blocks import SIZE, LevelCount, blocks_with, lines_by_level
from runner.store.logs.log_lines import COUNTED, WANTED, LinesOf, filters_of, numbers_after
from runner.store.postgres.connection import Executes

MAX_BLOCKS: Final = 100
"""The most blocks of lines that one call reads."""
_BLOCKS_AT_ONCE: Final = 10
_TIME_LIMIT: Final = 0.25
"""Seconds after which a call stops reading."""
COLOUR: Final = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-Z\\^-~])"
_HEAD: Final = "select lines from log_heads where execution_id = $1"
TEXT_MATCHES: Final = """
case when position(chr(27) in text) = 0 then text else regexp_replace(text, {colour}, '', 'g') end ilike any({patterns})
"""
_SEARCH: Final = f"""
select found.line from unnest($9::bigint[]) with ordinality blocks (block, place), lateral (
  select line from logs where {WANTED} and line > greatest($7, block * {SIZE})
    and line <= least($8, (block + 1) * {SIZE}) and {TEXT_MATCHES.format(colour="$10", patterns="$11::text[]")}
  order by line limit $12) found
order by place, line limit $12
"""
_COUNT_PAST: Final = f"""
select level, count(*) as lines from (select level from logs where {WANTED} limit $7) counted
group by level order by level
"""


class _Block(TypedDict):
    block: int


class _Line(TypedDict):
    line: int


@dataclass(frozen=True, slots=True)
class Matches:
    """Numbers of matching lines, complete up to the line `searched_to`; `complete` if that is the last of the log."""

    lines: Sequence[int]
    searched_to: int
    complete: bool


async def search_lines(
    pool: Executes, wanted: LinesOf, text: str | None, after: int, most: int
) -> Matches:
    """The first matches after a line number. Ignores case and colour codes for terminals."""
    head = await pool.fetchval(_HEAD, wanted.execution_id) or 0
    after = min(max(after, 0), max(head, 0))
    if text is None:
        numbers = await numbers_after(pool, wanted, after, most)
        found = [number for number in numbers if number <= head]
        return _matches(found, most, head)
    return await _read_through(pool, wanted, text, after, most, head)


async def _read_through(
    pool: Executes, wanted: LinesOf, text: str, after: int, most: int, head: int
) -> Matches:
    bound = f"block >= $7::bigint / {SIZE}"
    sql = blocks_with(wanted.task_run_id is not None, bound, "asc", "$8")
    filters = filters_of(wanted)
    rows: list[_Block] = await pool.fetch(sql, *filters, after, MAX_BLOCKS)
    blocks = [row["block"] for row in rows]
    until, found = time.monotonic() + _TIME_LIMIT, list[int]()
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        part = blocks[start : start + _BLOCKS_AT_ONCE]
        last = min((part[-1] + 1) * SIZE, head)
        values = (part, COLOUR, patterns_of(text), most - len(found))
        matches: list[_Line] = await pool.fetch(_SEARCH, *filters, after, last, *values)
        found += [row["line"] for row in matches]
        read_all = len(blocks) < MAX_BLOCKS and start + _BLOCKS_AT_ONCE >= len(blocks)
        if len(found) >= most or read_all:
            break
        if time.monotonic() > until or start + _BLOCKS_AT_ONCE >= len(blocks):
            return Matches(found, last, last >= head)
    return _matches(found, most, head)


def _matches(found: Sequence[int], most: int, head: int) -> Matches:
    searched_to = found[-1] if len(found) >= most else head
    return Matches(found, searched_to, searched_to >= head)


def patterns_of(text: str) -> list[str]:
    """Patterns for `ilike any`. Not every collation folds case beyond ASCII, so both cases are included."""
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    spelled = [escaped] if text.isascii() else [escaped, escaped.lower(), escaped.upper()]
    return [f"%{one}%" for one in spelled]


async def count_by_level(pool: Executes, wanted: LinesOf) -> Mapping[LogLevel, tuple[int, bool]]:
    """The number for each level that occurs, and whether it is exact: counting lines of a past moment stops at
    COUNTED."""
    if wanted.until is None:
        counted = await lines_by_level(pool, filters_of(wanted))
        return {level: (lines, True) for level, lines in counted.items()}
    rows: list[LevelCount] = await pool.fetch(_COUNT_PAST, *filters_of(wanted), COUNTED + 1)
    exact = sum(row["lines"] for row in rows) <= COUNTED
    return {LogLevel(row["level"]): (row["lines"], exact) for row in rows}
