"""Results of task runs: outputs of their own or carried ones; those of a foreach are its iterations', never copied."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.task_path import place_of
from models.payloads import json_size

MAX_RESULTS: Final = 16 * 1024 * 1024
"""Bytes, as JSON, up to which the results of a foreach are read together."""
TOO_LARGE: Final = "tooLarge"
"""The only key of results that are larger; no task has this id."""
TOO_LARGE_MESSAGE: Final = (
    f"its iterations hold more than {MAX_RESULTS >> 20} MiB of outputs together; "
    "read those of one iteration, or have the tasks keep large values as artifacts"
)


def results_of(execution: Execution, task: TaskRun) -> Mapping[str, Any]:
    """For a foreach that has ended: per task the results of its iterations, in their order."""
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
    """The results, or, where they are too large to be read together, what says so."""
    if is_too_large(results) or json_size(results) > MAX_RESULTS:
        return _TOO_LARGE
    return results


def is_too_large(results: Mapping[str, Any]) -> bool:
    return results.keys() == {TOO_LARGE}


def _of_iterations(
    execution: Execution, foreach: TaskRun
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for child in sorted(execution.children_of(foreach), key=lambda child: child.position):
        yield place_of(child.path).key, dict(results_of(execution, child))


_TOO_LARGE: Final = {TOO_LARGE: TOO_LARGE_MESSAGE}
