"""Checks the references between inputs: `depends_on` names earlier inputs, and `when` uses only those."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.expressions import has_expressions, read, strings
from models.graph import graph_faults
from models.inputs.inputs import names_in_default
from models.similar import did_you_mean
from models.spec.checks import Fault
from models.spec.document import Path
from models.spec.outline import items_of


def input_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    inputs = data.get("inputs")
    earlier: list[str] = []
    for position, item in enumerate(inputs if isinstance(inputs, list) else ()):
        if not isinstance(item, dict):
            continue
        needed = item.get("depends_on")
        names = [str(name) for name in (needed if isinstance(needed, list) else [needed]) if name]
        yield from _dependency_faults(names, earlier, ("inputs", position, "depends_on"))
        if names and isinstance(item.get("when"), str):
            yield from _condition_faults(item["when"], names, ("inputs", position, "when"))
        earlier.append(str(item.get("id")))
    yield from _default_faults(items_of(inputs))


def _default_faults(items: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[Fault]:
    """Yields defaults that do not name the inputs they use, and defaults that depend on themselves, even indirectly."""
    places = {item["id"]: (position, item) for position, item in reversed([*items])}
    used: dict[str, list[str]] = {}
    for id, (position, item) in reversed(places.items()):
        path: Path = ("inputs", position, "default")
        for below, text in strings(item.get("default")):
            for reference in read(text).references:
                if reference.root == "inputs" and reference.name is None:
                    sentence = "a default must name the inputs that it uses, as in inputs.a"
                    yield Fault((*path, *below), sentence, reference.offset)
        needed = item.get("depends_on")
        others = map(str, needed if isinstance(needed, list) else [needed])
        earlier = [name for name in others if name in places and places[name][0] < position]
        names = [*names_in_default(item.get("default")).get("inputs", ()), *earlier]
        used[id] = [name for name in dict.fromkeys(names) if name in places]
    for id, _, sentence in graph_faults(used):
        yield Fault(("inputs", places[id][0], "default"), sentence)


def _dependency_faults(names: list[str], earlier: list[str], path: Path) -> Iterator[Fault]:
    for name in names:
        if name not in earlier:
            sentence = f"there is no input `{name:.80}` before this one"
            yield Fault(path, sentence + did_you_mean(name, earlier))


def _condition_faults(when: str, names: list[str], path: Path) -> Iterator[Fault]:
    if not has_expressions(when):
        yield Fault(path, "must be an expression, as in \"{{ inputs.a == 'b' }}\"")
        return
    for wrong in read(when).misreadings:
        yield Fault(path, wrong.message, wrong.offset)
    for reference in read(when).references:
        if reference.root != "inputs":
            sentence = f"`when` can use `inputs` only, not `{reference.root}`"
            yield Fault(path, sentence, reference.offset)
        elif reference.name not in names:
            fix = f"add `{reference.name}` there" if reference.name else "name it, as in inputs.a"
            sentence = f"`when` can use inputs of `depends_on` only; {fix}"
            yield Fault(path, sentence, reference.offset)
