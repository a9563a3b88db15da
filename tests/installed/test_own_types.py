"""Task types of an installed package: their keys are validated like built-in ones, and a real worker runs them."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.errors import Refused
from models.spec import ForeachTask, flow_json_schema, parse_flow
from models.spec.installed import installed_types
from models.spec.jsonschema import read_schema
from tests.api.client import Client, task
from tests.api.conftest import verify
from tests.api.servers import Served, start

PACKAGE = Path(__file__).with_name("example_tasks")
BROKEN = """[headway.tasks]
absent = no_such_module:Task
shell = greetings:Greet
other-name = greetings:Greet
no-task = json:dumps
"""
HEAD = "id: own\nnamespace: acme\ninputs: [{id: who, type: STRING, default: Ada}]\ntasks:\n"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Creates a folder with the installed example and a package with every kind of defect."""
    folder = tmp_path_factory.mktemp("packages")
    quiet = ["--quiet", "--offline", "--no-deps", "--no-build-isolation"]
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [uv, "pip", "install", "--python", sys.executable, *quiet, "--target", folder, PACKAGE],
        check=True,
    )
    metadata = folder / "broken-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(BROKEN)
    return folder


@pytest.fixture
def installed(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(packages))
    installed_types.cache_clear()
    read_schema.cache_clear()
    yield
    monkeypatch.undo()
    installed_types.cache_clear()
    read_schema.cache_clear()


def problems(tasks: str) -> list[tuple[int | None, int | None, str]]:
    with pytest.raises(Refused) as refused:
        parse_flow(HEAD + tasks)
    return [(one.line, one.column, one.message) for one in refused.value.problems]


@pytest.mark.usefixtures("installed")
def test_its_keys_are_checked_by_line_and_column() -> None:
    assert problems("  - {id: a, type: greet, nam: x, times: 11}\n") == [
        (5, 5, "`name` is missing"),
        (5, 26, "`nam` is not a key of a task of type greet; did you mean `name`?"),
        (5, 34, "must be at most 10"),
    ]
    assert problems("  - {id: a, type: greet, name: '{{ inputs.wo }}', needs: [b]}\n") == [
        (5, 36, "there is no input `wo`; did you mean `who`?"),
        (5, 59, "there is no task `b`; there are: a"),
    ]
    nested = "  - {id: f, type: foreach, items: [1], tasks: [{id: g, type: greet, name: '{{ item }}'}]}\n"
    assert parse_flow(HEAD + nested).id == "own"


@pytest.mark.usefixtures("installed")
def test_a_type_that_is_not_there_is_refused_naming_those_that_are() -> None:
    ((line, column, message),) = problems("  - {id: a, type: gret, name: x}\n")
    assert (line, column) == (5, 5)
    assert message.startswith("there is no task type `gret`; there are: shell, ")
    assert message.endswith(", greet")


@pytest.mark.usefixtures("installed")
def test_its_text_stays_as_it_is_written() -> None:
    inner = "{id: a, type: greet, name: 3.10, times: 2, manner: {loud: true, mark: 1e3}}"
    nested = f"  - {{id: f, type: foreach, items: [1], tasks: [{inner}]}}\n"
    each = parse_flow(HEAD + nested).tasks[0]
    assert isinstance(each, ForeachTask)
    dumped = each.tasks[0].model_dump(include={"name", "times", "manner"})
    assert dumped == {"name": "3.10", "times": 2, "manner": {"loud": True, "mark": "1e3"}}


@pytest.mark.usefixtures("installed")
def test_the_schema_has_it() -> None:
    schema = flow_json_schema()
    greet = greet_of(schema)
    assert set(greet["properties"]) >= {"name", "times", "manner", "needs"}
    assert set(schema["$defs"]["Manner"]["properties"]) == {"loud", "mark"}


def greet_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the problems with the tasks of a flow."""
    (found,) = (
        one
        for one in schema["properties"]["tasks"]["items"]["oneOf"]
        if one.get("title") == "Greet"
    )
    greet: dict[str, Any] = found
    return greet


def test_without_the_package_there_is_no_such_type() -> None:
    ((_, _, message),) = problems("  - {id: a, type: greet, name: x}\n")
    assert message.startswith("there is no task type `greet`")
    assert "Greet" not in str(flow_json_schema())


@pytest.mark.usefixtures("installed")
def test_a_broken_package_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "headway.tasks"):
        assert set(installed_types()) == {"greet"}
    assert caplog.messages == [
        "the task type absent (no_such_module:Task) is ignored: ModuleNotFoundError: No module named 'no_such_module'",
        "the task type no-task (json:dumps) is ignored: it is not a subclass of models.spec.Task",
        'the task type other-name (greetings:Greet) is ignored: it must declare `type: Literal["other-name"]`',
        "the task type shell (greetings:Greet) is ignored: Headway has a type of this name, which cannot be replaced",
    ]


@pytest.fixture(scope="module")
def served(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = os.pathsep.join(filter(None, (str(packages), os.environ.get("PYTHONPATH"))))
    served = start(tmp_path_factory.mktemp("served") / "data", env={"PYTHONPATH": path})
    yield served
    assert served.stop() == 0


@pytest.mark.usefixtures("installed")  # the invariants read flows too
async def test_a_worker_does_its_work(served: Served) -> None:
    client: Client = served.client
    more = "times: 2, manner: {loud: true, mark: '{{ 1 + 1 }}'}"
    flow = HEAD + f"  - {{id: a, type: greet, name: '{{{{ inputs.who }}}}', {more}}}\n"
    id = (await client.run(flow))["id"]
    ended = await client.until_ended(id)
    assert ended["state"] == "SUCCESS", ended["failure"]
    outputs = task(ended, "a")["outputs"]
    assert outputs["greeting"] == "HELLO ADA2"
    assert list(outputs["artifacts"]) == ["greetings.txt"]
    data = await client.post(
        "query ($id: ID!) { execution(id: $id) { logs { nodes { text } } } flowSchema }", id=id
    )
    assert [line["text"] for line in data["execution"]["logs"]["nodes"]] == ["HELLO ADA2"] * 2
    assert greet_of(data["flowSchema"])["required"] == ["id", "type", "name"]
    assert "the task type absent" in (served.data_dir / "serve.log").read_text()
    await verify(served.database_url)


async def test_an_installed_task_type_is_killed_like_others(served: Served) -> None:
    client = served.client
    flow = HEAD + "  - {id: a, type: greet, name: x, times: 2, pause: 5m}\n"
    id = (await client.run(flow))["id"]
    await client.until(id, a="RUNNING")
    await client.mutate("cancelExecution", id=id)
    ended = await client.until_ended(id)
    assert (ended["state"], task(ended, "a")["state"]) == ("KILLED", "KILLED")


async def test_values_that_will_not_do_after_all_are_a_failure(served: Served) -> None:
    client = served.client
    flow = HEAD + "  - {id: a, type: greet, name: '{{ [1] }}'}\n"
    ended = await client.until_ended((await client.run(flow))["id"])
    assert task(ended, "a")["error"]["message"] == ("`name`: Value error, must be text, got a list")
