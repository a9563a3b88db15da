"""The cause that is chosen from the output of real tools; the folder `outputs` has the output, unchanged."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.failure_cause.choice import LONGEST, cause_of, without_time
from models.failure_cause.shapes import SHAPES, Weight
from models.failure_cause.tail import KEPT, LONGEST_LINE, Tail, plain
from models.task_error import message_with_exit_code

_OUTPUTS = Path(__file__).with_name("outputs")
_PARTS = re.compile(r"^#### (cause|stderr|stdout)\n(.*?)(?=^#### |\Z)", re.DOTALL | re.MULTILINE)

NAMES = sorted(file.stem for file in _OUTPUTS.iterdir())
NO_MORE_THAN_AN_ENDING = {"only-progress", "make-silent", "bash-silent", "npm-exit"}
"""Outputs whose best line ranks no higher than the lines that may follow it."""


def tail(lines: Sequence[str]) -> list[str]:
    kept = Tail()
    kept.add(map(plain, lines))
    return kept.lines


def cause(stderr: str = "", stdout: str = "") -> str | None:
    return cause_of(tail(stderr.splitlines()), tail(stdout.splitlines()))


def written(name: str) -> tuple[str, str, str | None]:
    """Returns stderr, stdout, and their cause; None when they name none."""
    parts = dict(_PARTS.findall((_OUTPUTS / f"{name}.txt").read_text()))
    return parts.get("stderr", ""), parts.get("stdout", ""), parts["cause"].strip() or None


@pytest.mark.parametrize("name", NAMES)
def test_the_cause_is_the_tools_error(name: str) -> None:
    stderr, stdout, expected = written(name)
    assert cause(stderr, stdout) == expected


ENDINGS = (
    "npm ERR! A complete log of this run can be found in:\nnpm ERR!     /home/job/.npm/_logs/x-debug-0.log",
    "npm ERR! code ELIFECYCLE\nnpm ERR! errno 1\nnpm ERR! Exit status 1",
    "ERROR conda.cli.main_run:execute(125): `conda run python load.py` failed. (See above for error)",
    "make: *** [Makefile:2: load] Error 1\nmake: Leaving directory '/srv/job'",
    "error Command failed with exit code 1.\ninfo Visit https://yarnpkg.com/en/docs/cli/run for documentation.",
    "command terminated with exit code 1",
    "exit status 1",
    "real\t0m0.002s\nuser\t0m0.000s\nsys\t0m0.000s",
    "/opt/venv/lib/x.py:8: ResourceWarning: unclosed file",
    "Exception ignored in: <_io.TextIOWrapper name='<stdout>'>\nBrokenPipeError: [Errno 32] Broken pipe",
    "+ rm -rf /tmp/work",
    "cleans up",
    "\n\n",
    "goroutine 1 [running]:\nmain.main()\n\t/srv/job/main.go:5 +0x1d",
)
"""Lines that are written after the cause, and must not be chosen."""


@pytest.mark.parametrize("name", sorted(set(NAMES) - NO_MORE_THAN_AN_ENDING))
def test_lines_after_the_error_are_not_the_cause(name: str) -> None:
    stderr, stdout, expected = written(name)
    for ending in ENDINGS:
        assert cause(f"{stderr}\n{ending}", stdout) == expected


def test_every_shape_is_met_in_an_output() -> None:
    lines = [
        without_time(plain(line))
        for name in NAMES
        for part in written(name)[:2]
        for line in (part or "").splitlines()
    ]
    assert {s.name for s in SHAPES if not any(map(s.pattern.match, lines))} == set()


def test_nothing_is_a_cause_where_nothing_says_why() -> None:
    assert cause() is None
    assert cause("\n\n", "300 rows, 0 errors, no failures") is None
    assert cause('Traceback (most recent call last):\n  File "x", line 1') is None


def test_the_last_line_of_progress_on_stdout_is_none() -> None:
    assert cause("", "loads part 1\nloads part 2") is None
    assert cause("", "loads part 1\ncould not load part 2\nends") == "could not load part 2"


def test_stdout_counts_less_than_an_error_on_stderr() -> None:
    assert cause("fatal: no such branch", "ERROR: first\nValueError: x") == "fatal: no such branch"
    assert cause("starts", "ERROR: first") == "ERROR: first"
    assert cause("starts", "failed") == "starts"


def test_the_cause_is_bounded_with_lines_of_any_length() -> None:
    found = cause(f'Traceback (most recent call last):\n  File "x"\nValueError: {"x" * 100_000}')
    assert found and found.startswith("ValueError: xxx") and len(found) <= LONGEST
    many = "\n".join(f"  | ValueError: {'y' * 90} {n}" for n in range(60))
    group = cause(f"  + Exception Group Traceback (most recent call last):\n{many}")
    assert group and len(group) == LONGEST and group.endswith("…")
    assert max(map(len, tail(["z" * 100_000]))) == LONGEST_LINE


def test_thousands_of_steps_of_a_stack_do_not_push_the_exception_out() -> None:
    steps = "\n".join(f"\tat D.f(D.java:{n})" for n in range(5_000))
    assert (
        cause(f'Exception in thread "main" java.lang.StackOverflowError\n{steps}')
        == "java.lang.StackOverflowError"
    )
    kept = tail(["first", *(f"line {n}" for n in range(5_000))])
    assert (len(kept), kept[-1]) == (KEPT, "line 4999")


def test_colors_are_not_part_of_the_cause() -> None:
    assert cause("\x1b[1;31mValueError\x1b[0m: \x1b]8;;http://x\x07bad\x1b]8;;\x07 row") == (
        "ValueError: bad row"
    )


def test_the_newest_of_several_crashes_ended_the_program() -> None:
    trace = 'Traceback (most recent call last):\n  File "x"\nValueError: {}\n'
    assert cause("".join(trace.format(n) for n in range(3))) == "ValueError: 2"


def test_only_lines_with_enough_weight_are_a_cause() -> None:
    assert cause_of(["reads part 1"], [], Weight.ERROR) is None
    assert cause_of(["panic: boom"], [], Weight.ERROR) == "panic: boom"


@pytest.mark.parametrize(
    ("message", "exit_code", "shown"),
    [
        ("boom", 3, "boom (exit code 3)"),
        ("exit code 3", 3, "exit code 3"),
        ("boom", None, "boom"),
        ("boom (killed by SIGABRT)", -6, "boom (killed by SIGABRT)"),
        ("artifact x is missing", 0, "artifact x is missing"),
    ],
)
def test_the_exit_code_is_shown_beside(message: str, exit_code: int | None, shown: str) -> None:
    assert message_with_exit_code(message, exit_code) == shown


@pytest.mark.parametrize(
    "line", ["a " * 200, "/" * 400, "-" * 400, "a.b." * 100, " at " * 100, "{" * 400, "A" * 400]
)
def test_no_line_takes_long_to_read(line: str) -> None:
    """A pattern that tried every way to split the line would take minutes."""
    assert cause("\n".join([line] * KEPT), "\n".join([line] * KEPT)) != ""
