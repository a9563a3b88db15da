"""Git information of an execution."""

from typing import Any, Self

import strawberry


@strawberry.type
class GitInfo:
    commit: str | None
    branch: str | None
    repository: str | None
    author: str | None
    message: str | None

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> Self | None:
        names = ("commit", "branch", "repository", "author", "message")
        return cls(**{name: stored.get(name) for name in names}) if stored else None
