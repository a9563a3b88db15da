"""The check for plain words finds them in each kind of text."""

import pytest

from scripts.plain_words import BANNED, python_lines

WORD = "be" + "side"


@pytest.mark.parametrize(
    "source",
    [
        f"x = 1  # {WORD} it",
        f'"""A docstring.\n\nMore, {WORD} it."""',
        f"message = 'it is {WORD} it'",
        f"message = f'{{x}} is {WORD} it'",
    ],
)
def test_a_banned_word_is_found(source: str) -> None:
    assert [line for _, line in python_lines(source) if BANNED.search(line)]


@pytest.mark.parametrize(
    "source", [f"{WORD} = 1", f"message = f'{{{WORD}}} is it'", "x = 'besides'"]
)
def test_names_and_other_words_are_not(source: str) -> None:
    assert not [line for _, line in python_lines(source) if BANNED.search(line)]
