"""Names the flow and the revision that an execution runs. Pure."""

from collections.abc import Mapping
from typing import Any


def flow_text(execution: Mapping[str, Any]) -> str:
    """Returns `namespace/flow, revision 3`."""
    flow = f"{execution['namespace']}/{execution['flowKey']}"
    return ", ".join(filter(None, (flow, _words(_number(execution)))))


def revision_text(execution: Mapping[str, Any]) -> str:
    """Returns `revision 3`, and the newest revision of the flow if that is another one. Empty for an external run."""
    number, newest = _number(execution), _newest(execution)
    other = f" (the newest is {newest})" if newest is not None and newest != number else ""
    return f"{_words(number)}{other}"


def newest_revision_text(execution: Mapping[str, Any]) -> str:
    """Returns the same for a new execution in the newest revision."""
    return _words(_newest(execution))


def _number(execution: Mapping[str, Any]) -> int | None:
    revision = execution["revision"]
    return int(revision["number"]) if revision else None


def _newest(execution: Mapping[str, Any]) -> int | None:
    flow = execution["flow"]
    return int(flow["revision"]["number"]) if flow and flow["revision"] else None


def _words(number: int | None) -> str:
    if number is None:
        return ""
    return f"revision {number}" if number > 0 else "an unsaved text"
