"""The command line's API client: finds the server on the same machine, or by HEADWAY_URL and HEADWAY_TOKEN."""

import asyncio
import functools
import json
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import typer

from server.cli.command_names import commands_of
from server.cli.mutations import mutation
from server.cli.retrying import RateLimited, RetryBudget, refused_for_now
from server.local.data_dir import default_data_dir, no_server

Command = TypeVar("Command", bound=Callable[..., Any])
_RETRY_FROM, _RETRY_UP_TO = 0.2, 5.0


class CommandFailed(Exception):
    """An error message for the user, with exit code 1."""


@dataclass(frozen=True, slots=True)
class Api:
    url: str
    token: str
    external: str | None = None
    """The address that people use, if it is another one."""

    @classmethod
    def find(cls) -> "Api":
        """Raises CommandFailed if no server is found."""
        url, token = os.environ.get("HEADWAY_URL"), os.environ.get("HEADWAY_TOKEN")
        if url and token:
            return cls(url.rstrip("/"), token)
        if url:
            raise CommandFailed(
                "HEADWAY_URL is set and HEADWAY_TOKEN is not: set both, or neither on the server's machine"
            )
        facts = announced()
        if facts is None:
            raise CommandFailed(no_server(data_dir()))
        return cls(facts["url"], token or facts["token"], facts["externalUrl"])

    @property
    def page(self) -> str:
        return self.external or self.url

    @property
    def _is_encrypted(self) -> bool:
        """Without TLS no certificates are read, which would take longer than most requests."""
        return self.url.startswith("https:")

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "x-headway-channel": "cli"}

    async def post(self, query: str, **variables: Any) -> dict[str, Any]:
        """Returns the data. Waits while the server limits requests; raises CommandFailed with the server's message."""
        import httpx

        body, budget = {"query": query, "variables": variables}, RetryBudget()
        try:
            async with httpx.AsyncClient(
                timeout=60, headers=self._headers, verify=self._is_encrypted
            ) as http:
                response = await http.post(f"{self.url}/graphql", json=body)
                while seconds := budget.wait_for(response):
                    await asyncio.sleep(seconds)
                    response = await http.post(f"{self.url}/graphql", json=body)
                answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise CommandFailed(f"{self.url} does not respond: {error}") from error
        if answer.get("errors"):
            raise CommandFailed("; ".join(error["message"] for error in answer["errors"]))
        data: dict[str, Any] = answer["data"]
        return data

    def upload(self, path: Path) -> str:
        """Returns the id of the file, for a FILE input. Waits while the server limits requests; raises
        CommandFailed."""
        import httpx

        budget = RetryBudget()
        try:
            response = self._post_file(path)
            while seconds := budget.wait_for(response):
                time.sleep(seconds)
                response = self._post_file(path)
            answer = response.json()
        except OSError as error:
            raise CommandFailed(f"cannot read {path}: {error.strerror}") from error
        except (httpx.HTTPError, ValueError) as error:
            raise CommandFailed(f"could not upload {path} to {self.url}: {error}") from error
        if answer.get("errors"):
            raise CommandFailed("; ".join(error["message"] for error in answer["errors"]))
        return str(answer["id"])

    def _post_file(self, path: Path) -> Any:
        import httpx

        with path.open("rb") as content:
            return httpx.post(
                f"{self.url}/files",
                params={"name": path.name},
                content=content,
                headers={**self._headers, "content-type": "application/octet-stream"},
                timeout=None,
                verify=self._is_encrypted,
            )

    def download(self, path: str, parameters: dict[str, str], into: BinaryIO) -> None:
        """Streams a download. Waits while the server limits requests; raises CommandFailed with the server's message,
        or if the download is cut off."""
        import httpx

        budget = RetryBudget()
        try:
            while seconds := self._download(path, parameters, into, budget):
                time.sleep(seconds)
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise CommandFailed(f"the download from {self.url} is incomplete: {error}") from error

    def _download(
        self, path: str, parameters: dict[str, str], into: BinaryIO, budget: RetryBudget
    ) -> int | None:
        """Returns the seconds to wait before the next try; None when the download is complete."""
        import httpx

        with httpx.stream(
            "GET",
            f"{self.url}{path}",
            params=parameters,
            headers=self._headers,
            timeout=None,
            verify=self._is_encrypted,
        ) as response:
            if response.status_code != 200:
                response.read()
                if seconds := budget.wait_for(response):
                    return seconds
                errors = response.json()["errors"]
                raise CommandFailed("; ".join(map(sentence_of_error, errors)))
            for chunk in response.iter_bytes():
                into.write(chunk)
        return None

    async def mutate(self, name: str, kind: str, result: str, /, **input: Any) -> dict[str, Any]:
        """Returns the payload. Raises CommandFailed with the problems."""
        given = {key: value for key, value in input.items() if value is not None}
        data = await self.post(mutation(name, kind, result), input=given)
        payload: dict[str, Any] = data[name]
        if payload["problems"]:
            raise CommandFailed("\n".join(map(sentence, payload["problems"])))
        return payload

    async def follow(
        self, query: str, cursor: str, after: Any, **variables: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Yields the messages of a subscription's only field until it completes; after an interruption, resumes at
        `cursor`."""
        pause, budget = _RETRY_FROM, RetryBudget()
        while True:
            try:
                async with aclosing(self._messages(query, {**variables, "after": after})) as found:
                    async for message in found:
                        after = message[cursor]
                        pause, budget = _RETRY_FROM, RetryBudget()
                        yield message
                return
            except RateLimited as refused:
                seconds = budget.wait(refused.retry_after, str(refused))
                if seconds is None:
                    raise CommandFailed(str(refused)) from refused
                await asyncio.sleep(seconds)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY_UP_TO)

    async def _messages(
        self, query: str, variables: dict[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Raises OSError if the connection is lost or cannot be made."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException
        from websockets.typing import Subprotocol

        try:
            async with connect(
                f"{self.url.replace('http', 'ws', 1)}/graphql",
                subprotocols=[Subprotocol("graphql-transport-ws")],
                max_size=None,
                compression=None,
            ) as socket:
                opening = {"token": self.token, "channel": "cli"}
                await socket.send(json.dumps({"type": "connection_init", "payload": opening}))
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "next":
                        yield _value_of(message["payload"])
                    elif message["type"] == "complete":
                        return
                    elif answer := _reply(message, {"query": query, "variables": variables}):
                        await socket.send(json.dumps(answer))
        except WebSocketException as error:
            if getattr(getattr(error, "rcvd", None), "code", None) in (4401, 4403):
                raise CommandFailed("the server does not accept this token") from error
            raise ConnectionError(str(error)) from error
        raise ConnectionError("the connection was lost")


def _reply(message: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any] | None:
    if message["type"] == "connection_ack":
        return {"id": "1", "type": "subscribe", "payload": payload}
    if message["type"] == "error":
        if slowed := refused_for_now(message["payload"]):
            raise slowed
        raise CommandFailed(message["payload"][0]["message"])
    return {"type": "pong"} if message["type"] == "ping" else None


def _value_of(payload: dict[str, Any]) -> dict[str, Any]:
    if payload.get("errors"):
        codes = {error.get("extensions", {}).get("code") for error in payload["errors"]}
        if codes <= {"SERVER_STOPPING", "UNAVAILABLE"}:
            raise ConnectionError("the server is stopping")
        raise CommandFailed(payload["errors"][0]["message"])
    (value,) = payload["data"].values()
    found: dict[str, Any] = value
    return found


def data_dir() -> Path:
    given = os.environ.get("HEADWAY_DATA_DIR")
    return Path(given).expanduser() if given else default_data_dir()


def announced() -> dict[str, Any] | None:
    """Returns the address and token in the server.json of the data directory; None without a server."""
    try:
        facts: dict[str, Any] = json.loads((data_dir() / "server.json").read_text())
    except (OSError, ValueError):
        return None
    return facts


def sentence_of_error(error: dict[str, Any]) -> str:
    column = error.get("extensions", {}).get("column")
    message = str(error["message"])
    return (
        message
        if column is None or _has_position(message, column)
        else f"column {column}: {message}"
    )


def _has_position(message: str, column: int) -> bool:
    """Whether a message, of an error in a search, already ends with its position."""
    return message.endswith(f"(column {column})")


def sentence(problem: dict[str, Any]) -> str:
    has_position = not problem.get("line") or _has_position(problem["message"], problem["column"])
    place = "" if has_position else f"line {problem['line']}, column {problem['column']}: "
    if not problem.get("availableActions"):
        return f"{place}{problem['message']}"
    possible = commands_of(problem["availableActions"]) or "nothing"
    return f"{place}{problem['message']}\npossible now: {possible}"


def fail(error: Exception | str) -> typer.Exit:
    for line in str(error).splitlines():
        hint = line.startswith("possible now: ")
        typer.echo(line if hint else f"error: {line}", err=True)
    return typer.Exit(1)


def plain_errors(command: Command) -> Command:
    """Prints CommandFailed as an error message and exits with code 1."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except CommandFailed as error:
            raise fail(error) from error

    return cast(Command, wrapped)
