"""What a task run ends as when it cannot be run at all."""

from models.spec import TaskSpec
from models.states import TaskRunState


def error_end(spec: TaskSpec) -> TaskRunState:
    """ERROR, of an expression that cannot be evaluated or settings that will not do; allowed as any failure may be."""
    return TaskRunState.WARNING if spec.allow_failure else TaskRunState.ERROR
