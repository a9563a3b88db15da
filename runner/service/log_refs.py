"""Names an execution, or one of its tasks, in log lines: as text, and as fields of the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from models.ids import typed


@dataclass(frozen=True, slots=True)
class LogRef:
    """Give it as an argument of a log call; `path` is None for the execution as a whole."""

    execution_id: UUID
    path: str | None = None

    def __str__(self) -> str:
        execution = f"execution {typed('exec', self.execution_id)}"
        return f"task {self.path} of {execution}" if self.path else execution

    @property
    def log_fields(self) -> Mapping[str, str]:
        """The fields that the record gets from it: see server/process/log_setup.py."""
        fields = {"execution_id": typed("exec", self.execution_id)}
        return {**fields, "task": self.path} if self.path else fields
