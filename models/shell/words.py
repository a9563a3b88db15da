"""Words of a shell script as written, and the parts that are known without running it."""

import re
from dataclasses import dataclass
from functools import cached_property

from models.shell.pieces import EXPRESSION

_KNOWN = re.compile(r"""[A-Za-z0-9_./+:@%,=^-]+|'[^'\ue000-\ue002]*'|"[^"$`\\\ue000-\ue002]*\"""")
_SINGLE = re.compile(
    rf"""(?>{_KNOWN.pattern}|\ue000|\$\(\([^()]*\)\)|\$[#?$]|\$\{{\#\w+(?:\[[@*]\])?\}}|"\$\([^"`@]*\)"
    |"(?:[^"$`\\]|\\.|\$[A-Za-z_0-9\#?$!-]\w*|\$\{{[^}}"'`@$]*\}})*+")++""",
    re.X | re.S,
)
_QUOTED_START = re.compile(r'"([^"$`\\\ue000-\ue002]+)')
_TAIL = re.compile(r"/([A-Za-z0-9_.+-]+)[\"']?$")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[[^]]*\])?\+?=")
OPEN = "$"
"""A word that the shell generates, such as the name of a pipe."""


@dataclass(frozen=True)
class Word:
    raw: str
    place: int

    @cached_property
    def prefix(self) -> str:
        """The beginning that does not depend on variables and values."""
        text, rest = self._read
        opened = _QUOTED_START.match(self.raw, rest)
        return text + (opened.group(1) if opened else "")

    @cached_property
    def literal(self) -> str | None:
        """The whole word, if no part of it depends on variables, values, files or commands; otherwise None."""
        text, rest = self._read
        return text if rest == len(self.raw) else None

    @cached_property
    def _read(self) -> tuple[str, int]:
        place, text = 0, ""
        while (known := _KNOWN.match(self.raw, place)) is not None:
            found = known.group()
            text += found[1:-1] if found[0] in "'\"" else found
            place = known.end()
        return text, place

    @property
    def has_value(self) -> bool:
        return EXPRESSION in self.raw

    @property
    def is_open(self) -> bool:
        return self.literal is None

    @property
    def is_single(self) -> bool:
        """Whether it remains one word, like quoted text; `$name` may become several or none."""
        return _SINGLE.fullmatch(self.raw) is not None

    @property
    def may_be_option(self) -> bool:
        """Whether a variable or value could make it begin with a dash."""
        return self.is_open and not self.prefix

    @property
    def program(self) -> str | None:
        """The last path component of the command that the word may name, or None."""
        if self.literal is not None:
            return self.literal.rsplit("/", 1)[-1]
        found = None if self.has_value else _TAIL.search(self.raw)
        return found.group(1) if found else None

    @property
    def assignment(self) -> re.Match[str] | None:
        return _ASSIGNMENT.match(self.raw)

    @property
    def is_name(self) -> bool:
        return self.literal is not None and _IDENTIFIER.fullmatch(self.literal) is not None
