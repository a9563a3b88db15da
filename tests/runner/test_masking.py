"""Masking of secrets, however they are split, encoded and nested."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.attempt.line_splitter import CONTINUES, LONGEST, LineSplitter
from runner.attempt.masking import Mask


def mask_of(*values: str) -> Mask:
    mask = Mask()
    mask.hide(values)
    return mask


@pytest.mark.parametrize(
    ("values", "text", "masked"),
    [
        (["secret"], "a secret, secretly", "a ****, ****ly"),
        (["secret", "secretly"], "secretly secret", "**** ****"),
        (["abcdef", "defghi"], "abcdefghi", "****"),
        (["abab"], "abababX", "****X"),
        (["line one\nx\nline two\n"], "line one\nx\nline two", "****\nx\n****"),
        (["line one\r\nline two"], "line two", "****"),
        (["abc"], "abc is too short to be hidden", "abc is too short to be hidden"),
        (['a"b\\c'], json.dumps('a"b\\c'), '"****"'),
        (["größe"], json.dumps("größe"), '"****"'),
        (["a b/c?"], f"http://x/{quote('a b/c?', safe='')}", "http://x/****"),
        (["it's it"], "echo 'it'\"'\"'s it'", "echo '****'"),
        (["it's it"], "+ echo 'it'\\''s it'", "+ echo '****'"),
        (["'\"x\\"], repr("'\"x\\"), "'****'"),
        ([], "nothing", "nothing"),
    ],
)
def test_texts(values: list[str], text: str, masked: str) -> None:
    mask = mask_of(*values)
    assert mask.text(text) == masked
    assert mask.raw(text.encode()) == masked.encode()


def test_values() -> None:
    mask = mask_of("12345", "secret")
    value = {"secret": ["my secret", 12345, -12345.5, 1234, True, None], "n": {"x": ("secret",)}}
    assert mask.value(value) == {
        "****": ["my ****", "****", "****", 1234, True, None],
        "n": {"x": ["****"]},
    }
    assert Mask().value(value) is value


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40_000), max_size=8),
    st.integers(0, 2 * LONGEST),
    st.integers(0, 2 * LONGEST),
    st.sampled_from(["secret", "größter-Ärger", "xx-s-xx", "s" * 899 + "t"]),
)
def test_no_cut_of_a_long_line_lets_anything_through(
    cuts: list[int], before: int, after: int, secret: str
) -> None:
    """`before` and `after` it the line is filled with other characters, and the line arrives in pieces of any size."""
    data = f"{'ä' * before}{secret}{'b' * after}{secret}\nnext {secret}".encode()
    cutter = LineSplitter(mask_of(secret))
    lines: list[str] = []
    for size in cuts:
        lines += cutter.feed(data[:size])
        data = data[size:]
    lines += cutter.feed(data) + cutter.end()
    whole = "".join(line.removesuffix(CONTINUES) for line in lines)
    assert whole == f"{'ä' * before}****{'b' * after}****next ****"
    assert all(len(line.encode()) <= LONGEST + len(CONTINUES) for line in lines)
