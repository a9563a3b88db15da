from collections.abc import Callable

import pytest

from models.json_text import (
    DEEPEST,
    NotKept,
    check_kept,
    check_numbers,
    read_apart,
    read_json,
    spelled_out,
)


def of_others(text: str | bytes) -> object:
    value, _ = read_apart(text if isinstance(text, bytes) else text.encode())
    return spelled_out(value)


KEPT = [
    ("18446744073709551615", 2**64 - 1),
    ("-9223372036854775808", -(2**63)),
    ('{"a": "123456789012345678901234567890"}', {"a": "1" + "23456789012345678901234567890"}),
    ("[0.12345678901234567890123]", [0.12345678901234567890123]),
    ("1e25", 1e25),
]
INEXACT = [
    ("18446744073709551616", "it is 18446744073709551616, a whole number beyond 64 bits"),
    ('{"a": [1, -9223372036854775809]}', "a.1 is -9223372036854775809, a whole number beyond 64"),
    ('{"a": {"b": 1e999}}', "a.b is 1e999, which JSON cannot represent"),
    ('{"a": -1E400}', "a is -1E400, which JSON cannot represent"),
    ('{"loss": NaN}', "loss is NaN, which JSON cannot represent"),
    ('{"loss": -Infinity}', "loss is -Infinity, which JSON cannot represent"),
]


@pytest.mark.parametrize(("text", "value"), KEPT)
def test_storable_json_is_read_unchanged(text: str, value: object) -> None:
    assert read_json(text) == read_json(text.encode()) == value
    check_numbers(value)


@pytest.mark.parametrize(("text", "words"), INEXACT)
def test_a_number_that_would_become_another_is_refused_by_its_place(text: str, words: str) -> None:
    for given in (text, text.encode()):
        with pytest.raises(NotKept) as refused:
            read_json(given)
        assert str(refused.value).startswith(words)
        assert str(refused.value).endswith("; write it as text")


@pytest.mark.parametrize("text", ["{", "1 2", b"\xff", "[" * 2000, '{"a": 1e999', "[1e5,]"])
def test_invalid_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"line 1|invalid|utf|UTF") as refused:
        read_json(text)
    assert not isinstance(refused.value, NotKept)


def nested(levels: int, inside: str = "1") -> str:
    return "[" * levels + inside + "]" * levels


@pytest.mark.parametrize("inside", ["1", '"12345678901234567890"'])
@pytest.mark.parametrize("read", [read_json, of_others])
def test_deeply_nested_json_is_refused(read: Callable[[str | bytes], object], inside: str) -> None:
    for levels in (DEEPEST + 1, 1000):
        with pytest.raises(NotKept, match=r"nested too deeply: at most 200 levels"):
            read(nested(levels, inside))
    flat = f"[{','.join(['[[1]]'] * 500)}]"
    assert read(nested(DEEPEST)) and read(flat)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**64, -(2**63) - 1])
def test_values_are_checked_too(value: object) -> None:
    with pytest.raises(NotKept, match=r"^outputs.a.0 is "):
        check_numbers({"a": [value]}, "outputs")


def test_whole_numbers_keep_all_digits() -> None:
    text = '{"id": 340282366920938463463374607431768211455, "n": [1, 2.5]}'
    assert of_others(text) == {"id": "340282366920938463463374607431768211455", "n": [1, 2.5]}


@pytest.mark.parametrize(("text", "words"), INEXACT)
def test_parts_are_refused_separately_with_their_position(text: str, words: str) -> None:
    value, problems = read_apart(f'{{"good": [1], "bad": {text}}}'.encode())
    assert not problems
    check_kept(value["good"], "good")
    with pytest.raises(NotKept) as refused:
        check_kept(value["bad"], "bad")
    assert str(refused.value).startswith(
        words.replace("it is", "bad is") if "it is" in words else f"bad.{words}"
    )
