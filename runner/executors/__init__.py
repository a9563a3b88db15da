"""The built-in task types, one executor class each. Installed packages add types by entry points `headway.tasks`."""

from collections.abc import Mapping

from models.spec.installed import installed_types
from runner.executors.executor import Executor
from runner.executors.http import HttpExecutor
from runner.executors.installed import InstalledExecutor
from runner.executors.plain import FailExecutor, LogExecutor, ReturnExecutor
from runner.executors.python import PythonExecutor
from runner.executors.shell import ShellExecutor
from runner.executors.sql import SqlExecutor

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
    """Returns an executor for each task type, by the name of the type."""
    installed = {name: InstalledExecutor() for name in installed_types()}
    return {**installed, **{name: kind() for name, kind in BUILT_IN.items()}}
