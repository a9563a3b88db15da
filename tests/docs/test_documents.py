"""Everything that the documents name exists, and their examples work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import parse, validate
from typer.main import get_command

from models.access.viewer import ROLES
from models.errors import ProblemCode
from models.inputs.inputs import InputType
from models.spec import parse_flow
from models.spec.tasks import TASK_CLASSES
from schema import build_schema
from server.cli import app
from server.settings.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(language: str) -> list[tuple[str, str]]:
    """Yields each fenced block of a language, with the document that contains it."""
    return [
        (path.name, block)
        for path in DOCUMENTS
        for block in re.findall(rf"(?ms)^```{language}\n(.*?)^```", path.read_text())
    ]


@pytest.mark.parametrize(("document", "source"), blocks("yaml"))
def test_every_flow_can_be_saved(document: str, source: str) -> None:
    assert parse_flow(source).id


@pytest.mark.parametrize(("document", "source"), blocks("graphql"))
def test_every_operation_is_valid(document: str, source: str) -> None:
    assert validate(build_schema()._schema, parse(source)) == []


def test_the_state_machine_is_that_of_the_tables() -> None:
    script = ROOT / "scripts" / "state_machine.py"
    said = subprocess.run(
        [sys.executable, script, "--check"], check=False, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr


def test_every_command_exists() -> None:
    known = command_names(get_command(app), ())
    named = {
        tuple(words.split())
        for path in DOCUMENTS
        for words in re.findall(
            r"(?m)(?:`|^ {4}|: )headway ([a-z-]+(?: [a-z]+(?=[ `\n]))?)", path.read_text()
        )
    }
    assert named
    assert {words for words in named if words not in known and words[:1] not in known} == set()


def command_names(group: object, before: tuple[str, ...]) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for name, command in getattr(group, "commands", {}).items():
        found |= {(*before, name)} | command_names(command, (*before, name))
    return found


def test_exactly_the_settings_are_documented() -> None:
    table = text_of("docs/operating.md").split("## Settings")[1].split("##")[0]
    assert re.findall(r"(?m)^\| `(\w+)`", table) == list(Settings.model_fields)


def test_exactly_the_task_types_are_documented() -> None:
    table = text_of("docs/flows.md").split("### Task types\n")[1].split("```")[0]
    assert set(re.findall(r"(?m)^\| `(\w+)`", table)) == set(TASK_CLASSES)


def test_every_input_type_problem_and_role_is_documented() -> None:
    flows, api, operating = map(text_of, ("docs/flows.md", "docs/api.md", "docs/operating.md"))
    assert [kind for kind in InputType if not re.search(rf"\b{kind}\b", flows)] == []
    assert [code for code in ProblemCode if not re.search(rf"\b{code}\b", api)] == []
    assert re.findall(r"(?m)^\| (\w+) \| (?:see|and|what|every)", operating) == list(ROLES)


def test_every_test_that_a_threat_names_exists() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"\b(?:tests|bench)/[\w/]+(?:\.py)?", text))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_links_lead_somewhere() -> None:
    dead = {
        (path.name, link)
        for path in DOCUMENTS
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text())
        if not link.endswith(".png") and not (path.parent / link).exists()
    }
    assert dead == set()
