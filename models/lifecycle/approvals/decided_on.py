"""Computes the digest of what an approval decides on: a decision can be reused where the digest is the same.

It contains the revision with its policy and form, the inputs, and the ids of the outputs of earlier tasks: an id
changes when a task runs again or a person changes its outputs. The message is rendered from nothing else. Labels and
the trigger are included if the document's expressions can read them.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from models.labels import without_system_labels
from models.lifecycle.snapshot import CompiledFlow, Execution, TaskRun

_READS_LABELS: Final = re.compile(
    r"\blabels\b(?!\s*:)|\bexecution\b(?!\.(id|name|namespace|flow|createdAt|startedAt)\b)"
)
_READS_TRIGGER: Final = re.compile(r"\btrigger\b")


def decided_on(execution: Execution, task: TaskRun) -> str:
    """Returns the current digest for a task run that needs an approval."""
    return digest_of(context_of(execution), _output_sources(execution, task))


def context_of(execution: Execution) -> str:
    return context(execution.plan, execution.inputs, execution.labels, execution.trigger)


def context(
    plan: CompiledFlow,
    inputs: Mapping[str, Any],
    labels: Mapping[str, str],
    trigger: Mapping[str, Any] | None,
) -> str:
    """Returns the digest of what an execution begins with: revision, inputs and, if read, labels and trigger."""
    texts = [plan.spec.source_of(key) for key in plan.tasks]
    parts: dict[str, Any] = {"revision": str(plan.revision_id), "inputs": inputs}
    if any(not text or _READS_LABELS.search(text) for text in texts):
        parts["labels"] = without_system_labels(labels)
    if any(not text or _READS_TRIGGER.search(text) for text in texts):
        parts["trigger"] = trigger
    return _sha256(parts)


def digest_of(context: str, output_sources: Mapping[str, UUID]) -> str:
    """`output_sources` are the ids of the outputs of the tasks upstream, by path."""
    return _sha256([context, {path: str(id) for path, id in output_sources.items()}])


def _output_sources(execution: Execution, task: TaskRun) -> Mapping[str, UUID]:
    """Returns the ids of the outputs upstream of it in its iteration, and upstream of each foreach around it."""
    found: dict[str, UUID] = {}
    around: TaskRun | None = task
    while around is not None:
        for key in execution.plan.graph.upstream(around.key):
            before = execution.tasks[around.level + key]
            found[before.path] = before.output_source
        around = execution.tasks[around.parent] if around.parent is not None else None
    return found


def _sha256(value: Any) -> str:
    text = json.dumps(_as_read_back(value), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _as_read_back(value: Any) -> Any:
    """Turns whole floats into integers, as the database does."""
    if isinstance(value, Mapping):
        return {str(key): _as_read_back(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_read_back(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
