"""Finds the variables of a script that can hold only numbers, so that arithmetic with them is safe.

Arithmetic evaluates the text of a variable again: the value `a[$(command)]` runs the command.
"""

import re
from dataclasses import dataclass, field

_NUMERIC = re.compile(
    r'"?(-?\d+|\$\(\((?:[\w\s+*/%<>=!&|^~?:,()-]|\$(?!\()|\$(?=\(\())*\)\)|\$[#?]|\$\{#[A-Za-z_]\w*(\[[@*]\])?\})"?'
)
_SAFE = re.compile(r"\$\{#[A-Za-z_]\w*(\[[@*]\])?\}|\$#|\$\?|\d+#[0-9a-zA-Z]+|0[xX][0-9a-fA-F]+")
_REFUSED = re.compile(r"[\[\]`'\"\\{}@\ue000-\ue002]|\$[^A-Za-z_(]|\$\((?!\()|\$$")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)")
_VARIABLE = re.compile(r"\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\}")
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(slots=True)
class Numbers:
    """Collects the assignments and the arithmetic of a script; call `faults` after all of it was read."""

    numeric: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    used: list[tuple[str, int]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def assign(self, name: str, raw: str) -> None:
        if _NUMERIC.fullmatch(raw):
            self.numeric.add(name)
        else:
            self.open.add(name)

    def arithmetic(self, text: str, place: int) -> None:
        text = _SAFE.sub("0", text)
        if _REFUSED.search(text):
            self.refused.append(place)
        self.numeric |= set(_ASSIGNED.findall(text))
        self.used += [(name, place) for name in _NAME.findall(text)]

    def unquoted(self, raw: str, place: int) -> None:
        """Adds an unquoted variable, which may become several words unless it is a number."""
        if _VARIABLE.fullmatch(raw):
            self.arithmetic(raw.replace("{", "").replace("}", ""), place)
        else:
            self.refused.append(place)

    def operand(self, raw: str, place: int) -> None:
        """Adds an operand that `-eq` and similar operators evaluate within [[ ]]."""
        self.arithmetic(raw.strip('"'), place)

    def faults(self) -> list[int]:
        """Returns the positions at which arithmetic could evaluate a value."""
        known = self.numeric - self.open
        return sorted({*self.refused, *(place for name, place in self.used if name not in known)})
