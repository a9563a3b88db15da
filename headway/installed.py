"""`python -m headway.installed` runs a task of an installed type. The result of its method `run` is the outputs."""

import asyncio
import inspect
import sys
from importlib.metadata import entry_points
from typing import Any

from headway.call import report_outputs
from headway.task import read_args

_GROUP = "headway.tasks"


def main() -> None:
    """Runs the task. The method's exceptions are passed on."""
    request = read_args()
    sys.path += [path for path in request["path"] if path not in sys.path]
    name = request["task"]["type"]
    found = entry_points(group=_GROUP, name=name)
    if not found:
        sys.exit(f"no installed package has the task type {name}")
    kind = next(iter(found)).load()
    returned = _task(kind, request["task"]).run()
    if inspect.isawaitable(returned):
        returned = asyncio.run(_awaited(returned))
    report_outputs(name, returned)


def _task(kind: Any, data: dict[str, Any]) -> Any:
    """Returns the task, or exits if its values, known only now that expressions are evaluated, are invalid."""
    try:
        return kind.model_validate(data)
    except ValueError as error:
        faults = error.errors() if hasattr(error, "errors") else []
        message = "; ".join(f"`{'.'.join(map(str, one['loc']))}`: {one['msg']}" for one in faults)
        sys.exit(message or str(error))


async def _awaited(returned: Any) -> Any:
    return await returned


if __name__ == "__main__":
    main()
