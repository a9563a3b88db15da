"""Environment variables whose text programs run take no value through `env:`."""

import pytest

from models.shell.variables import EVALUATED
from models.spec import parse_flow
from tests.models.test_spec import problems, task


@pytest.mark.parametrize("kind", ["shell, run: ls", "python, script: pass", "python, call: 'a:b'"])
@pytest.mark.parametrize("name", sorted(EVALUATED | {"BASH_FUNC_ls"}))
def test_no_value_is_in_a_variable_that_is_executed(kind: str, name: str) -> None:
    written = task(f"{{id: a, type: {kind}, env: {{{name}: 'a{{{{ flow.id }}}}'}}}}")
    (problem,) = problems(written)
    assert "it takes no expression" in problem[-1], problem
    parse_flow(written.replace("{{ flow.id }}", "b"))
