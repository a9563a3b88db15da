"""The common size limit of stored values."""

from typing import Any

import orjson
import pytest

from models.errors import ProblemCode, Refused
from models.payloads import (
    MAX_PAYLOAD,
    CannotBeStored,
    Payload,
    TooLarge,
    abridged,
    check_json,
    check_payload,
    measured,
)

ROOM = MAX_PAYLOAD - len(orjson.dumps({"a": ""}))
UNSTORABLE: dict[str, Any] = {
    "beyond 64 bits": 2**64,
    "half": "\ud800",
    "object": object(),
    "deep": {"a": {1}},
}


@pytest.mark.parametrize(
    "character", ["x", "\u0436", "\u4e2d", "\U0001f600", "\\", '"', "\n", "\x01"]
)
def test_a_value_is_measured_as_it_is_stored(character: str) -> None:
    each = len(orjson.dumps(character)) - 2
    fits = {"a": character * (ROOM // each) + "y" * (ROOM % each)}
    assert measured(fits, "output") == check_payload(fits, "outputs") == MAX_PAYLOAD
    with pytest.raises(TooLarge) as refused:
        measured({"a": fits["a"] + "y"}, "output")
    assert str(refused.value) == (
        f"output is too large: {MAX_PAYLOAD + 1} bytes, {MAX_PAYLOAD - 5} of them in output.a; the limit is "
        f"{MAX_PAYLOAD} (1 MiB of stored UTF-8); keep large values as an artifact"
    )


@pytest.mark.parametrize("what", UNSTORABLE)
def test_unstorable_values_are_named(what: str) -> None:
    value = {"good": 1, "bad": UNSTORABLE[what]}
    with pytest.raises(CannotBeStored, match=r"^output.bad contains a value that cannot be stored"):
        measured(value, "output")
    for check in (check_json, check_payload):
        with pytest.raises(Refused) as refused:
            check(value, "outputs")
        (problem,) = refused.value.problems
        assert (problem.code, problem.path) == (ProblemCode.VALIDATION, ("outputs",))
    with pytest.raises(CannotBeStored, match=r"^data(\.a)? contains"):
        measured(UNSTORABLE[what], "data")


def test_values_count_together_and_only_as_they_are_now() -> None:
    payload = Payload("output")
    half = "x" * (MAX_PAYLOAD // 2)
    for _ in range(5):
        payload.add({"a": half})
    with pytest.raises(TooLarge, match=r"of them in output\.[ab];"):
        payload.add({"b": half})
    assert payload.values.keys() == {"a"}
    payload.add({"a": "short"})
    payload.add({"b": half})
    with pytest.raises(CannotBeStored):
        payload.add({"c": 2**64})
    assert payload.values == {"a": "short", "b": half}


def test_shown_values_respect_the_limit_and_have_the_size_of_the_rest() -> None:
    small = {"args": {"a": "x" * 1000}, "run": "echo"}
    assert abridged(small) == small
    large = "\u4e2d" * (MAX_PAYLOAD // 3)
    note = f"({len(orjson.dumps(large))} bytes, too large to show)"
    assert abridged({"args": {"a": large, "b": {"c": [large], "d": 1}}, "run": "echo"}) == {
        "args": {
            "a": note,
            "b": {"c": f"({len(orjson.dumps([large]))} bytes, too large to show)", "d": 1},
        },
        "run": "echo",
    }
    many = {"args": {str(number): "x" * 1000 for number in range(2000)}, "run": "echo"}
    assert abridged(many)["run"] == "echo"
    assert len(orjson.dumps(abridged(many))) < 1000
