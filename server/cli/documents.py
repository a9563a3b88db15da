"""Collects all documents of the command line and `headway.Client`, for servers that only execute listed documents.

`python -m server.cli.documents` writes it into the file that such a server reads.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from headway.client import Client
from headway.recording import RECORDED, STARTED
from server.cli import queries
from server.cli.mutations import MUTATIONS, ON_MANY, PUSH, RUN_BULK, mutation, mutation_on_many

FILE: Final = Path(__file__).with_suffix(".json")


def texts() -> Iterator[str]:
    for name, value in vars(queries).items():
        if isinstance(value, str) and value.startswith(("query", "subscription", "{")):
            assert not name.startswith("_")
            yield value
    yield PUSH
    yield RUN_BULK
    yield from (mutation(*one) for one in sorted(MUTATIONS))
    yield from (mutation_on_many(*one) for one in sorted(ON_MANY))
    yield from _RecordingClient().texts()


class _RecordingClient(Client):
    """A client that records documents instead of sending them."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def post(
        self, query: str, variables: Mapping[str, Any] | None = None, patience: float | None = None
    ) -> dict[str, Any]:
        self._texts.append(query)
        raise EOFError

    def texts(self) -> list[str]:
        calls: tuple[Callable[[], Any], ...] = (
            self.pipelines,
            lambda: next(self.executions()),
            lambda: self.execution(""),
            lambda: next(self.logs("")),
            lambda: next(self.artifacts()),
            lambda: self.lineage(""),
            lambda: self.mutate("recordExecution", STARTED),
            *(partial(self.mutate, name) for name in RECORDED),
        )
        for call in calls:
            try:
                call()
            except EOFError:
                continue
        return self._texts


def written() -> str:
    """Returns the content of the file."""
    hashed = {sha256(text.encode()).hexdigest(): text for text in texts()}
    return json.dumps(dict(sorted(hashed.items())), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(written())
