"""`python -m headway.call package.module:function`: call it with the task's `args`; what it returns are outputs."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from headway.task import output, read_args, refuse_output


def main(place: str) -> None:
    """Raises what the function raises."""
    module, _, name = place.partition(":")
    function = getattr(importlib.import_module(module), name)
    tell(place, function(**read_args()))


def tell(place: str, returned: Any) -> None:
    """Reports the returned value as outputs; a value that cannot be one fails the attempt."""
    if returned is None:
        return
    if not isinstance(returned, Mapping):
        kind = type(returned).__name__
        refuse_output(f"{place} returned {kind}; a task returns a dict of outputs or None")
        return
    try:
        output(**{str(key): value for key, value in returned.items()})
    except (TypeError, ValueError, RecursionError) as error:
        refuse_output(f"{place} returned what cannot be an output: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
