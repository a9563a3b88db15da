import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.expressions.evaluator import MAX_REQUEST, EvaluationFailed, Evaluator, Mode, TooLarge

NAMES: dict[str, Any] = {
    "inputs": {"day": "2026-01-01", "tags": ["a", "b c"], "none": None, "big": 1e308, "n": 2},
    "outputs": {"extract": {"count": 3, "items": 4}, "a-b": {}},
    "execution": {"id": "exec_1"},
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture
async def evaluator() -> AsyncIterator[Evaluator]:
    async with Evaluator() as warm:
        yield warm


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("{{ inputs.tags }}", ["a", "b c"]),
        ("{{ inputs.none }}", None),
        ("{{ outputs.extract.count + 1 }}", 4),
        ("{{ outputs.extract.items }}", 4),
        ("{{ outputs['a-b'] }}", {}),
        ("{{ inputs.tags | map('upper') }}", ["A", "B C"]),
        ("{{ inputs.nope | default('x') }}", "x"),
        ("{{ inputs.n > 1 }}", True),
        (
            "n={{ inputs.n }} {{ inputs.tags }} {{ inputs.none }} {{ 1 == 1 }}",
            'n=2 ["a", "b c"]  true',
        ),
        ("{% for tag in inputs.tags %}{{ loop.index }}{{ tag }} {% endfor %}\n", "1a 2b c \n"),
        ("{% if inputs.none %}a{% else %}b{% endif %}", "b"),
        ("{{ inputs.tags | tojson }}!", '["a", "b c"]!'),
        ("{{ '<' }}&{{ inputs.day }}", "<&2026-01-01"),
        ("${#x} {{ inputs.n }}", "${#x} 2"),
        ({"a": ["{{ inputs.n }}", 5, None], "b": "c"}, {"a": [2, 5, None], "b": "c"}),
    ],
)
async def test_values(evaluator: Evaluator, template: Any, value: Any) -> None:
    assert await evaluator.render(template, NAMES) == value


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{{ outputs.extract.rows }}", "outputs.extract has no 'rows'; it has: count, items"),
        ("{{ outputs.extract['rows'] }}", "outputs.extract has no 'rows'; it has: count, items"),
        ("{{ outputs['a-b'].x }}", "outputs['a-b'] has no 'x'; it is empty"),
        ("{{ inputs.tags.x }}", "inputs.tags has no 'x'; it is a list of 2"),
        ("{{ inputs.none.x }}", "null has no 'x'"),
        ("a {{ foo }}", "`foo` is not defined; available names: execution, inputs, outputs"),
        ("{{ 1 / 0 }}", "cannot evaluate {{ 1 / 0 }}: division by zero"),
        ("{{ 'a' * 10 ** 9 }}", "the expression needs more than 64 MB"),
        ("{{ [inputs.day] * 10 ** 8 }}", "the expression needs more than 64 MB"),
        ("{{ 'a' * 2 ** 24 }}", "the results of the expressions exceed 16 MiB"),
        (
            "{{ inputs.big * 10 }}",
            "cannot evaluate {{ inputs.big * 10 }}: an infinite number or NaN is not valid JSON",
        ),
        (
            "{{ [2 ** 64] }}",
            "cannot evaluate {{ [2 ** 64] }}: an integer beyond 64 bits cannot be stored as JSON; "
            "convert it to text: | string",
        ),
        ("{{ {1: 2} }}", "cannot evaluate {{ {1: 2} }}: the key 1 is not text"),
        ("{{ range }}", "cannot evaluate {{ range }}: a value of type function is not valid JSON"),
        ("{{ 1 + }}", None),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", None),
        ("{{ inputs.tags.append('x') }}", None),
        ("{{ range(10 ** 9) }}", None),
    ],
)
async def test_failures(evaluator: Evaluator, template: str, sentence: str | None) -> None:
    with pytest.raises(EvaluationFailed) as failed:
        await evaluator.render(template, NAMES)
    if sentence is not None:
        assert str(failed.value) == sentence
    assert await evaluator.render("{{ inputs.n }}", NAMES) == 2


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ (10 ** 60000 // 3) ** 2000 % 7 }}",
    ],
)
async def test_a_second_of_computing_is_the_limit(evaluator: Evaluator, template: str) -> None:
    others = [evaluator.render(f"{{{{ inputs.n + {i} }}}}", NAMES) for i in range(50)]
    outcomes = await asyncio.gather(
        *others[:25], evaluator.render(template, NAMES), *others[25:], return_exceptions=True
    )
    failed = outcomes.pop(25)
    assert isinstance(failed, EvaluationFailed)
    assert str(failed) in {
        "the expression took longer than 1 s",
        "the expression needs more than 64 MB",
    }
    assert outcomes == [2 + i for i in range(50)]


async def test_a_killed_child_process_is_replaced_without_errors(evaluator: Evaluator) -> None:
    async def kill() -> None:
        os.kill(child_of(evaluator), signal.SIGKILL)

    for _ in range(3):
        evaluations = [evaluator.render("{{ inputs.n }}", NAMES) for _ in range(9)]
        assert await asyncio.gather(*evaluations, kill()) == [2] * 9 + [None]


def child_of(evaluator: Evaluator) -> int:
    child = evaluator._child
    assert child is not None
    return child._process.pid


async def test_values_that_are_not_needed_do_not_count(evaluator: Evaluator) -> None:
    heavy = {f"t{i}": {"blob": "x" * 2**20, "n": i} for i in range(40)}
    assert await evaluator.render("{{ outputs.t3.n }}", {"outputs": heavy}) == 3
    with pytest.raises(EvaluationFailed, match="exceed 16 MiB"):
        await evaluator.render("{{ outputs | length }}", {"outputs": heavy})


async def test_the_child_sees_neither_environment_nor_files(tmp_path: Path) -> None:
    with (tmp_path / "opened").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        async with Evaluator() as warm:
            assert await warm.render("{{ 1 }}", {}) == 1
            child = Path(f"/proc/{child_of(warm)}")
            assert (child / "environ").read_bytes() == b""
            opened = {os.readlink(entry) for entry in (child / "fd").iterdir()}
    assert str(tmp_path / "opened") not in opened


async def test_the_child_ends_with_its_parent() -> None:
    program = (
        "import asyncio, os\n"
        "from runner.expressions.evaluator import Evaluator\n"
        "async def main():\n"
        "    warm = await Evaluator().__aenter__()\n"
        "    print(await warm.render('{{ 1 }}', {}), warm._child._process.pid, flush=True)\n"
        "    os._exit(0)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    _, pid = ran.stdout.split()
    await asyncio.wait_for(gone(int(pid)), 10)


async def gone(pid: int) -> None:
    """Returns when the process has ended; its new parent may not have reaped it yet."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    await ended.wait()
    loop.remove_reader(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("a b", "'a b'"),
        ("it's", "'it'\"'\"'s'"),
        (2, "'2'"),
        (True, "'true'"),
        (None, "''"),
        (["a", 1], "'[\"a\", 1]'"),
        ("~", "'~'"),
    ],
)
async def test_shell_words(evaluator: Evaluator, value: Any, word: str) -> None:
    names = {"inputs": {"x": value}}
    assert await evaluator.render("{{ inputs.x }}", names, Mode.SHELL) == word
    assert (
        await evaluator.render("echo {{ inputs.x }}>f\n", names, Mode.SHELL) == f"echo {word}>f\n"
    )


async def test_raw_and_shellquote(evaluator: Evaluator) -> None:
    names = {"inputs": {"x": "a'b", "list": ["a b", "c"]}}
    script = "{{ inputs.x | raw }} {{ inputs.x | raw | upper }} {{ inputs.x | shellquote }}"
    word = "'a'\"'\"'b'"
    assert await evaluator.render(script, names, Mode.SHELL) == f"a'b {word.upper()} {word}"
    words = "{{ inputs.list | map('shellquote') | join(' ') | raw }}"
    assert await evaluator.render(words, names, Mode.SHELL) == "'a b' 'c'"


async def test_a_nul_is_no_part_of_a_shell_word(evaluator: Evaluator) -> None:
    with pytest.raises(EvaluationFailed, match="NUL"):
        await evaluator.render("echo {{ inputs.x }}", {"inputs": {"x": "a\0b"}}, Mode.SHELL)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(TEXTS.filter(lambda text: "\0" not in text), min_size=1, max_size=20))
def test_bash_returns_the_values_unchanged(values: list[str], tmp_path: Path) -> None:
    script = "".join(f"printf '%s\\0' {{{{ inputs.x[{i}] }}}}\n" for i in range(len(values)))

    async def rendered() -> str:
        async with Evaluator() as warm:
            text: str = await warm.render(script, {"inputs": {"x": values}}, Mode.SHELL)
            return text

    text = asyncio.run(rendered())
    ran = subprocess.run(["/bin/bash", "-euc", text], capture_output=True, check=True, cwd=tmp_path)
    assert ran.stdout == b"".join(value.encode() + b"\0" for value in values)


async def test_types_survive(evaluator: Evaluator) -> None:
    value = {"a": [1, 2.5, None, True, {"b": "é\u2028"}], "c": {}}
    assert await evaluator.render("{{ inputs }}", {"inputs": value}) == value


@pytest.mark.parametrize("letter", ["x", "中", "я"], ids=["ascii", "chinese", "cyrillic"])
async def test_values_of_16_mib_do_not_count_as_memory_of_the_expression(
    evaluator: Evaluator, letter: str
) -> None:
    results = {"a": [{"t": letter * 100_000} for _ in range(16 * 10 // len(letter.encode()))]}
    results["b"] = [{"t": ""}]
    results["b"][0]["t"] = "x" * (MAX_REQUEST - len(orjson.dumps(results)))
    names = {"outputs": {"each": results, "other": {"n": 1}}}
    longest = "{{ outputs.each.a | map(attribute='t') | map('length') | max }}"
    assert await evaluator.render(longest, names) == 100_000
    assert await evaluator.render("{{ outputs.other.n }}", names) == 1, "only what is named counts"
    with pytest.raises(TooLarge, match="exceed 16 MiB in total"):
        await evaluator.render(["{{ outputs.each.a[0].t[0] }}", "{{ outputs.other.n }}"], names)
    results["b"][0]["t"] += "x"
    with pytest.raises(TooLarge, match="exceed 16 MiB in total"):
        await evaluator.render("{{ outputs.each.a[0].t[0] }}", names)
    assert await evaluator.render("{{ 1 + 1 }}", names) == 2
