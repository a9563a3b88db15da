"""Processes that leave marks on disk, so that one can see afterwards whether they ran beside each other."""

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
    """What the tasks of one test leave, in the order of time. `release` lets the child end, which ignores SIGTERM."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "marks"
        self.go = folder / "go"
        self.path.touch()

    def leaf(self, id: str, queue: str = "default") -> str:
        """A flow whose task leaves a mark each moment."""
        tasks = _LEAF.format(marks=self.path, go=self.go, more="")
        return flow(id, tasks.replace("type: shell", f"type: shell\n    queue: {queue}"))

    def task(self, id: str) -> str:
        """A task that leaves one mark, as an item of YAML."""
        return _MARK.format(id=id, marks=self.path)

    def ancestors(self, top: str, leaf: str, depth: int) -> list[str]:
        """The flows between, the lowest first; the topmost of them, or the leaf, is `{top}-1`."""
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
        """Until that many more were left: the child is at work."""
        seen = len(self.read())
        async with asyncio.timeout(20):
            while len(await asyncio.to_thread(self.read)) < seen + count:
                pass

    def turns(self) -> list[str]:
        """Who was at work, one after the other; whoever was interrupted by another is named twice."""
        return [who for who, _ in groupby(self.read())]

    def assert_one_after_another(self, *last: str, workers: int = 1) -> None:
        """`last` came after `workers` processes of the child, and none of all these beside another."""
        turns = self.turns()
        assert len(set(turns)) == len(turns), f"beside each other: {turns}"
        assert [who for who in turns if not who.startswith("work-")] == list(last)
        assert len([who for who in turns if who.startswith("work-")]) == workers
