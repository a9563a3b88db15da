"""What tasks may say, and what they may not; lines of a log."""

import pytest

from runner.lines import CONTINUES, LONGEST, LineCutter
from runner.messages import LONGEST as LONGEST_MESSAGE
from runner.messages import Malformed, MessageCutter, Metric, Progress, parse_message


def test_a_metric_is_understood() -> None:
    said = parse_message(
        b'{"metric": {"name": "row.count", "value": 10, "kind": "counter", "step": 3}}'
    )
    assert isinstance(said, Metric)
    assert (said.metric.name, said.metric.value, said.metric.kind) == ("row.count", 10.0, "counter")


def test_progress_may_bring_words() -> None:
    assert parse_message(b'{"progress": 0.4, "message": "epoch 4/10"}') == Progress(
        progress=0.4, message="epoch 4/10"
    )


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"1", "no JSON object"),
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"{}", "none of the keys"),
        (b'{"nonsense": 1}', "none of the keys"),
        (b'{"output": [1]}', "output"),
        (b'{"output": {}, "more": 1}', "more"),
        (b'{"metric": {"name": "x"}}', "metric.value"),
        (b'{"metric": {"name": "x", "value": NaN}}', "^metric.value is NaN, which is no number"),
        (b'{"metric": {"name": "x", "value": 1e999}}', "^metric.value is 1e999, "),
        (b'{"output": {"a": [1, -9223372036854775809]}}', "^output.a.1 is -9223372036854775809, "),
        (b'{"metric": {"name": "x", "value": "7"}}', "metric.value"),
        (b'{"metric": {"name": "x\\u0000", "value": 7}}', "metric.name"),
        (b'{"metric": {"name": "x", "value": 7, "kind": "odd"}}', "metric.kind"),
        (b'{"progress": 1.5}', "progress"),
        (b'{"artifact": {}}', "path"),
        (b'{"artifact": {"path": "a", "uri": "b"}}', "path"),
        (b'{"label": {"a": 1}}', "label"),
    ],
)
def test_a_malformed_line_says_what_is_wrong(line: bytes, word: str) -> None:
    with pytest.raises(Malformed, match=word):
        parse_message(line)


def test_messages_are_cut_wherever_the_bytes_come_apart() -> None:
    cutter = MessageCutter()
    lines = [line for byte in b'{"a":1}\n\n{"b":2}' for line in cutter.feed(bytes([byte]))]
    assert lines + list(cutter.end()) == [b'{"a":1}', b'{"b":2}']


def test_a_message_that_is_too_long_is_passed_over() -> None:
    cutter = MessageCutter()
    said = list(cutter.feed(b"x" * (LONGEST_MESSAGE + 1))) + list(cutter.feed(b"xx\n{}\n"))
    assert isinstance(said[0], Malformed)
    assert said[1:] == [b"{}"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_the_same_however_the_bytes_come(size: int) -> None:
    data = "one\ntwö\r\n10%\r50%\r100%\nnul\0 bell\a\tkept\x1b[31m\n\nlast".encode() + b"\xff"
    cutter = LineCutter()
    texts = [
        text for at in range(0, len(data), size) for text in cutter.feed(data[at : at + size])
    ] + cutter.end()
    assert texts == ["one", "twö", "100%", "nul\ufffd bell\ufffd\tkept\x1b[31m", "", "last\ufffd"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_long_line_is_cut_between_characters(end: bytes) -> None:
    line = "x" + "ä" * 40_000
    cutter = LineCutter()
    texts = cutter.feed(line.encode() + end) + cutter.end()
    assert len(texts) == 3
    assert all(
        text.endswith(CONTINUES) and len(text.encode()) <= LONGEST + 20 for text in texts[:-1]
    )
    assert "".join(text.removesuffix(CONTINUES) for text in texts) == line
