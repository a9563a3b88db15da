"""Rules for every file of the project."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("server", "schema", "runner", "models", "headway")
NAMELESS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
COMMANDS_IN_README = {"serve", "test"}


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        found = sorted((ROOT / folder).rglob("*.py"))
        yield from (path for path in found if "node_modules" not in path.parts)


OURS = tuple(python_files(*PACKAGES, "tests", "bench", "examples"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_ours_and_no_other_of_its_name(package: str) -> None:
    assert importlib.import_module(package).__file__ == str(ROOT / package / "__init__.py")


def test_no_file_is_too_long() -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in OURS}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{named(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in OURS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    }
    assert long == {}


def test_no_docstring_opens_with_what() -> None:
    """Checks that a docstring starts with a verb or names the thing; strings below constants are docstrings too."""
    opening = re.compile(r'"""What\b')
    riddles = [
        f"{named(path)}:{number}"
        for path in python_files(*PACKAGES)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if opening.search(line)
    ]
    assert riddles == []


def test_files_have_names_that_say_something() -> None:
    assert [named(path) for path in OURS if NAMELESS & {path.stem, path.parent.name}] == []


def test_nothing_is_left_to_do() -> None:
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|NotImplemented" + r"Error)\b")
    assert [named(path) for path in OURS if words.search(path.read_text())] == []


def test_tests_neither_sleep_nor_get_skipped() -> None:
    """Yielding to other tasks (`asyncio.sleep(0)`) is not sleeping, and programs that a test starts may sleep. A soak
    test makes load and faults for some time, and waits for neither."""
    words = re.compile(r"^ .*\basyncio\.sleep\((?!0\))|\bmark\.(skip|xfail)|\bimportorskip\b", re.M)
    tests = [
        path
        for path in python_files("tests")
        if path != Path(__file__) and path.parent.name != "soak"
    ]
    assert [named(path) for path in tests if words.search(path.read_text())] == []


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in python_files("tests")}
    assert [named(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_sql_is_in_the_store() -> None:
    """The notifier, and the roles of the embedded PostgreSQL, have their own: both work before there are tables."""
    sql = re.compile(
        r"\s*(select\s(?!__)|insert into\s|update \w+ set\s|delete from\s|with \w+ as \()"
    )
    outside = {
        named(path)
        for path in python_files("server", "schema", "runner", "models")
        if "migrations" not in path.parts and not named(path).startswith("runner/store/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and sql.match(node.value)
    }
    assert outside == {"runner/notify/notifier.py", "server/local/postgres_roles.py"}


def test_every_setting_of_a_lock_is_a_package_with_hashes() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "requirements-dev.lock"):
        text = lock.read_text()
        assert re.findall(r"(?m)^.*(?:https?://|file:|find-links|index-url).*$", text) == []
        packages = re.split(r"(?m)^(?=\S)", text)[1:]
        assert [package for package in packages if "--hash=sha256:" not in package] == []
        assert not re.search(r"(?m)^schema==", text)


def test_both_lock_files_have_the_same_versions() -> None:
    def versions(name: str) -> set[str]:
        return set(re.findall(r"(?m)^([a-z0-9-]+==[^ ;\\]+)", (ROOT / name).read_text()))

    assert versions("requirements.lock") - versions("requirements-dev.lock") == set()


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"(?m)^([a-z0-9-]+):(?!=)", makefile))


def test_every_command_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = set(re.findall(r"(?m)(?:^\s*|`|\$ |&& )make ([a-z0-9-]+)", readme))
    assert commands >= COMMANDS_IN_README
    assert commands - targets() == set()


def test_every_target_is_phony_or_a_file_and_helps() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.search(r"(?m)^\.PHONY: (.*)$", makefile)[1].split())  # type: ignore[index]
    assert phony == targets()


def test_continuous_integration_runs_the_tests() -> None:
    run = ROOT / ".ci" / "run"
    assert run.stat().st_mode & 0o111
    assert "make test" in run.read_text()
