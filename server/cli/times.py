"""Parses times that users enter. A date means the whole day; without a time zone, a default one is assumed."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from server.cli.api import CommandFailed

ABOUT: Final = "a date such as 2026-01-31, or a time such as 2026-01-31T08:00"


def begins(text: str, zone: tzinfo | None = None) -> str:
    """Returns the time, or the beginning of the day. `zone` defaults to this machine's. Raises CommandFailed."""
    return _zoned(_read(text), zone).isoformat()


def ends(text: str, zone: tzinfo | None = None) -> str:
    """Returns the time, or the beginning of the next day. Raises CommandFailed."""
    moment = _read(text)
    try:
        return _zoned(moment + timedelta(days=1) if is_date(text) else moment, zone).isoformat()
    except OverflowError as error:
        raise _wrong(text) from error


def last_of(text: str, zone: tzinfo) -> datetime:
    """Returns the time, or the last instant of the day, for inclusive ranges. Raises CommandFailed."""
    end = datetime.fromisoformat(ends(text, zone))
    return end - datetime.resolution if is_date(text) else end


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise _wrong(text) from error


def _wrong(text: str) -> CommandFailed:
    return CommandFailed(
        f"{text!r} is not a valid time; write {ABOUT}, with or without a zone such as Z"
    )


def is_date(text: str) -> bool:
    return len(text.strip()) <= 10


def _zoned(moment: datetime, zone: tzinfo | None) -> datetime:
    try:
        if moment.tzinfo is None and zone is not None:
            return moment.replace(tzinfo=zone)
        return moment.astimezone() if moment.tzinfo is None else moment
    except OverflowError as error:
        raise _wrong(str(moment)) from error
