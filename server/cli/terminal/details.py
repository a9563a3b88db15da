"""Renders the details of an execution for `headway show`. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from server.cli.command_names import commands_of
from server.cli.terminal.findings import findings, git_text
from server.cli.terminal.folding import folded_sentences
from server.cli.terminal.rendering import (
    as_json,
    failure_sentence,
    moment,
    seconds,
    state_text,
    tasks_table,
)
from server.cli.terminal.revisions import flow_text
from server.cli.terminal.state_changes import state_changes

_LINKS = (
    ("replayOf", "replay of"),
    ("rerunOf", "rerun of"),
    ("cachedFrom", "cached from"),
    ("parent", "child of"),
    ("resolvedBy", "resolved by"),
)


def details(
    execution: dict[str, Any],
    task_runs: Sequence[Mapping[str, Any]],
    unfolded: bool,
    whole: bool,
    past: bool = False,
) -> RenderableType:
    """`task_runs` have their state histories. `whole` disables the truncation of texts; `past` is for an earlier state
    of the execution."""
    parts: list[RenderableType] = [Text(execution["name"], style="bold"), _head(execution)]
    by_hand = (execution["failure"] or {}).get("code") == "CHANGE_STATE"
    if not by_hand and (sentence := failure_sentence(execution)):
        parts.append(Text(sentence, style="red"))
    parts += [Text(text, style="yellow") for text in state_changes(execution, task_runs)]
    waits = (
        (one["taskRun"]["key"] if one["taskRun"] else None, _reason(one), moment(one["until"]))
        for one in execution["waitingFor"]
    )
    parts += [Text(f"waiting: {text}", style="yellow") for text in folded_sentences(waits)]
    parts.append(tasks_table(execution["taskRuns"], unfolded, whole))
    parts += findings(execution, unfolded, whole)
    parts += [
        Text(f"note by {note['author']['name']}, {moment(note['at'])}: {note['text']}")
        for note in execution["notes"]
    ]
    parts += [Text(line, style="dim") for line in _possible(execution, past)]
    return Group(*parts)


def _possible(execution: dict[str, Any], past: bool) -> Iterator[str]:
    """Hides APPROVE and REJECT if only others may decide."""
    if past:
        yield "no actions: this is a past state; without --at, `show` lists what you can do now"
        return
    reasons = [
        one["cannotDecideReason"] for one in execution["approvals"] if one["state"] == "PENDING"
    ]
    hidden = ("APPROVE", "REJECT") if reasons and all(reasons) else ()
    actions = [one for one in execution["availableActions"] if one["action"] not in hidden]
    asks_others = any(
        one["allowed"] and one["action"] in hidden for one in execution["availableActions"]
    )
    possible = commands_of(actions)
    yield f"you can: {possible}" if possible else "no action is available to you"
    if asks_others:
        yield f"you cannot approve or reject: {'; '.join(dict.fromkeys(reasons))}"


def _reason(waiting: dict[str, Any]) -> str:
    """Adds the id of the other execution."""
    other = waiting["execution"]
    if other is None or other["id"] in waiting["message"]:
        return str(waiting["message"])
    return f"{waiting['message']} in {other['id']}"


def _head(execution: dict[str, Any]) -> Table:
    head = Table.grid(padding=(0, 2))
    labels = " ".join(f"{label['key']}={label['value']}" for label in execution["labels"])
    for name, value in (
        ("id", execution["id"]),
        ("flow", flow_text(execution)),
        ("state", state_text(execution["state"])),
        ("created", _created(execution)),
        *_times(execution),
        ("duration", _duration(execution)),
        ("labels", labels),
        ("inputs", as_json(execution["inputs"])),
        ("outputs", as_json(execution["outputs"])),
        *_recorded(execution),
        *_links(execution),
    ):
        head.add_row(Text(name, style="dim"), value)
    return head


def _created(execution: dict[str, Any]) -> str:
    how = ", recorded from elsewhere by" if execution["origin"] == "EXTERNAL" else " by"
    return f"{moment(execution['createdAt'])}{how} {execution['createdBy']['name']}"


def _times(execution: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, field in (("started", "startedAt"), ("ended", "endedAt")):
        if execution[field]:
            yield name, moment(execution[field])


def _duration(execution: dict[str, Any]) -> str:
    """Adds the time that is not counted, so that the sum is the time from the start to the end."""
    idle = f", plus {seconds(execution['idle'])} idle before a restart" if execution["idle"] else ""
    return f"{seconds(execution['duration'])}{idle}"


def _recorded(execution: dict[str, Any]) -> Iterator[tuple[str, Text]]:
    if execution["properties"]:
        yield "properties", Text(as_json(execution["properties"]))
    if git := git_text(execution["git"]):
        yield "git", Text(git)


def _links(execution: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if execution["scheduledAt"]:
        yield "not before", moment(execution["scheduledAt"])
    for field, words in _LINKS:
        if execution[field]:
            yield words, _named(execution[field])
    original = execution["originalId"]
    if original and original not in {(execution[field] or {}).get("id") for field, _ in _LINKS}:
        yield "original", original
    for child in execution["children"]:
        yield "subflow", _named(child)


def _named(other: dict[str, Any]) -> str:
    return f"{other['name']}  {other['id']}  {other['state']}"
