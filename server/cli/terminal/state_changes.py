"""Describes for `headway show` who stopped an execution and who corrected states. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from models.states import EXECUTION_ENDS, TASK_RUN_ENDS
from server.cli.terminal.rendering import moment

_STOPS = frozenset({"KILLING", "KILLED", "CANCELLED"})
_PARTS_OF_HEADWAY = frozenset({"ENGINE", "WORKER", "SCHEDULE"})


def state_changes(
    execution: Mapping[str, Any], task_runs: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Yields how the latest run of the execution was stopped, then all corrections in the order of their events."""
    if stop := _stop(execution):
        yield stop
    found = list(_corrections(execution["stateHistory"], EXECUTION_ENDS, ""))
    if execution["origin"] != "EXTERNAL":  # a report may replace the end of an external task run
        for run in task_runs:
            found += _corrections(run["stateHistory"], TASK_RUN_ENDS, f"{run['key']}: ")
    for _, sentence in sorted(found):
        yield sentence


def _corrections(
    history: Sequence[Mapping[str, Any]], ends: frozenset[Any], whose: str
) -> Iterator[tuple[int, str]]:
    """Yields, with its seq, each state that a person set in place of another end state."""
    for before, after in pairwise(history):
        if before["state"] in ends and after["state"] in ends:
            change = f"{whose}changed from {before['state']} to {after['state']}"
            yield after["seq"], f"{change} by {_by(after)}{_because(after['reason'])}"


def _stop(execution: Mapping[str, Any]) -> str | None:
    for before, after in pairwise(_since_restart(execution["stateHistory"])):
        if before["state"] in EXECUTION_ENDS:
            return None
        if after["state"] in _STOPS:
            return _how_stopped(execution, before["state"], after)
    return None


def _since_restart(history: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    restarts = [place for place, one in enumerate(history) if one["state"] == "RESTARTED"]
    return history[restarts[-1] :] if restarts else history


def _how_stopped(execution: Mapping[str, Any], before: str, stop: Mapping[str, Any]) -> str:
    at = moment(stop["at"])
    if stop["state"] != "KILLING" and execution["origin"] == "EXTERNAL":
        return f"recorded as {stop['state']} by {_by(stop)}"
    if (before, stop["state"]) == ("CREATED", "CANCELLED"):
        return f"not started, {at}: the concurrency limit of its flow was reached"
    if _is_due_to_failure(execution, stop):
        return f"stopped by Headway, {at}, because of this failure"
    if stop["actor"]["kind"] in _PARTS_OF_HEADWAY:
        return f"stopped by Headway, {at}{_because(stop['reason'] or _expired(execution))}"
    return f"cancelled by {_by(stop)}{_because(stop['reason'])}"


def _is_due_to_failure(execution: Mapping[str, Any], stop: Mapping[str, Any]) -> bool:
    """Checks for a timeout or a failed task that cancels everything. The actor may be a person: one whose decision or
    correction made the task fail."""
    failure = execution["failure"]
    if not failure or failure["code"] == "CHANGE_STATE":
        return False
    if failure["taskRun"] and execution["onFailure"] == "CANCEL_ALL":
        return True
    return stop["actor"]["kind"] in _PARTS_OF_HEADWAY and not stop["reason"]


def _expired(execution: Mapping[str, Any]) -> str:
    keys = [one["taskRun"]["key"] for one in execution["approvals"] if one["state"] == "EXPIRED"]
    return f"nobody decided {keys[-1]} in time" if keys else ""


def _by(change: Mapping[str, Any]) -> str:
    return f"{change['actor']['name']}, {moment(change['at'])}"


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""
