"""A client of the API for programs: reads executions and artifacts, and is the base of `headway.execution`.

Needs only Python's standard library.
"""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headway.task import encoded

_TIMEOUT = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_AGAIN = frozenset({429, 502, 503, 504})
_PROBLEMS = "problems { code message path }"
STATES = (
    *("CREATED", "QUEUED", "RUNNING", "PAUSED", "WAITING_FOR_APPROVAL", "FAILED_FINISHING"),
    *("KILLING", "RESTARTED", "SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "REJECTED"),
    *("ERROR", "CACHED"),
)
_EXECUTION = """
  id name namespace flowKey kind state origin progress createdAt startedAt endedAt duration
  inputs outputs properties labels { key value }
  git { commit branch repository author message } failure { code message }
"""
_ARTIFACT = "id namespace name version type uri digest size properties createdAt"


class HeadwayError(Exception):
    """Base class of errors from the server or the connection."""


class Refused(HeadwayError):
    """The server refused a request; `problems` are the reasons, each with `code`, `message` and `path`."""

    def __init__(self, problems: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("; ".join(str(problem["message"]) for problem in problems))
        self.problems = list(problems)


class Unreachable(HeadwayError):
    """The server did not answer within `patience`."""


class Client:
    """A client of the server at `url`; by default HEADWAY_URL, or else the server on this machine.

    While the server does not answer, requests are retried for `patience` seconds.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, patience: float = 30.0
    ) -> None:
        found_url, found_token = (url, token) if url else _find()
        self.url = (found_url or "").rstrip("/")
        self.patience = patience
        self._token = token or os.environ.get("HEADWAY_TOKEN") or found_token or ""

    def post(
        self, query: str, variables: Mapping[str, Any] | None = None, patience: float | None = None
    ) -> dict[str, Any]:
        """Returns the data of a GraphQL operation. Raises Unreachable, or HeadwayError with the server's message."""
        body = encoded({"query": query, "variables": dict(variables or {})})
        deadline = time.monotonic() + (self.patience if patience is None else patience)
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._post(body)
            except Unreachable:
                if time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def mutate(
        self,
        name: str,
        /,
        result: str = "execution { id }",
        patience: float | None = None,
        **input: Any,
    ) -> dict[str, Any]:
        """Sends a mutation and returns its payload. Raises Refused with its problems."""
        kind = f"{name[0].upper()}{name[1:]}Input"
        given = {key: value for key, value in input.items() if value is not None}
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {result} {_PROBLEMS} }} }}"
        answer: dict[str, Any] = self.post(query, {"input": given}, patience)[name]
        if answer["problems"]:
            raise Refused(answer["problems"])
        return answer

    # -- reading ------------------------------------------------------------------------------------------------------

    def pipelines(self) -> list[dict[str, Any]]:
        """Lists recorded pipelines: `namespace`, `key`, `kinds` (its stages) and `executionCount`."""
        query = "{ pipelines { namespace key kinds executionCount } }"
        found: list[dict[str, Any]] = self.post(query)["pipelines"]
        return found

    def executions(
        self,
        pipeline: str | None = None,
        stage: str | None = None,
        *,
        namespace: str | None = None,
        state: str | Sequence[str] | None = None,
        branch: str | None = None,
        commit: str | None = None,
        labels: Mapping[str, str] | None = None,
        search: str | None = None,
        order: str = "CREATED_DESC",
    ) -> Iterator[dict[str, Any]]:
        """Yields executions, read page by page: the newest first, or in another `order` such as STARTED_ASC.

        `stage` is their kind; `commit` may be the beginning of a commit; `search` is in the search language, for
        example `date:2025-01-01 TO 2025-01-31`. Raises HeadwayError for an unknown state or an invalid search.
        """
        states = _states([state] if isinstance(state, str) else list(state or ()))
        where: dict[str, Any] = {
            **_equal("flow", pipeline),
            **_equal("kind", stage),
            **_equal("namespace", namespace),
            **_equal("branch", branch),
        }
        if states:
            where["state"] = {"in": states}
        if commit is not None:
            where["commit"] = {"prefix": commit}
        if labels:
            pairs = [{"key": key, "value": value} for key, value in labels.items()]
            where["and"] = [{"labels": {"has": pair}} for pair in pairs]
        more = {"search": ("String", search), "orderBy": ("ExecutionOrder", order)}
        return self._pages("executions", "ExecutionFilter", _EXECUTION, where, more)

    def execution(self, id: str) -> dict[str, Any] | None:
        """Returns one execution with its task runs, metrics and artifacts, and its neighbours in the pipeline and
        stage; None if it does not exist."""
        query = f"""query ($id: ID!) {{ execution(id: $id) {{ {_EXECUTION}
          taskRuns {{ id key state startedAt endedAt inputs outputs error {{ code message }} }}
          metrics {{ name value kind step tags at taskKey }}
          artifacts {{ direction taskKey name version type uri digest artifact {{ id }} }}
          previous {{ id }} next {{ id }} lastSuccess {{ id }} cachedFrom {{ id }}
          durationStats {{ p50 p95 count }} }} }}"""
        found: dict[str, Any] | None = self.post(query, {"id": id})["execution"]
        return found

    def logs(self, execution_id: str, task_run_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Yields the lines of the log so far, in order; none if the execution does not exist."""
        query = """query ($id: ID!, $task: ID, $after: String) { execution(id: $id) {
          logs(taskRunId: $task, first: 200, after: $after) {
            nodes { line at level taskKey text } pageInfo { hasNextPage endCursor } } } }"""
        after = None
        while True:
            given = {"id": execution_id, "task": task_run_id, "after": after}
            found = self.post(query, given)["execution"]
            if found is None:
                return
            yield from found["logs"]["nodes"]
            if not found["logs"]["pageInfo"]["hasNextPage"]:
                return
            after = found["logs"]["pageInfo"]["endCursor"]

    def artifacts(
        self,
        execution_id: str | None = None,
        direction: str | None = None,
        *,
        namespace: str | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yields artifacts, the newest first; `direction` is IN for used ones and OUT for produced ones."""
        where: dict[str, Any] = {
            **_equal("namespace", namespace),
            **_equal("name", name),
            **_equal("version", version),
        }
        if execution_id is not None:
            where["executionId"] = execution_id
        if direction is not None:
            where["direction"] = direction
        return self._pages("artifacts", "ArtifactFilter", _ARTIFACT, where)

    def lineage(self, of: str, direction: str = "BOTH", depth: int = 6) -> dict[str, Any]:
        """Returns `nodes` (executions and artifacts) and `edges` (`from`, `to`) around an execution or an artifact."""
        query = f"""query ($of: ID!, $direction: LineageDirection!, $depth: Int!) {{
          lineage(of: $of, direction: $direction, depth: $depth) {{ truncated
            edges {{ from to direction taskKey }}
            nodes {{ __typename ... on Execution {{ id name kind flowKey executionState: state }}
                     ... on Artifact {{ {_ARTIFACT} }} }} }} }}"""
        given = {"of": of, "direction": direction, "depth": depth}
        found: dict[str, Any] = self.post(query, given)["lineage"]
        return found

    def _pages(
        self,
        field: str,
        kind: str,
        selection: str,
        where: Mapping[str, Any],
        more: Mapping[str, tuple[str, Any]] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yields the nodes of all pages. `more` are further arguments: (type, value) by name."""
        arguments = {"where": (kind, where), **(more or {})}
        declared = "".join(f"${name}: {type}, " for name, (type, _) in arguments.items())
        passed = "".join(f"{name}: ${name}, " for name in arguments)
        query = f"""query ({declared}$after: String) {{ {field}({passed}first: 100, after: $after) {{
          nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        given = {name: value for name, (_, value) in arguments.items()}
        after = None
        while True:
            page = self.post(query, {**given, "after": after})[field]
            yield from page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _post(self, body: bytes) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/graphql",
            data=body,
            headers={
                "authorization": f"Bearer {self._token}",
                "content-type": "application/json",
                "accept": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            if error.code in _AGAIN:
                raise Unreachable(f"{self.url} answered with status {error.code}") from error
            answer = _errors_of(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"{self.url} does not answer: {error}") from error
        if answer.get("errors"):
            raise HeadwayError("; ".join(error["message"] for error in answer["errors"]))
        data: dict[str, Any] = answer["data"]
        return data


def _errors_of(error: urllib.error.HTTPError) -> dict[str, Any]:
    if error.code == 401:
        raise HeadwayError("the server does not accept this token; set HEADWAY_TOKEN") from error
    try:
        answer: dict[str, Any] = json.loads(error.read())
    except ValueError:
        raise HeadwayError(f"the server answered with status {error.code}") from error
    return answer


def _find() -> tuple[str, str]:
    """Returns the URL and token. Raises HeadwayError if no server can be found."""
    url = os.environ.get("HEADWAY_URL")
    if url:
        return url, ""
    folder = _data_dir()
    try:
        facts = json.loads((folder / "server.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise HeadwayError(
            f"no server runs on {folder}; start one with `headway serve`, or set HEADWAY_DATA_DIR to the data dir of "
            "a running one, or HEADWAY_URL and HEADWAY_TOKEN for a remote one"
        ) from None
    return facts["url"], facts["token"]


def _data_dir() -> Path:
    given = os.environ.get("HEADWAY_DATA_DIR")
    if given:
        return Path(given).expanduser()
    data_home = os.environ.get("XDG_DATA_HOME", "")
    parent = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return parent / "headway"


def _states(given: Sequence[str]) -> list[str]:
    for state in given:
        if state.upper() not in STATES:
            raise HeadwayError(f"there is no state {state!r}; there are: {', '.join(STATES)}")
    return [state.upper() for state in given]


def _equal(name: str, value: str | None) -> dict[str, Any]:
    return {} if value is None else {name: {"eq": value}}
