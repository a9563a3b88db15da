"""Apart from the settings, because the command line looks here too and cannot wait for pydantic."""

import os
from pathlib import Path


def default_data_dir() -> Path:
    """Where a person's programs keep their data: $XDG_DATA_HOME, else ~/.local/share."""
    data_home = os.environ.get("XDG_DATA_HOME", "")
    parent = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return parent / "headway"
