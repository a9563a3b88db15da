"""Task types that a worker carries out, one class each. Others' come by the entry point group `headway.tasks`."""

from collections.abc import Mapping
from importlib.metadata import entry_points

from runner.executors.executor import Executor
from runner.executors.http import HttpExecutor
from runner.executors.plain import FailExecutor, LogExecutor, ReturnExecutor
from runner.executors.python import PythonExecutor
from runner.executors.shell import ShellExecutor
from runner.executors.sql import SqlExecutor

GROUP = "headway.tasks"

BUILT_IN: Mapping[str, type[Executor]] = {
    "shell": ShellExecutor,
    "python": PythonExecutor,
    "http": HttpExecutor,
    "sql": SqlExecutor,
    "log": LogExecutor,
    "return": ReturnExecutor,
    "fail": FailExecutor,
}


def load_executors() -> dict[str, Executor]:
    """One of each, by task type. A built-in type cannot be replaced."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    others: dict[str, type[Executor]] = {
        name: point.load() for name, point in found.items() if name not in BUILT_IN
    }
    return {name: kind() for name, kind in {**others, **BUILT_IN}.items()}
