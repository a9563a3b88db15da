"""`python -m headway.call package.module:function` calls it with the task's `args`. The result is the outputs."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from headway.task import output, read_args, refuse_output


def main(place: str) -> None:
    """Calls the function. Its exceptions are passed on."""
    module, _, name = place.partition(":")
    function = getattr(importlib.import_module(module), name)
    report_outputs(place, function(**read_args()))


def report_outputs(place: str, returned: Any) -> None:
    """Reports the returned value as outputs; an unsuitable value fails the attempt."""
    if returned is None:
        return
    if not isinstance(returned, Mapping):
        kind = type(returned).__name__
        refuse_output(f"{place} returned {kind}; a task returns a dict of outputs or None")
        return
    try:
        output(**{str(key): value for key, value in returned.items()})
    except (TypeError, ValueError, RecursionError) as error:
        refuse_output(f"{place} returned a value that cannot be an output: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
