"""The default data directory. Separate from the settings, because the CLI uses it without importing pydantic."""

import os
from pathlib import Path


def default_data_dir() -> Path:
    """Returns the directory in the user's data folder: $XDG_DATA_HOME, else ~/.local/share."""
    data_home = os.environ.get("XDG_DATA_HOME", "")
    parent = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return parent / "headway"


def no_server(
    folder: Path, otherwise: str = "HEADWAY_URL and HEADWAY_TOKEN for one elsewhere"
) -> str:
    return (
        f"no server runs on {folder}; start one with `headway serve`, or set HEADWAY_DATA_DIR to the data dir of "
        f"a running server, or {otherwise}"
    )
