# ruff: noqa: RUF001 the letters that are mistaken for others are what is tested
"""A spreadsheet takes no cell of CSV for a formula, however its beginning is disguised; data stays data."""

import csv
import io
from itertools import product
from math import isfinite
from unicodedata import category, normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schema.lists.columns import columns_of
from server.exports.cells import cell
from server.exports.tables import csv_writer

SIGNS = [*"=+-@", *"＝＋－＠", *"﹦﹢﹣﹫", "−", "⁺", "₌"]
BEFORE = ["", " ", "  ", "\t", "\r", "\n", "\r\n", "\v", "\f", "\0", "\x1c", "\x85", "\xa0", "\u2003", "\u2028",
          "\u200b", "\ufeff", "\xad", "\u2060", "'", '"', '""', "''", "`", "´", "‘", "“", "„", "«", "＂", "＇",
          "\ufeff\n ", '" \t', "' \ufeff\"", "\n\n\t"]  # fmt: skip
STARTS = set("=+-@−")


def taken_for_a_formula(text: str) -> bool:
    """Returns whether the most careless spreadsheet reads a formula: it drops invisible characters and folds widths."""
    folded = normalize("NFKC", text)
    seen = folded.lstrip(
        "".join(
            {one for one in folded if category(one)[0] in "ZC" or category(one) in ("Mn", "Me")}
        )
        + "'\"`´′″‘’“”„«»‹›"
    )
    return seen[:1] in STARTS or text[:1] in ("\t", "\r", "\n")


@pytest.mark.parametrize(("before", "sign"), list(product(BEFORE, SIGNS)))
def test_every_disguise_of_a_formula_is_text(before: str, sign: str) -> None:
    text = f"{before}{sign}cmd|' /C calc'!A0"
    assert cell(text) == f"'{text}"


@given(st.text(max_size=12))
@example("=1")
@example("\n=1")
@example("\ufeff=1")
def test_text_comes_through_whole_and_is_no_formula(text: str) -> None:
    written = cell(text)
    assert written in (text, f"'{text}")
    assert (written != text) or not taken_for_a_formula(text)
    _, write = csv_writer(columns_of([], ["id"]))
    (row,) = csv.reader(io.StringIO(write([[text]]).decode("utf-8", "surrogatepass"), newline=""))
    assert row == [written]


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=9))
def test_words_stay_as_they_are(text: str) -> None:
    if not taken_for_a_formula(text):
        assert cell(text) == text


@given(st.integers() | st.floats(allow_nan=False).filter(isfinite))
def test_numbers_stay_numbers(number: float) -> None:
    _, write = csv_writer(columns_of([], ["id"]))
    assert float(write([[number]]).decode()) == float(number)


@pytest.mark.parametrize(("before", "sign"), list(product(BEFORE, SIGNS)))
def test_names_of_columns_are_cells_too(before: str, sign: str) -> None:
    class Named:
        name = f"{before}{sign}1"

    head, _ = csv_writer([Named()])  # type: ignore[list-item]
    (row,) = csv.reader(io.StringIO(head.decode(), newline=""))
    assert row == [f"'{before}{sign}1"]


@pytest.mark.parametrize(
    "text", ["", "a", "a=b", "x-1", "2026-01-01", "[1]", '{"a": "=1"}', "ä", "'quoted'", "€ 5"]
)
def test_text_that_is_no_formula_is_unchanged(text: str) -> None:
    assert cell(text) == text
