"""Reads which people, services and groups hold which roles, as far as the user may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.cli import queries
from server.cli.api import Api

_KINDS = {"PERSON": "user", "SERVICE": "service"}


@dataclass(frozen=True, slots=True)
class Holders:
    """Holders by name, as `user:maria`, `service:ci` and `group:ops`: role and namespace of each grant of their own,
    and the members of each group."""

    grants: Mapping[str, Sequence[tuple[str, str]]]
    members: Mapping[str, Sequence[str]]

    @classmethod
    async def read(cls, api: Api) -> "Holders":
        """Raises CommandFailed if the user may not see them."""
        grants: dict[str, list[tuple[str, str]]] = {}
        members: dict[str, list[str]] = {}
        for one in await pages(api, queries.PRINCIPALS, "principals"):
            name = holder_of(one)
            grants[name] = [
                (grant["role"], grant["namespace"])
                for grant in one["grants"]
                if grant["group"] is None
            ]
            for group in one["groups"]:
                members.setdefault(f"group:{group}", []).append(name)
        for grant in (await api.post(queries.GROUP_GRANTS))["groupGrants"]:
            held = grants.setdefault(f"group:{grant['group']}", [])
            held.append((grant["role"], grant["namespace"]))
        return cls(grants, members)

    @property
    def _known(self) -> set[str]:
        return {*self.grants, *self.members}

    def of_role(self, role: str) -> dict[str, list[str]]:
        """Returns the namespaces in which each holder of a role holds it."""
        found = {
            name: [place for held, place in grants if held == role]
            for name, grants in self.grants.items()
        }
        return {name: places for name, places in found.items() if places}

    def members_text(self, name: str) -> str:
        """Lists the members known here; an identity provider may name more when they sign in."""
        if not name.startswith("group:"):
            return ""
        return f" ({', '.join(self.members.get(name, ())) or 'no members here'})"

    def new_holder_note(self, name: str) -> str:
        """Returns a note that a holder is new, with a similar name if there is one; empty for a known holder."""
        if name in self._known:
            return ""
        return f"{name} is new here{self.suggestion(name)}"

    def suggestion(self, name: str) -> str:
        """Returns a suggestion of a similar name of the same kind; empty if there is none."""
        from models.similar import nearest

        kind, _, own = name.partition(":")
        alike = [other.partition(":")[2] for other in self._known if other.startswith(f"{kind}:")]
        near = nearest(own, alike, likeness=0.7)
        return f" (did you mean {kind}:{near}?)" if near else ""


def holder_of(principal: Mapping[str, Any]) -> str:
    return f"{_KINDS[principal['kind']]}:{principal['name']}"


def actor_of(actor: Mapping[str, Any]) -> str:
    return f"{actor['kind'].lower()}:{actor['name']}"


async def pages(api: Api, query: str, field: str) -> list[dict[str, Any]]:
    """Returns the nodes of all pages of a list."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await api.post(query, after=after))[field]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
