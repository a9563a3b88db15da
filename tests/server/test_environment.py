"""A misspelt variable or key is an error that names the nearest valid one; variables that Headway sets are no
errors."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from server.settings.environment import (
    KNOWN,
    OF_CLIENTS,
    OF_TASKS,
    OF_TESTS,
    PREFIX,
    SETTINGS,
    complaints,
)
from server.settings.settings import Settings

ROOT = Path(__file__).parents[2]
HEADWAY = Path(sys.executable).with_name("headway")
NAMED = re.compile(r"HEADWAY_([A-Z][A-Z_]*[A-Z])")


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def test_the_list_is_that_of_the_settings() -> None:
    assert list(SETTINGS) == list(Settings.model_fields)


def test_every_variable_that_is_written_or_read_anywhere_is_known() -> None:
    """Searches the sources of all packages, the page and the tests."""
    names = "headway", "models", "runner", "schema", "server", "frontend/src", "scripts", "bench"
    endings = {".py", ".ts", ".tsx", ".sh"}
    there = [path for name in names for path in (ROOT / name).rglob("*.*")]
    paths = [path for path in there if path.suffix in endings]
    paths += [ROOT / "Makefile", ROOT / "frontend" / "vite.config.ts"]
    found = {name for path in paths for name in NAMED.findall(path.read_text())}
    assert {"FD", "URL", "WORKER_ID", "SECRET_KEY"} <= found
    assert found <= KNOWN


def test_variables_of_tasks_are_known() -> None:
    files = "attempt/attempt.py", "processes/child.py", "executors/python.py"
    given = "".join((ROOT / "runner" / name).read_text() for name in files)
    assert set(re.findall(r'"HEADWAY_([A-Z_]+)"', given)) == set(OF_TASKS)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_no_known_name_is_an_error(name: str) -> None:
    assert complaints({f"{PREFIX}{name}": "x", f"{PREFIX}{name}".lower(): "x"}) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HEADWAY_ALOWED_HOSTS", "HEADWAY_ALLOWED_HOSTS"),
        ("HEADWAY_ALLOWED_HOST", "HEADWAY_ALLOWED_HOSTS"),
        ("headway_prot", "HEADWAY_PORT"),
        ("HEADWAY_DATABASE", "HEADWAY_DATABASE_URL"),
        ("HEADWAY_TRUSTED_PROXY", "HEADWAY_TRUSTED_PROXIES"),
        ("HEADWAY_SECRETKEY", "HEADWAY_SECRET_KEY"),
        ("HEADWAY_XYZZY_PLUGH", None),
    ],
)
def test_a_misspelt_variable_is_reported_with_the_nearest_name(
    name: str, meant: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sentence,) = complaints({name: "x", "PATH": "/", "HEADWAY": "x"})
    assert sentence.startswith(f"no setting is called {name}")
    assert (f"did you mean `{meant}`?" in sentence) is (meant is not None)
    assert complaints({name: ""}) == []
    monkeypatch.setenv(name, "x")
    with pytest.raises(ValueError, match=f"no setting is called {name}"):
        Settings.read({})


@pytest.mark.parametrize(
    "name",
    ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_8321_TCP", "PORT_8321_TCP_ADDR"],
)
def test_variables_that_a_cluster_sets_for_a_service_are_ignored(name: str) -> None:
    assert complaints({f"HEADWAY_{name}": "10.0.0.1"}) == []


@pytest.mark.parametrize(
    "command",
    [["serve"], ["worker"], ["migrate"], ["prune"], ["ls"], ["token"], ["doctor"], ["schema"]],
)
def test_no_command_passes_it_over(command: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "HEADWAY_DATADIR": str(tmp_path / "data")}
    ended = subprocess.run(
        [HEADWAY, *command], check=False, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        "error: no setting is called HEADWAY_DATADIR; did you mean `HEADWAY_DATA_DIR`? "
        "Unset it, or correct its name.\n"
    )
    assert ended.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_the_names_are_apart() -> None:
    lists = [*(name.upper() for name in SETTINGS), *OF_CLIENTS, *OF_TASKS, *OF_TESTS]
    assert len(lists) == len(set(lists))
