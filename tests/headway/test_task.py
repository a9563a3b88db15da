"""The package for users' code, in an interpreter without the rest of the project."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.worker.task_environment import provide_headway

EVERYTHING = """
import headway, pathlib, datetime
headway.output(rows=10, when=datetime.date(2026, 5, 1), where=pathlib.Path("a"), some={3, 1})
headway.metric("loss", 0.5, kind="gauge", step=3, tags={"set": "train"})
headway.progress(1.7, "done")
headway.artifact("model.pkl", type="Model")
headway.property(best=True)
headway.label(team="data")
"""
SAID = [
    {"output": {"rows": 10, "when": "2026-05-01", "where": "a", "some": [1, 3]}},
    {
        "metric": {
            "name": "loss",
            "value": 0.5,
            "kind": "gauge",
            "step": 3,
            "tags": {"set": "train"},
        }
    },
    {"progress": 1.0, "message": "done"},
    {"artifact": {"path": "model.pkl", "type": "Model", "direction": "OUT"}},
    {"property": {"best": True}},
    {"label": {"team": "data"}},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    provide_headway(tmp_path / "python")
    return tmp_path


def run(folder: Path, script: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    env = {"PYTHONPATH": str(folder / "python"), **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-S", "-c", script],
        cwd=folder,
        env=env,
        capture_output=True,
        check=False,
        text=True,
        **options,
    )


def said_in(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_only_headway_is_provided(folder: Path) -> None:
    assert [path.name for path in (folder / "python").iterdir()] == ["headway"]
    assert run(folder, "import models").returncode != 0


def test_all_messages_can_be_sent_by_the_file(folder: Path) -> None:
    file = folder / "said"
    assert run(folder, EVERYTHING, env={"HEADWAY_FILE": str(file)}).stderr == ""
    assert said_in(file) == SAID


def test_the_pipe_is_preferred_except_for_long_lines(folder: Path) -> None:
    reading, writing = os.pipe()
    status = os.fstat(writing)
    env = {
        "HEADWAY_FILE": str(folder / "said"),
        "HEADWAY_FD": str(writing),
        "HEADWAY_FD_ID": f"{status.st_dev}:{status.st_ino}",
    }
    done = run(
        folder, f"{EVERYTHING}\nheadway.output(long='x' * 10000)", env=env, pass_fds=(writing,)
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert [json.loads(line) for line in pipe] == SAID
    assert done.stderr == ""
    assert said_in(folder / "said") == [{"output": {"long": "x" * 10000}}]


def test_a_number_that_is_another_files_is_not_written_to(folder: Path) -> None:
    other = folder / "other"
    with other.open("w") as stranger:
        env = {
            "HEADWAY_FILE": str(folder / "said"),
            "HEADWAY_FD": str(stranger.fileno()),
            "HEADWAY_FD_ID": "1:1",
        }
        run(folder, "import headway; headway.output(a=1)", env=env, pass_fds=(stranger.fileno(),))
    assert other.read_text() == ""
    assert said_in(folder / "said") == [{"output": {"a": 1}}]


def test_outside_of_a_task_it_does_nothing(folder: Path) -> None:
    done = run(folder, f"{EVERYTHING}\nprint(headway.args, headway.inputs(), headway.outputs())")
    assert (done.returncode, done.stdout, done.stderr) == (0, "{} {} {}\n", "")


def test_the_task_reads_its_input(folder: Path) -> None:
    given = {"inputs": {"day": "2026-01-31"}, "outputs": {"a": {"text": "\u4e2d"}}, "task": {}}
    (folder / "input.json").write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
    script = "import headway, json; print(json.dumps([headway.inputs(), headway.outputs()]))"
    done = run(folder, script, env={"HEADWAY_INPUT": str(folder / "input.json"), "LANG": "C"})
    assert json.loads(done.stdout) == [given["inputs"], given["outputs"]]


def test_after_a_long_line_all_go_by_the_file_so_that_the_last_value_stays(folder: Path) -> None:
    reading, writing = os.pipe()
    status = os.fstat(writing)
    env = {
        "HEADWAY_FILE": str(folder / "said"),
        "HEADWAY_FD": str(writing),
        "HEADWAY_FD_ID": f"{status.st_dev}:{status.st_ino}",
    }
    script = "import headway; headway.output(a='x' * 10000); headway.output(a=2)"
    run(folder, script, env=env, pass_fds=(writing,))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == ""
    assert said_in(folder / "said") == [{"output": {"a": "x" * 10000}}, {"output": {"a": 2}}]


def test_what_is_no_number_or_no_json_is_refused_here(folder: Path) -> None:
    errors = run(folder, "import headway; headway.output(a={'loss': [1.5, float('nan')]})").stderr
    assert "ValueError: output.a.loss.1 is nan, which JSON cannot represent" in errors
    errors = run(folder, "import headway; headway.property(n=2**64)").stderr
    assert "ValueError: property.n is a whole number beyond 64 bits" in errors
    errors = run(folder, "import headway; headway.output(a={'b': [1, object()]})").stderr
    assert "TypeError: output.a.b.1: object is not a JSON value" in errors
    assert "AttributeError" in run(folder, "import headway; headway.nothing").stderr
    assert "ValueError" in run(folder, "import headway; headway.artifact()").stderr


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_metric_that_is_no_number_is_omitted_with_a_warning(folder: Path, number: str) -> None:
    code = f"import headway; headway.metric('loss', float('{number}')); headway.metric('loss', 2)"
    done = run(folder, code, env={"HEADWAY_FILE": str(folder / "said")})
    assert f"UserWarning: metric loss is {number} and is left out" in done.stderr
    assert (done.returncode, said_in(folder / "said")) == (
        0,
        [{"metric": {"name": "loss", "value": 2.0, "kind": "gauge"}}],
    )


def test_the_package_is_valid_python_3_8(folder: Path) -> None:
    script = (
        "import ast, sys, pathlib\n"
        "for file in pathlib.Path(sys.argv[1]).glob('*.py'):\n"
        "    ast.parse(file.read_text(), feature_version=(3, 8))\n"
    )
    provided = folder / "python" / "headway"
    done = subprocess.run(
        [sys.executable, "-c", script, str(provided)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
