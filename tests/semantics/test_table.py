"""Checks that the table at the top of the folder names every test of it, and only existing ones."""

import re
from pathlib import Path

import tests.semantics

FOLDER = Path(__file__).parent
NAMED = re.compile(r"(?<![\w/])((?:[a-z_]+/)*)([a-z_]+)\.([a-z][a-z_0-9]+)\b(?!/)")
TEST = re.compile(r"^(?:async )?def test_(\w+)", re.MULTILINE)


def _tests(file: Path) -> set[str]:
    return set(TEST.findall(file.read_text()))


def test_every_sentence_names_its_tests_and_every_test_its_sentence() -> None:
    _, _, table = (tests.semantics.__doc__ or "").partition("# States")
    here = {
        file.stem: _tests(file)
        for file in FOLDER.glob("test_*.py")
        if file.name != Path(__file__).name
    }
    named: dict[str, set[str]] = {stem: set() for stem in here}
    for folder, file, start in NAMED.findall(table):
        path = FOLDER.parent / folder / f"{file}.py" if folder else FOLDER / f"test_{file}.py"
        found = {name for name in _tests(path) if name.startswith(start)}
        assert len(found) == 1, f"{folder}{file}.{start} names {sorted(found) or 'nothing'}"
        if not folder:
            named[path.stem] |= found
    assert named == here
