"""Real bash runs every script that the check accepts, with values that would create a file if they were code."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, Template
from markupsafe import Markup

from models.expressions import SYNTAX, is_raw, read
from models.shell import unsafe_places
from tests.models.shell_corpus import RUN, Script, scripts

CANARY = "PWNED"
_COMMAND = f"touch {CANARY}"
VALUES = [
    f"$({_COMMAND})",
    f"PATH[$({_COMMAND})]",
    _COMMAND,
    f"x; {_COMMAND} #",
    f"'; {_COMMAND}; '",
    f'"; {_COMMAND}; "',
    f'BEGIN {{ system("{_COMMAND}") }}',
    f'__import__("os").system("{_COMMAND}")',
    f"1e{_COMMAND}",
    f"`{_COMMAND}`",
    f"x\n{_COMMAND}\n",
    f"'\"'\"'$({_COMMAND})",
    f") {_COMMAND} (",
    f"\\\n{_COMMAND}",
    f"-c{_COMMAND}",
    f"-e{_COMMAND}",
    f"-oProxyCommand={_COMMAND}",
    f"--use-compress-program={_COMMAND}",
    f"() {{ {_COMMAND}; }}",
    f"([$({_COMMAND})]=1)",
    "-v",
    "--",
    "*",
    "~",
    "{a,b}",
    "a  b\tc",
    "!!",
    "%s%n\\n",
    "$PATH",
]
_FEW = 1
"""The number of values for a position in each further context; in the first context it gets all values."""
_BATCH = 200
_POTENT = 4
"""The number of leading values, one of which is code in most positions."""
_ABSENT = ("ssh", "su", "sudo", "watch", "at", "php", "ruby", "psql", "mysql", "docker", "node")
PATH = os.environ["PATH"]
ALL = list(scripts())
SHELL = Environment(
    finalize=lambda value: value if isinstance(value, Markup) else _quoted(str(value)), **SYNTAX
)


SHELL.filters["raw"] = Markup


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\"'\"'") + "'"


def refusals(text: str) -> list[tuple[int, str]]:
    reading = read(text)
    assert not reading.misreadings, text
    assert not reading.foreign_statements, text
    return unsafe_places(reading.pieces, is_raw)


@cache
def _template(text: str) -> Template:
    return SHELL.from_string(text)


def run_all(jobs: Sequence[tuple[Script, str]], folder: Path) -> list[bytes]:
    """Runs each script in a folder of its own and in a subshell of one bash; returns their outputs."""
    rows = []
    for number, (script, value) in enumerate(jobs):
        template = _template(script.text)
        (folder / str(number)).mkdir(parents=True)
        text = template.render(x=value, y=True, n=False)
        (folder / f"{number}.sh").write_text(text, encoding="utf-8")
        rows.append(f"(cd {number}; set -euo pipefail; . ../{number}.sh) >{number}.out || :")
    (folder / "all").write_text("\n".join(rows), encoding="utf-8")
    subprocess.run(
        ["/bin/bash", "all"],
        cwd=folder,
        env={"PATH": PATH},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    return [(folder / f"{number}.out").read_bytes() for number in range(len(jobs))]


def ran(folder: Path) -> set[int]:
    """Returns the numbers of the jobs whose value was run."""
    return {int(path.relative_to(folder).parts[0]) for path in folder.rglob(CANARY)}


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len(ALL) > 2000
    assert len({script.name for script in ALL}) == len(ALL)


def test_positions_that_are_code_are_refused_and_the_others_are_not() -> None:
    wrong = [script.name for script in ALL if bool(refusals(script.text)) != script.runs]
    assert wrong == []


def test_every_refusal_shows_the_safe_way() -> None:
    for script in ALL:
        for offset, sentence in refusals(script.text):
            assert "`env:`" in sentence
            assert 0 <= offset < len(script.text)


@pytest.mark.timeout(300)
def test_accepted_scripts_take_every_value_as_data(tmp_path: Path) -> None:
    accepted = [script for script in ALL if not refusals(script.text)]
    assert len(accepted) > 1000
    jobs = [job for number, script in enumerate(accepted) for job in _jobs(number, script)]
    batches = [(start, jobs[start : start + _BATCH]) for start in range(0, len(jobs), _BATCH)]
    with ThreadPoolExecutor(2) as pool:
        faults = list(pool.map(lambda batch: _faults(batch[1], tmp_path / str(batch[0])), batches))
    assert [fault for some in faults for fault in some] == []


def _jobs(number: int, script: Script) -> list[tuple[Script, str]]:
    if script.name.endswith("alone"):
        return [(script, value) for value in VALUES]
    return [(script, VALUES[(number + i * 7) % len(VALUES)]) for i in range(_FEW)]


def _faults(jobs: Sequence[tuple[Script, str]], folder: Path) -> list[str]:
    outs = run_all(jobs, folder)
    found = [
        f"{script.name} lost {value!r}: {out!r}"
        for (script, value), out in zip(jobs, outs, strict=True)
        if script.arrives and value.encode().rstrip(b"\n") not in out
    ]
    found += [f"{jobs[number][0].name} ran {jobs[number][1]!r}" for number in ran(folder)]
    shutil.rmtree(folder)
    return found


@pytest.mark.timeout(300)
def test_most_refused_scripts_do_run_a_value(tmp_path: Path) -> None:
    """Shows that the values are hostile, and that the corpus names real holes."""
    listed = [
        Script(name, text.replace("VALUE", "{{ x }}"), runs=True)
        for name, text in RUN.items()
        if not name.startswith(_ABSENT)
    ]
    jobs = [(script, value) for script in listed for value in VALUES[:_POTENT]]
    did = set()
    for start in range(0, len(jobs), _BATCH):
        folder = tmp_path / str(start)
        run_all(jobs[start : start + _BATCH], folder)
        did |= {jobs[start + number][0].name for number in ran(folder)}
    assert len(did) >= 80, sorted({script.name for script in listed} - did)
