"""Checks that texts are plain: no word of LIST is in docstrings, comments, messages, documents and the page."""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = (
    "told", "asked", "beside", "mend", "mends", "mended", "judged", "owed", "heard", "hears", "minded", "whoever",
    "thereof", "beforehand", "for ever",
)  # fmt: skip
BANNED = re.compile(rf"(?<![\w-])({'|'.join(LIST)})(?![\w-])", re.IGNORECASE)
TEXTS = {".css", ".graphql", ".html", ".md", ".mjs", ".sh", ".toml", ".ts", ".tsx", ".yaml"}
FOLDERS = (
    "bench", "docs", "examples", "frontend/e2e", "frontend/scripts", "frontend/src", "headway", "models", "runner",
    "schema", "scripts", "server", "tests",
)  # fmt: skip
SKIPPED = {"__pycache__", "gen", "migrations", "node_modules", "static"}
STORED = {"ASKED"}
"""Values that are stored in databases."""


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yields the lines of text for readers, each with its number: of Python the comments and strings."""
    if path.suffix in TEXTS:
        yield from enumerate(path.read_text().splitlines(), 1)
    elif path.suffix == ".py":
        yield from python_lines(path.read_text())


def python_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields the comments, the strings and the literal parts of f-strings."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from enumerate(node.value.splitlines(), node.lineno)


def texts() -> Iterator[Path]:
    """The sources of all packages, the page and the documents; nothing that is installed or generated."""
    yield from sorted(ROOT.glob("*.md"))
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            skipped = SKIPPED.intersection(path.relative_to(ROOT).parts) or path.samefile(__file__)
            if path.is_file() and not skipped:
                yield path


def main() -> int:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in texts()
        for number, line in lines_of(path)
        if BANNED.search(line) and line not in STORED
    ]
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
