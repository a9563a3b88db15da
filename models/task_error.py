"""The error of a failed attempt, and its message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskError:
    """`code` is stable and short: EXIT_CODE, TIMED_OUT, EXPRESSION, WORKER_LOST, ... `exit_code` is that of the failed
    process, if any. `below` is the cause as reported by a child execution, whose namespace not every viewer of this
    execution may see."""

    code: str
    message: str
    exit_code: int | None = None
    below: str | None = None


def message_with_exit_code(message: str, exit_code: int | None) -> str:
    """Returns the message, followed by the exit code unless the message is the exit code."""
    code = f"exit code {exit_code}"
    return f"{message} ({code})" if exit_code and exit_code > 0 and message != code else message
