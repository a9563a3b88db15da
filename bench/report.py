"""Runs all measurements, or the named ones, and writes bench/RESULTS.md; the rows of the others are kept."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
SCRIPTS = (
    "cold_start", "first_event", "throughput", "fan_out", "shell_tasks", "cancel", "history", "lists", "logs",
    "watchers", "floods", "executor",
)  # fmt: skip
HEAD = """# Measured

{cores} cores, Python {python}, embedded PostgreSQL, durable commits. The machine is shared, so the ratio counts:
Headway over yardstick, median of 5 alternating rounds.

| work | Headway | yardstick, same run | ratio | goal | measured | command |
|---|---|---|---|---|---|---|
"""


def main() -> None:
    chosen = sys.argv[1:] or SCRIPTS
    rows = {name: list(kept(name)) for name in SCRIPTS}
    for name in chosen:
        rows[name] = list(measured(name))
        lines = [row for each in SCRIPTS for row in rows[each]]
        head = HEAD.format(cores=os.cpu_count(), python=platform.python_version())
        RESULTS.write_text(head + "\n".join(lines) + "\n")


def command(name: str) -> str:
    return f"python bench/{name}.py`"


def settings() -> str:
    """Returns the environment variables of the measurement, as written before a command."""
    variables = (
        f"{name}={os.environ[name]} " for name in ("HISTORY", "LISTS", "LOGS") if name in os.environ
    )
    return "".join(variables)


def kept(name: str) -> Iterator[str]:
    for line in RESULTS.read_text().splitlines():
        if command(name) in line:
            yield line


def measured(name: str) -> Iterator[str]:
    done = subprocess.run(
        [sys.executable, HERE / f"{name}.py"], stdout=subprocess.PIPE, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
    )  # fmt: skip
    for line in done.stdout.splitlines():
        print(line, flush=True)
        if line.startswith("{"):
            row = json.loads(line)
            cells = [row[key] for key in ("work", "headway", "yardstick", "ratio", "goal")]
            cells += [f"{datetime.now(UTC):%Y-%m-%d}", f"`{settings()}{command(name)}"]
            yield "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    main()
