"""Levels and streams of log lines, as numbers, because there are very many of them."""

from enum import IntEnum


class LogLevel(IntEnum):
    TRACE = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40


class LogStream(IntEnum):
    STDOUT = 1
    STDERR = 2
    SYSTEM = 3
