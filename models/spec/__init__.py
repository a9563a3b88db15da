"""The flow language: the models of a flow document, and its parser."""

from models.inputs.inputs import InputSpec, InputType
from models.spec.checks import trigger_input_faults
from models.spec.document import Path
from models.spec.flow import FlowSpec
from models.spec.jsonschema import flow_json_schema
from models.spec.parsing import parse_flow
from models.spec.task import ArtifactSpec, Backoff, CacheSpec, LogLevel, RetrySpec, Task
from models.spec.tasks import (
    ApprovalTask,
    ExternalTask,
    FailTask,
    ForeachTask,
    HttpTask,
    LogTask,
    PythonTask,
    ReturnTask,
    ShellTask,
    SqlTask,
    SubflowTask,
    TaskSpec,
    WaitTask,
)
from models.spec.triggers import ScheduleTrigger, given_problems
from models.spec.written import given_as_written

__all__ = [
    "ApprovalTask",
    "ArtifactSpec",
    "Backoff",
    "CacheSpec",
    "ExternalTask",
    "FailTask",
    "FlowSpec",
    "ForeachTask",
    "HttpTask",
    "InputSpec",
    "InputType",
    "LogLevel",
    "LogTask",
    "Path",
    "PythonTask",
    "RetrySpec",
    "ReturnTask",
    "ScheduleTrigger",
    "ShellTask",
    "SqlTask",
    "SubflowTask",
    "Task",
    "TaskSpec",
    "WaitTask",
    "flow_json_schema",
    "given_as_written",
    "given_problems",
    "parse_flow",
    "trigger_input_faults",
]
