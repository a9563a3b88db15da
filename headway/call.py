"""`python -m headway.call package.module:function`: call it with the task's `args`; what it returns are outputs."""

import importlib
import sys
from collections.abc import Mapping

from headway.task import output, read_args


def main(place: str) -> None:
    """Raises what the function raises."""
    module, _, name = place.partition(":")
    function = getattr(importlib.import_module(module), name)
    returned = function(**read_args())
    if isinstance(returned, Mapping):
        output(**{str(key): value for key, value in returned.items()})
    elif returned is not None:
        kind = type(returned).__name__
        sys.exit(f"{place} returned {kind}; a task returns a dict of outputs or None")


if __name__ == "__main__":
    main(sys.argv[1])
