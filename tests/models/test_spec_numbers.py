import pytest

from models.errors import Refused
from models.spec import ReturnTask, parse_flow

NUMBERS = "id: n\nnamespace: a\ntasks:\n  - {id: a, type: return, outputs: {n: %s}}\n"


@pytest.mark.parametrize(
    "number", ["1e999", "-1e400", "123456789012345678901", "-9300000000000000000"]
)
def test_a_number_that_would_become_another_is_refused(number: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_flow(NUMBERS % number)
    (problem,) = refused.value.problems
    assert problem.message == (
        f"{number} is a number that cannot be stored exactly; put it in quotes"
    )
    assert (problem.line, problem.column) == (4, 40)


@pytest.mark.parametrize("text", [".inf", "-.Inf", ".nan", "1234567890123456789012"])
def test_other_numeric_notations_are_text(text: str) -> None:
    (task,) = parse_flow(NUMBERS % text).tasks
    assert isinstance(task, ReturnTask)
    assert task.outputs == {"n": text}


def test_numbers_in_a_revision_that_is_saved_are_read_as_they_were() -> None:
    assert parse_flow(NUMBERS % "123456789012345678901", saved=True).id == "n"
