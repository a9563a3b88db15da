"""Processes that write marks to disk, to find out afterwards whether they ran at the same time."""

import asyncio
from itertools import groupby, pairwise
from pathlib import Path

from tests.semantics.scene import flow

_LEAF = """
  - id: work
    type: shell
    kill_grace: 30s
    env: {{MARKS: "{marks}", GO: "{go}"{more}}}
    run: |
      trap '' TERM
      echo "work-$$" >> "$MARKS"
      until [ -e "$GO" ]; do echo "work-$$" >> "$MARKS"; sleep 0.01; done
"""
_MARK = '{{id: {id}, type: shell, run: "echo {id} >> \\"$MARKS\\"", env: {{MARKS: "{marks}"}}}}'


class Marks:
    """The marks of the tasks of one test, in the order of time. `release` lets the child end, which ignores SIGTERM."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "marks"
        self.go = folder / "go"
        self.path.touch()

    def leaf(self, id: str, queue: str = "default") -> str:
        """Returns a flow whose task writes marks all the time."""
        tasks = _LEAF.format(marks=self.path, go=self.go, more="")
        return flow(id, tasks.replace("type: shell", f"type: shell\n    queue: {queue}"))

    def task(self, id: str) -> str:
        """Returns a task that writes one mark, as an item of YAML."""
        return _MARK.format(id=id, marks=self.path)

    def ancestors(self, top: str, leaf: str, depth: int) -> list[str]:
        """Returns the flows between, lowest first; the topmost of them, or the leaf, is `{top}-1`."""
        names = [leaf, *(f"{top}-{n}" for n in range(depth - 1, 0, -1))]
        return [
            flow(name, f"  - {{id: sub, type: subflow, flow: {below}}}\n")
            for below, name in pairwise(names)
        ]

    def release(self) -> None:
        self.go.touch()

    def read(self) -> list[str]:
        return self.path.read_text().split()

    async def more(self, count: int = 5) -> None:
        """Waits for so many more marks: the child is running."""
        seen = len(self.read())
        async with asyncio.timeout(20):
            while len(await asyncio.to_thread(self.read)) < seen + count:
                pass

    def turns(self) -> list[str]:
        """Returns the processes in the order of their work; one that was interrupted by another occurs twice."""
        return [who for who, _ in groupby(self.read())]

    def assert_one_after_another(self, *last: str, workers: int = 1) -> None:
        """Checks that `last` came after `workers` processes of the child, and that no two of all these overlapped."""
        turns = self.turns()
        assert len(set(turns)) == len(turns), f"at the same time: {turns}"
        assert [who for who in turns if not who.startswith("work-")] == list(last)
        assert len([who for who in turns if who.startswith("work-")]) == workers
