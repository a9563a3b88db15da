"""Valid and invalid messages of tasks; lines of a log."""

import json

import pytest

from runner.attempt.line_splitter import CONTINUES, LONGEST, LineSplitter
from runner.attempt.task_messages import (
    _KINDS,
    InvalidMessage,
    InvalidOutput,
    Message,
    MessageSplitter,
    Metric,
    Output,
    Progress,
    TooLongOutput,
    parse_line,
)

PARTS = {
    "output": {"rows": 1},
    "output_error": "why",
    "metric": {"name": "loss", "value": 1.5},
    "progress": 0.5,
    "message": "half",
    "artifact": {"uri": "s3://a", "name": "a"},
    "property": {"a": 1},
    "label": {"a": "b"},
    "git": {"branch": "main"},
}


def only(line: bytes) -> Message | InvalidMessage:
    (said,) = parse_line(line)
    return said


def test_a_metric_is_understood() -> None:
    said = only(b'{"metric": {"name": "row.count", "value": 10, "kind": "counter", "step": 3}}')
    assert isinstance(said, Metric)
    assert (said.metric.name, said.metric.value, said.metric.kind) == ("row.count", 10.0, "counter")


def test_progress_may_bring_words() -> None:
    assert only(b'{"progress": 0.4, "message": "epoch 4/10"}') == Progress(
        progress=0.4, message="epoch 4/10"
    )


def test_one_message_may_have_every_kind() -> None:
    assert PARTS.keys() == _KINDS.keys()
    said = parse_line(json.dumps(PARTS).encode())
    assert [type(each) for each in said] == list(dict.fromkeys(_KINDS.values()))
    assert said[0] == Output(output={"rows": 1})


@pytest.mark.parametrize("kind", [kind for kind in PARTS if kind != "output"])
def test_a_part_that_is_wrong_takes_no_output_along(kind: str) -> None:
    line = json.dumps({kind: ["wrong"], "output": {"rows": 1}}).encode()
    wrong, right = parse_line(line)
    assert isinstance(wrong, InvalidMessage) and right == Output(output={"rows": 1})


def test_a_number_that_cannot_be_kept_takes_no_output_along() -> None:
    metric, output = parse_line(b'{"metric": {"name": "loss", "value": NaN}, "output": {"a": 1}}')
    assert type(metric) is InvalidMessage and output == Output(output={"a": 1})
    output, unknown = parse_line(b'{"output": {"a": 1}, "more": 1}')
    assert output == Output(output={"a": 1}) and type(unknown) is InvalidMessage


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"1", "not a JSON object"),
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"not an output: at all", "not valid JSON"),
        (b'{"message": "the \\"output\\" is', "not valid JSON"),
        (b'{"nonsense": 1}', "unknown key nonsense"),
        (b'{"more": 1}', "more"),
        (b'{"metric": {"name": "x"}}', "metric.value"),
        (
            b'{"metric": {"name": "x", "value": NaN}}',
            "^metric.value is NaN, which JSON cannot represent",
        ),
        (b'{"metric": {"name": "x", "value": 1e999}}', "^metric.value is 1e999, "),
        (b'{"metric": {"name": "x", "value": "7"}}', "metric.value"),
        (b'{"metric": {"name": "x\\u0001", "value": 7}}', "metric.name"),
        (b'{"metric": {"name": "x", "value": 7, "kind": "odd"}}', "metric.kind"),
        (b'{"progress": 1.5}', "progress"),
        (b'{"artifact": {}}', "path"),
        (b'{"artifact": {"path": "a", "uri": "b"}}', "path"),
        (b'{"label": {"a": 1}}', "label"),
    ],
)
def test_a_malformed_line_is_reported_with_its_error(line: bytes, word: str) -> None:
    said = only(line)
    assert type(said) is InvalidMessage
    with pytest.raises(InvalidMessage, match=word):
        raise said


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b'{"output": [1]}', "output must be an object"),
        (b'{"output": null}', "output must be an object"),
        (b'{"output": {"rate": NaN}}', "^output.rate is NaN, which JSON cannot represent"),
        (b'{"output": {"a": [1, -9223372036854775809]}}', "^output.a.1 is -9223372036854775809, "),
        (b'{"output": {"a": ' + b"[" * 300 + b"]" * 300 + b"}}", "nested too deeply"),
        (b'{"output": {"a": ' + b"[" * 3000, "JSON"),
        (b'{"output": {"rows": }}', "not valid JSON"),
        (b'{"output": {"rows": 1}', "not valid JSON"),
        (b'{"progress": 0.5, "output" : {"rows": 01}}', "not valid JSON"),
        (b'{"\\u006futput": {"rows": }}', "not valid JSON"),
        (b"{'output': {'rows': 1}}", "not valid JSON"),
        (b"{output: {rows: 1}}", "not valid JSON"),
        (b'  "output": {', "not valid JSON"),
        (b"output=5", "not valid JSON"),
        (b'[{"output": {"rows": 1}}]', "not a JSON object"),
        (b'{"outputs": {"rows": 1}}', "unknown key outputs"),
        (b'{"Output": {"rows": 1}}', "write `output`"),
    ],
)
def test_invalid_outputs_are_distinguished(line: bytes, word: str) -> None:
    said = only(line)
    assert type(said) is InvalidOutput and said.code == "INVALID_OUTPUT"
    with pytest.raises(InvalidMessage, match=word):
        raise said


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"a\\ud800b", "a\ufffdb"),
        (b"\\udc00\\ud83d", "\ufffd\ufffd"),
        (b"\\ud83d\\ude00", "\U0001f600"),
        (b"nul \\u0000", "nul \ufffd"),
        (b"latin \xe4", "latin \ufffd"),
        (b"\\\\u0000", "\\u0000"),
    ],
)
def test_invalid_text_is_corrected_and_reported(text: bytes, value: str) -> None:
    output, *notices = parse_line(b'{"output": {"' + text + b'": ["' + text + b'"]}}')
    assert output == Output(output={value: [value]})
    assert [type(each) for each in notices] == ([InvalidMessage] if "\ufffd" in value else [])


def test_a_byte_order_mark_is_no_part_of_a_line() -> None:
    assert parse_line(b'\xef\xbb\xbf{"output": {"a": "\\u0001"}}') == [Output(output={"a": "\x01"})]


def test_messages_are_cut_wherever_the_bytes_come_apart() -> None:
    cutter = MessageSplitter()
    lines = [line for byte in b'{"a":1}\n\n{"b":2}' for line in cutter.feed(bytes([byte]))]
    assert lines + list(cutter.end()) == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize("piece", [1, 7, 64, 65, 3000])
@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b'{"property": {"a": "', InvalidMessage),
        (b'{"property": {"a": "\\"output\\"', InvalidMessage),
        (b'{"output": {"a": "', TooLongOutput),
        (b'{"\\u006f\\u0075tput": {"a": "', TooLongOutput),
    ],
)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_line_beyond_the_limit_says_whether_an_output_was_in_it(
    start: bytes, kind: type[InvalidMessage], piece: int, at_the_end: bool
) -> None:
    longest = 1000
    filling = b"x" * (longest - len(start) + 1)
    long = filling + start if at_the_end else start + filling
    cutter = MessageSplitter(longest)
    data = long[:-1] + b"\n" + long + b"\n{}\n"
    said = [
        line for at in range(0, len(data), piece) for line in cutter.feed(data[at : at + piece])
    ]
    assert said[0] == long[:-1] and said[2:] == [b"{}"]
    assert type(said[1]) is kind
    assert f"of {longest + 1} bytes; the limit is {longest}" in str(said[1])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_the_same_however_the_bytes_come(size: int) -> None:
    data = "one\ntwö\r\n10%\r50%\r100%\nnul\0 bell\a\tkept\x1b[31m\n\nlast".encode() + b"\xff"
    cutter = LineSplitter()
    texts = [
        text for at in range(0, len(data), size) for text in cutter.feed(data[at : at + size])
    ] + cutter.end()
    assert texts == ["one", "twö", "100%", "nul\ufffd bell\ufffd\tkept\x1b[31m", "", "last\ufffd"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_long_line_is_cut_between_characters(end: bytes) -> None:
    line = "x" + "ä" * 40_000
    cutter = LineSplitter()
    texts = cutter.feed(line.encode() + end) + cutter.end()
    assert len(texts) == 3
    assert all(
        text.endswith(CONTINUES) and len(text.encode()) <= LONGEST + 20 for text in texts[:-1]
    )
    assert "".join(text.removesuffix(CONTINUES) for text in texts) == line
