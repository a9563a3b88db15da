"""Paths of the server's disk in answers, and URIs in requests."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import orjson
import pytest

from server.files.places import Places

EXECUTION = "exec_01h455vb4pex5vsknk084sn02q"
PLACES = Places(Path("/data"), "/data/artifacts")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("file:///data/artifacts/files/file_1/b.csv", "headway:///files/file_1/b.csv"),
        ("/data/artifacts/exec_1/a", "headway:///exec_1/a"),
        ("cannot read '/data/work/att_1/files/x.py'", "cannot read '…/work/att_1/files/x.py'"),
        ("cannot read file:///data/work/x.py!", "cannot read …/work/x.py!"),
        ("A=/data/pg:/data/python", "A=…/pg:…/python"),
        ("first\n/data/pg", "first\n…/pg"),
        ('said "/data/pg"', 'said "…/pg"'),
        ("in /data", "in …/"),
        ("in /data.", "in …/."),
        ("in /data.old and /data.", "in /data.old and …/."),
        ("duckdb:////data/x.db", "duckdb:///…/x.db"),
        ("file:///data/artifacts", "headway:///"),
        ("/data/artifacts-of-others/x", "…/artifacts-of-others/x"),
        (f"file:///old/artifacts/{EXECUTION}/a/1/x", f"headway:///{EXECUTION}/a/1/x"),
        (
            "file:///old/files/file_01h455vb4pex5vsknk084sn02q/x",
            "headway:///files/file_01h455vb4pex5vsknk084sn02q/x",
        ),
        ("file:///home/me/model.pkl", None),
        ("s3://bucket/data/x and /mnt/data/x and ../data/x", None),
        ("\x1b[36m/data/pg\x1b[0m", "\x1b[36m…/pg\x1b[0m"),
        ("\x1b[1;36mfile:///data/artifacts/a", "\x1b[1;36mheadway:///a"),
        ("\x07/data/pg", "\x07…/pg"),
        ("gcc -I/data/work -L/data/artifacts/a", "gcc -I…/work -Lheadway:///a"),
        ("s3://bucket-I/data/x and s3://bucket/data/artifacts/x", None),
        ("https://data/x, /database, /data-set/x, ü/data/x", None),
    ],
)
def test_a_path_is_shown_without_its_folder(text: str, shown: str | None) -> None:
    expected = text if shown is None else shown
    assert PLACES.shown_text(text) == expected
    value = {"key": [text]}
    assert orjson.loads(PLACES.shown(orjson.dumps(value))) == {"key": [expected]}


@pytest.mark.parametrize(
    "before",
    [
        "\x1b[36m",
        "\x1b[K",
        "\x1bM",
        "\0",
        "gcc -I",
        "é",
        "x",
        "a.",
        "-",
        "_",
        "\\n",
        "C:\\t",
        "..",
        "%2",
    ],
)
def test_a_long_folder_is_found_after_any_text(before: str) -> None:
    places = Places(Path("/var/lib/headway"), "/var/lib/headway/artifacts")
    text = (
        f"{before}/var/lib/headway/pg {before}/var/lib/headway/artifacts/a {before}/var/lib/headway"
    )
    expected = f"{before}…/pg {before}headway:///a {before}…/"
    assert places.shown_text(text) == expected
    for encoded in (orjson.dumps([text]), json.dumps([text]).encode()):
        assert orjson.loads(places.shown(encoded)) == [expected]
    other = f"{before}/var/lib/headway-2/x {before}/var/lib/headways"
    assert places.shown_text(other) == other


def test_folders_are_found_however_they_are_written(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b" ü\\'
    folder.mkdir()
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    places = Places(linked, str(folder / "kept"))
    for text in (f"{folder}/x", f"{linked}/x", f"{folder / 'kept'}/x", (folder / "x").as_uri()):
        for shown in (places.shown_text(text), orjson.loads(places.shown(orjson.dumps([text])))[0]):
            assert shown in ("…/x", "headway:///x"), text


@pytest.mark.parametrize("text", ["file:///", "file:///a,", "file:///a/exec_", "see /data/x "])
def test_the_time_grows_with_the_length_of_an_answer(text: str) -> None:
    """With quadratic time a megabyte would take a quarter of an hour, during which the server would be blocked."""
    long = text * (1_000_000 // len(text))
    assert PLACES.shown_text(long) == long.replace("/data/", "…/")


def test_a_uri_that_a_message_cut_is_completed() -> None:
    """Only within the path of the store; other URIs stay."""
    for cut in ("file:///", "file:///dat", "file:///data/artifacts"):
        (shown,) = PLACES.shown_errors([{"message": f"there is no '{cut}'; see the docs"}])
        assert shown == {"message": "there is no 'headway:///'; see the docs"}
    other = {"message": "there is no 'file:///data2/x'", "path": ["a", 1]}
    assert PLACES.shown_errors([other]) == [other]


def test_without_folders_all_stays() -> None:
    text = "/ file:///data/x \ud800"
    for places in (Places(), Places(Path("/"), "/")):
        assert places.shown_text(text) == text


async def test_pieces_are_shown_and_closed() -> None:
    closed = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            yield b"/data/x"
            yield b"/data/y"
        finally:
            closed.append(True)

    shown = PLACES.shown_pieces(pieces())
    assert await anext(shown) == "…/x".encode()
    await shown.aclose()
    assert closed == [True]


def test_uris_of_answers_are_accepted() -> None:
    text = {"inputs": {"data": ["headway:///a/b", 1, None]}, "search": 'input.data:"headway:///a"'}
    meant = {
        "inputs": {"data": ["file:///data/artifacts/a/b", 1, None]},
        "search": 'input.data:"file:///data/artifacts/a"',
    }
    assert PLACES.meant(text) == meant
    for source in (
        {"input": {"source": "default: headway:///a"}},
        {"source": "default: headway:///a"},
    ):
        assert PLACES.meant(source) == source
    property = {"input": {"properties": {"source": "headway:///a"}}}
    assert PLACES.meant(property)["input"]["properties"]["source"] == "file:///data/artifacts/a"
    assert Places(Path("/data")).meant(text) == text
