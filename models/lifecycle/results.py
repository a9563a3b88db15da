"""Results of task runs: own or reused outputs. Those of a foreach are collected from its iterations, not stored."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.task_path import parse_path
from models.payloads import json_size

MAX_RESULTS: Final = 16 * 1024 * 1024
"""The largest results of a foreach that are read together, in bytes of JSON."""
TOO_LARGE: Final = "tooLarge"
"""The only key of results that are too large; no task has this id."""
TOO_LARGE_MESSAGE: Final = (
    f"its iterations hold more than {MAX_RESULTS >> 20} MiB of outputs together; "
    "read those of one iteration, or have the tasks keep large values as artifacts"
)


def results_of(execution: Execution, task: TaskRun) -> Mapping[str, Any]:
    """Returns the results; for an ended foreach, by task the list of its iterations' results, in order."""
    if not task.ended or task.path not in execution.families:
        return within_limit(task.results) if task.outputs_from else task.results
    gathered: dict[str, list[Any]] = {}
    size = 0
    for key, results in _of_iterations(execution, task):
        size += json_size(results)
        if size > MAX_RESULTS or is_too_large(results):
            return _TOO_LARGE
        gathered.setdefault(key, []).append(results)
    return within_limit({**gathered, **task.results})


def within_limit(results: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the results, or an object that says that they are too large to be read together."""
    if is_too_large(results) or json_size(results) > MAX_RESULTS:
        return _TOO_LARGE
    return results


def is_too_large(results: Mapping[str, Any]) -> bool:
    return results.keys() == {TOO_LARGE}


def _of_iterations(
    execution: Execution, foreach: TaskRun
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for child in sorted(execution.children_of(foreach), key=lambda child: child.position):
        yield parse_path(child.path).key, dict(results_of(execution, child))


_TOO_LARGE: Final = {TOO_LARGE: TOO_LARGE_MESSAGE}
