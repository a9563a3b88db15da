"""The arguments of a preview, and its report of unknown ids."""

from typing import Any

import pytest

from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_bulk import PREVIEW, idle, looking, preview
from tests.api.test_record import UNKNOWN, mutate


async def test_unknown_ids_are_reported_and_excluded_from_the_set(client: Client) -> None:
    (id,) = await idle(client, "there", 1)
    found = await preview(client, "PAUSE", ids=[UNKNOWN, id, id, "nonsense"])
    assert (found["total"], found["notFound"]) == (1, [UNKNOWN, "nonsense"])
    assert [one["reason"].split("; ")[1] for one in found["notAllowed"]] == ["this one is CREATED"]


async def test_a_search_names_the_set(client: Client) -> None:
    ids = await idle(client, "searched", 2)
    found = await preview(client, "PAUSE", search=f"id:{ids[0]} OR id:{ids[1]}")
    assert found["total"] == 2
    found = await preview(client, "PAUSE", search=f"id:{ids[0]}", where={"state": {"eq": "FAILED"}})
    assert found["total"] == 0


@pytest.mark.parametrize(
    ("input", "path", "words"),
    [
        ({"action": "PAUSE"}, "ids", "either by ids, or by where and search"),
        (
            {"action": "PAUSE", "ids": [], "where": {}},
            "ids",
            "either by ids, or by where and search",
        ),
        ({"action": "PAUSE", "ids": [], "search": "kind:x"}, "ids", "either by ids, or by where"),
        (
            {"action": "PAUSE", "search": " "},
            "search",
            "an empty search would match every execution",
        ),
        ({"action": "PAUSE", "search": "stat:x"}, "search", "did you mean `state`?"),
        ({"action": "PAUSE", "ids": [], "text": "x"}, "text", "PAUSE does not take text"),
        ({"action": "CANCEL", "ids": [], "revision": "SAME"}, "revision", "does not take revision"),
        ({"action": "ADD_NOTE", "ids": []}, "text", "needs text"),
        ({"action": "ADD_NOTE", "ids": [], "text": " "}, "text", "needs some text"),
        ({"action": "CHANGE_STATE", "ids": [], "state": "RUNNING"}, "state", "cannot be set to"),
        ({"action": "PREPARE_EXECUTION", "ids": []}, "action", "not a bulk action"),
        (
            {"action": "SET_LABELS", "ids": [], "labels": [{"key": "system.x", "value": "1"}]},
            "labels",
            "Headway only",
        ),
        (
            {"action": "PAUSE", "ids": [UNKNOWN[:-5] + f"{n:05d}" for n in range(10_001)]},
            "ids",
            "10000",
        ),
    ],
)
async def test_invalid_arguments_are_refused_before_a_set_is_stored(
    client: Client, served: Served, input: dict[str, Any], path: str, words: str
) -> None:
    async with looking(served) as database:
        before = await database.fetchval("select count(*) from bulk_sets")
        payload = await mutate(client, "previewBulk", PREVIEW, "PreviewBulkInput", **input)
        (problem,) = payload["problems"]
        assert (problem["code"], problem["path"][0]) == ("VALIDATION", path)
        assert words in problem["message"]
        assert await database.fetchval("select count(*) from bulk_sets") == before
