"""Folds the iterations of a foreach into one line for each task. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

_INDEX = re.compile(r"\[\d+\]")
_SHOWN = 5
_BAD = frozenset({"FAILED", "ERROR", "KILLED", "REJECTED", "WARNING"})


@dataclass(slots=True)
class Fold:
    """One task of all iterations, as `each[*].fetch`; `bad` are failed runs, `left_out` the number of further ones."""

    key: str
    states: Counter[str] = field(default_factory=Counter)
    bad: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0

    def take(self, task_run: dict[str, Any]) -> None:
        self.states[task_run["state"]] += 1
        if task_run["state"] not in _BAD:
            return
        if len(self.bad) < _SHOWN:
            self.bad.append(task_run)
        else:
            self.left_out += 1


def folded(task_runs: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any] | Fold]:
    """Yields task runs in order; each task within a foreach once, at the position of its first run."""
    folds: dict[str, Fold] = {}
    order: list[dict[str, Any] | Fold] = []
    for task_run in task_runs:
        key = _INDEX.sub("[*]", task_run["key"])
        if key == task_run["key"]:
            order.append(task_run)
            continue
        if key not in folds:
            order.append(folds.setdefault(key, Fold(key)))
        folds[key].take(task_run)
    return iter(order)


def folded_sentences(sentences: Iterable[tuple[str | None, str, str]]) -> Iterator[str]:
    """Folds the reasons why task runs wait, as (key, message, until or ""): equal reasons of several iterations
    become one line with their number."""
    folds: dict[str, list[str]] = {}
    for key, sentence, until in sentences:
        who = _INDEX.sub("[*]", key) if key else None
        plain = _INDEX.sub("[*]", sentence) if who != key else sentence
        folds.setdefault(f"{who}: {plain}" if who else plain, []).append(until)
    for text, moments in folds.items():
        number = f" ({len(moments)} of them)" if len(moments) > 1 else ""
        yield f"{text}{number}{_until(moments)}"


def _until(moments: Sequence[str]) -> str:
    known = sorted({moment for moment in moments if moment})
    if not known:
        return ""
    return f", until {known[0]}" if len(known) == 1 else f", until {known[0]} to {known[-1]}"
