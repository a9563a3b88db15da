"""Cgroups, which limit the resources of processes."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

_ROOT = Path("/sys/fs/cgroup")


@contextmanager
def limited(process: "subprocess.Popen[bytes]", controller: str, **limits: int) -> Iterator[Path]:
    """The process and its descendants. `limits` are named after their files in cgroup version 1."""
    group = _ROOT / controller / f"headway-test-{uuid4().hex[:8]}"
    try:
        group.mkdir()
        for name, value in limits.items():
            (group / f"{controller}.{name}").write_text(str(value))
        (group / "cgroup.procs").write_text(str(process.pid))
    except OSError as error:
        pytest.skip(f"only who may make cgroups can limit processes: {error}")
    try:
        yield group
    finally:
        process.kill()
        process.wait()
        _Emptied(group).remove()


class _Emptied:
    def __init__(self, group: Path) -> None:
        self._group = group

    def remove(self) -> None:
        """Its last processes are about to end."""
        for _ in range(1000):
            try:
                self._group.rmdir()
                return
            except OSError:
                subprocess.run(["sleep", "0.02"], check=True)
        raise AssertionError((self._group / "cgroup.procs").read_text())
