"""The settings of the log of a process."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


Level = Annotated[
    LogLevel, Field(description="The lowest level that is logged: debug, info, warning or error.")
]
Format = Annotated[
    LogFormat, Field(description="Records of the log as text, or as one JSON object a line.")
]
