"""Reads from `git` which code runs in the working directory."""

from __future__ import annotations

import re
import subprocess

_SECONDS = 5.0


def detect(folder: str | None = None) -> dict[str, str]:
    """Returns commit, branch, repository, author and message; empty if there is no repository or no git."""
    entry = _git(folder, "log", "-1", "--format=%H%n%ae%n%s")
    if entry is None:
        return {}
    commit, author, message = (*entry.split("\n"), "", "")[:3]
    found = {"commit": commit, "author": author, "message": message}
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    if branch and branch != "HEAD":  # the output if no branch is checked out
        found["branch"] = branch
    repository = _git(folder, "config", "--get", "remote.origin.url")
    if repository:
        found["repository"] = without_password(repository)
    return {name: value for name, value in found.items() if value}


def without_password(url: str) -> str:
    """Removes the credentials from a remote's URL, which may contain a token."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)


def _git(folder: str | None, *words: str) -> str | None:
    try:
        ran = subprocess.run(
            ["git", *words],
            cwd=folder,
            timeout=_SECONDS,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None
    return ran.stdout.strip()
