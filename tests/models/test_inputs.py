from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from models.errors import ProblemCode, Refused
from models.inputs.inputs import InputSpec, names_in_default, validate_inputs
from models.secrets import without_secrets


def spec(kind: str, **keys: Any) -> InputSpec:
    return InputSpec.model_validate({"id": "x", "type": kind, **keys})


ACCEPTED: list[tuple[InputSpec, Any, Any]] = [
    (spec("STRING", pattern="[a-z]+", min_length=1, max_length=3), "abc", "abc"),
    (spec("STRING", pattern="(a+)+"), "a" * 50, "a" * 50),
    (spec("INT", min=1, max=10), "7", 7),
    (spec("INT"), 7.0, 7),
    (spec("FLOAT"), "1.5", 1.5),
    (spec("BOOL"), "true", True),
    (spec("SELECT", options=["eu", "us"]), "eu", "eu"),
    (spec("MULTISELECT", options=["eu", "us"]), "us,eu", ["us", "eu"]),
    (spec("MULTISELECT", options=["eu", "us"]), ["us", "us"], ["us"]),
    (spec("DATE"), "2026-01-31", "2026-01-31"),
    (spec("DATETIME"), "2026-01-31T08:00:00Z", "2026-01-31T08:00:00+00:00"),
    (spec("DURATION"), "1h30m", 5400),
    (spec("TIME"), "08:30", "08:30:00"),
    (spec("JSON"), '{"a": [1]}', {"a": [1]}),
    (spec("JSON"), {"a": 1}, {"a": 1}),
    (spec("JSON"), "words", "words"),
    (spec("ARRAY", item_type="INT"), "1, 2", [1, 2]),
    (spec("ARRAY", item_type="STRING"), '["a,b"]', ["a,b"]),
    (spec("URI"), "s3://bucket/key", "s3://bucket/key"),
    (spec("EMAIL"), "ada@example.org", "ada@example.org"),
    (spec("SECRET"), "hunter2", "hunter2"),
    (spec("FILE"), "file_01h455vb4pex5vsknk084sn02q", "file_01h455vb4pex5vsknk084sn02q"),
]
SHORT = "x must have a line of at least 4 characters, or it could not be masked"
REFUSED: list[tuple[InputSpec, Any, str]] = [
    (spec("SECRET"), "abc", SHORT),
    (spec("SECRET"), "   a   ", SHORT),
    (spec("SECRET"), {"$secret": "x.y"}, "x must be text"),
    (spec("SECRET"), "x" * 20_000, "x must have at most 16384 bytes"),
    (spec("FILE"), 5, "x must be the id or URI returned by POST /files, got 5"),
    (spec("STRING"), 5, "x must be text, got 5"),
    (spec("STRING", min_length=2), "a", "x must have at least 2 characters, got 1"),
    (spec("STRING", max_length=2), "abc", "x must have at most 2 characters, got 3"),
    (spec("STRING", pattern="a|b"), "ab", "x must match a|b, got 'ab'"),
    (
        spec("STRING", pattern="(a+)+"),
        "a" * 50 + "!",
        "x must match (a+)+, got '" + "a" * 50 + "!'",
    ),
    (spec("STRING", pattern="a"), "a\n", "x must match a, got 'a\\n'"),
    (spec("INT"), "x", "x must be a whole number, got 'x'"),
    (spec("INT"), True, "x must be a whole number, got True"),
    (spec("INT"), 1.5, "x must be a whole number, got 1.5"),
    (spec("INT"), 2**63, f"x must be a whole number, got {2**63}"),
    (spec("INT", min=1), 0, "x must be at least 1, got 0"),
    (spec("FLOAT", max=1), 1.5, "x must be at most 1, got 1.5"),
    (spec("FLOAT"), "nan", "x must be a number, got 'nan'"),
    (spec("BOOL"), "yes", "x must be true or false, got 'yes'"),
    (spec("SELECT", options=["eu"]), "us", "x must be one of eu, got 'us'"),
    (spec("SELECT", options=["eu"]), ["eu"], "x must be one of eu, got ['eu']"),
    (spec("DATE"), "31.1.2026", "x must be a date such as 2026-01-31, got '31.1.2026'"),
    (
        spec("DATETIME"),
        "2026-01-31T08:00:00",
        "x must be a time with its zone such as 2026-01-31T08:00:00Z, got '2026-01-31T08:00:00'",
    ),
    (spec("TIME"), 8, "x must be a time of day such as 08:30, got 8"),
    (spec("ARRAY", item_type="INT"), "1,b", "x[1] must be a whole number, got 'b'"),
    (spec("ARRAY", item_type="INT"), 3, "x must be a list, got 3"),
    (spec("URI"), "no", "x must be a URI such as s3://bucket/key, got 'no'"),
    (spec("EMAIL"), "no", "x must be an address such as ada@example.org, got 'no'"),
]


@pytest.mark.parametrize(("declared", "given", "stored"), ACCEPTED)
def test_accepted_values_are_stored_as_json(declared: InputSpec, given: Any, stored: Any) -> None:
    values = validate_inputs([declared], {"x": given})
    assert values == {"x": stored}
    assert validate_inputs([declared], orjson.loads(orjson.dumps(values))) == values


@pytest.mark.parametrize(("declared", "given", "sentence"), REFUSED)
def test_refused_values(declared: InputSpec, given: Any, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        validate_inputs([declared], {"x": given})
    assert [(p.message, p.path, p.code) for p in refused.value.problems] == [
        (sentence, ("inputs", "x"), ProblemCode.VALIDATION)
    ]


def test_all_problems_at_once() -> None:
    day = InputSpec.model_validate({"id": "day", "type": "DATE", "required": True})
    with pytest.raises(Refused) as refused:
        validate_inputs([spec("INT"), day], {"dya": "2026-01-01", "x": "a", "day": None})
    assert [(p.message, p.path) for p in refused.value.problems] == [
        ("there is no input `dya`; did you mean `day`?", ("inputs", "dya")),
        ("x must be a whole number, got 'a'", ("inputs", "x")),
        ("day is required", ("inputs", "day")),
    ]


def test_defaults() -> None:
    specs = [
        InputSpec.model_validate({"id": "a", "type": "INT", "default": 5}),
        InputSpec.model_validate({"id": "b", "type": "STRING", "default": "{{ flow.id }}"}),
        InputSpec.model_validate({"id": "c", "type": "STRING"}),
    ]
    assert [names_in_default(one.default) for one in specs] == [{}, {"flow": frozenset()}, {}]
    deep = ["{{ inputs.a + inputs['b'] }}", {"x": "{{ execution.id }}"}]
    assert names_in_default(deep) == {"inputs": {"a", "b"}, "execution": frozenset()}
    assert validate_inputs(specs, {}, {"b": "etl"}) == {"a": 5, "b": "etl", "c": None}


def test_more_than_a_mebibyte() -> None:
    with pytest.raises(Refused) as refused:
        validate_inputs([spec("STRING")], {"x": "a" * 1024 * 1024})
    assert [p.code for p in refused.value.problems] == [ProblemCode.PAYLOAD_TOO_LARGE]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"type": "INT", "options": ["a"]}, "`options` belongs to MULTISELECT and SELECT inputs"),
        ({"type": "SELECT"}, "needs `options`"),
        ({"type": "ARRAY"}, "needs `item_type`"),
        ({"type": "INT", "min": 5, "max": 1}, "the minimum, 5, is greater than the maximum, 1"),
        ({"type": "STRING", "pattern": "("}, "the pattern is not a valid regular expression"),
        ({"type": "INT", "default": "x"}, "the default must be a whole number, got 'x'"),
        (
            {"type": "ARRAY", "item_type": "INT", "default": [1, "b"]},
            r"the default\[1\] must be a whole number",
        ),
        ({"type": "TEXT"}, "must be one of STRING, INT"),
    ],
)
def test_wrong_declarations(keys: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence.replace("(", "\\(")):
        InputSpec.model_validate({"id": "x", **keys})


def test_inputs_that_do_not_apply_are_null_whatever_was_given() -> None:
    specs = [spec("BOOL"), InputSpec.model_validate({"id": "y", "type": "INT", "required": True})]
    given = {"x": True, "y": "no number"}
    assert validate_inputs(specs, given, absent={"y"}) == {"x": True, "y": None}


def test_encrypted_inputs_are_not_shown() -> None:
    inputs = {"a": {"$secret": "x.y"}, "b": {"$secret": 5}, "c": {"x": 1}}
    assert without_secrets(inputs) == {"a": "****", "b": {"$secret": 5}, "c": {"x": 1}}
