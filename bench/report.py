"""Runs every measurement and writes bench/RESULTS.md."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = (
    "cold_start", "first_event", "throughput", "fan_out", "shell_tasks", "cancel", "history", "lists",
)  # fmt: skip


def main() -> None:
    rows: list[str] = []
    for name in SCRIPTS:
        done = subprocess.run(
            [sys.executable, HERE / f"{name}.py"], stdout=subprocess.PIPE, text=True, check=True,
            env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        )  # fmt: skip
        for line in done.stdout.splitlines():
            print(line, flush=True)
            if line.startswith("{"):
                row = json.loads(line)
                cells = [row[key] for key in ("work", "headway", "yardstick", "ratio", "goal")]
                rows.append(
                    "| " + " | ".join(map(str, [*cells, f"`python bench/{name}.py`"])) + " |"
                )
    head = (
        "# Measured\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        "embedded PostgreSQL, durable commits.\nThe machine is shared, so the ratio counts: Headway over yardstick, "
        "median of 5 alternating rounds.\n\n"
        "| work | Headway | yardstick, same run | ratio | goal | command |\n|---|---|---|---|---|---|\n"
    )
    (HERE / "RESULTS.md").write_text(head + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
