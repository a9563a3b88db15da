"""Provides tasks with a subset of the worker's environment variables and a copy of the package `headway`."""

import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

_INHERITED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ"),
        *("TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    }
)


def inherited_env(env: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that programs need to run; the others may hold secrets of the worker."""
    return {
        name: value for name, value in env.items() if name in _INHERITED or name.startswith("LC_")
    }


def provide_headway(folder: Path) -> None:
    """Copies the package `headway`, and nothing else, into `folder`."""
    found = find_spec("headway")
    assert found and found.origin
    source, target = Path(found.origin).parent, folder / "headway"
    target.mkdir(parents=True, exist_ok=True)
    for file in source.glob("*.py"):
        copy = target / file.name
        if not copy.exists() or copy.read_bytes() != file.read_bytes():
            fresh = copy.with_suffix(".new")
            shutil.copyfile(file, fresh)
            fresh.replace(copy)
