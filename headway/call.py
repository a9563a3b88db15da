"""`python -m headway.call package.module:function`: call it with the task's `args`; what it returns are outputs."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from headway.task import output, read_args


def main(place: str) -> None:
    """Raises what the function raises."""
    module, _, name = place.partition(":")
    function = getattr(importlib.import_module(module), name)
    tell(place, function(**read_args()))


def tell(place: str, returned: Any) -> None:
    """What was returned as outputs; ends the process when it can be none."""
    if isinstance(returned, Mapping):
        output(**{str(key): value for key, value in returned.items()})
    elif returned is not None:
        kind = type(returned).__name__
        sys.exit(f"{place} returned {kind}; a task returns a dict of outputs or None")


if __name__ == "__main__":
    main(sys.argv[1])
