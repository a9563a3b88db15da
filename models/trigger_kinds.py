"""The trigger kinds of executions, derived from their rows. `headway_trigger` computes the same in SQL."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from models.states import Origin


class TriggerKind(StrEnum):
    MANUAL = "MANUAL"
    API = "API"
    SCHEDULE = "SCHEDULE"
    BACKFILL = "BACKFILL"
    SUBFLOW = "SUBFLOW"
    REPLAY = "REPLAY"
    RERUN = "RERUN"
    RECORDED = "RECORDED"


BY_SCHEDULE: Final = frozenset({TriggerKind.SCHEDULE, TriggerKind.BACKFILL})


def trigger_kind(
    *,
    parent_id: UUID | None,
    replay_of: UUID | None,
    rerun_of: UUID | None,
    origin: Origin,
    created_by: str,
    starters: Sequence[str],
) -> TriggerKind:
    """Returns the nearest cause: the replay of a scheduled execution is a replay, though it keeps its `trigger`."""
    if parent_id:
        return TriggerKind.SUBFLOW
    if replay_of:
        return TriggerKind.REPLAY
    if rerun_of:
        return TriggerKind.RERUN
    if origin is Origin.EXTERNAL:
        return TriggerKind.RECORDED
    actor = created_by.partition(":")[0]
    if actor == "schedule":  # with a backfill, the person is among the starters
        return TriggerKind.BACKFILL if starters else TriggerKind.SCHEDULE
    return TriggerKind.MANUAL if actor == "user" else TriggerKind.API


def schedule_of(kind: TriggerKind, trigger: Mapping[str, Any] | None) -> str | None:
    """Returns the key of the schedule that started the execution; None for any other trigger."""
    key = (trigger or {}).get("key")
    return key if kind in BY_SCHEDULE and isinstance(key, str) else None
