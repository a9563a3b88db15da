"""Checks that the page is built before a wheel is: without it, the server would show nothing."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageIsBuilt(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        page = Path(self.root) / "server" / "static" / "index.html"
        if version != "editable" and not page.exists():
            raise RuntimeError(f"{page} is missing: run `make frontend` before building a wheel")
