"""Writes the rows of a `sql` task to a file."""

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any


class RowFile:
    """Rows as CSV or JSON Lines. A CSV file has a header, and empty fields for NULL."""

    def __init__(self, kind: str, columns: Sequence[str]) -> None:
        self.name = f"rows.{kind}"
        self.columns = list(columns)
        self.count = 0
        self.first: list[Any] | None = None
        self._lines = kind == "jsonl"
        self._file = open(self.name, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed by `close`
        self._csv = csv.writer(self._file, lineterminator="\n")
        if not self._lines:
            self._csv.writerow(self.columns)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            values = [plain(value) for value in row]
            if self.first is None:
                self.first = values
            if self._lines:
                record = dict(zip(self.columns, values, strict=True))
                self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
            else:
                self._csv.writerow([_cell(value) for value in values])
            self.count += 1

    def close(self) -> None:
        self._file.close()


def plain(value: Any) -> Any:
    """Converts a value to JSON: exact numbers stay numbers, times become ISO 8601, durations seconds."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if whole else plain(float(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return _plain_whole(value)


def _plain_whole(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
