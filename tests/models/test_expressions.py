import pytest

from models.expressions import MAX_TEXT, has_expressions, is_single_expression, read


def test_has_expressions_checks_nested_values() -> None:
    assert has_expressions({"a": [1, {"b": "x {{ y }}"}]})
    assert has_expressions("{% if a %}{% endif %}")
    assert not has_expressions({"a": [1, None, "${#x}", "{ {"]})


@pytest.mark.parametrize(
    ("text", "single"),
    [
        ("{{ inputs.a }}", True),
        ("  {{ inputs.a }}\n", True),
        ("{{ '}}' }}", True),
        ("{{ a }}{{ b }}", False),
        ("{{ a }} b", False),
        ("{% if a %}{{ b }}{% endif %}", False),
        ("plain", False),
    ],
)
def test_single_expressions(text: str, single: bool) -> None:
    assert is_single_expression(text) is single


def test_references_are_found_with_their_places() -> None:
    text = "{{ inputs.a }}\n{{ outputs['b-c'].rows + inputs.d }} {{ execution }}"
    assert {(r.root, r.name, r.offset) for r in read(text).references} == {
        ("inputs", "a", text.index("inputs.a")),
        ("outputs", "b-c", text.index("outputs")),
        ("inputs", "d", text.index("inputs.d")),
        ("execution", None, text.index("execution")),
    }


def test_names_of_the_text_itself_are_no_references() -> None:
    text = "{% for each in inputs.list %}{{ loop.index }}{{ each.x }}{% endfor %}{{ range(3) }}"
    assert {(r.root, r.name) for r in read(text).references} == {("inputs", "list")}


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("{{ a }} {{ 1 + }}", 8, "cannot be read"),
        ("x\n {{ a", 3, "cannot be read"),
        ("{{ .Names }}", 0, "{% raw %}"),
        ("{% nope %}", 0, "cannot be read"),
        ("ab {{ a | uper }}", 10, "did you mean `upper`?"),
        ("{% include 'x' %}", 0, "other templates cannot be included"),
        ("{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}", 0, "nested too deeply"),
        ("{{ a }}" + "x" * MAX_TEXT, 0, "64 KiB"),
        ("x {{ " + "a+" * 3000 + "a }}", 2, "at most 4 KiB"),
        ("{{ a }} " * 1001, 0, "at most 1000 expressions"),
    ],
)
def test_invalid_expressions(text: str, offset: int, words: str) -> None:
    (wrong,) = read(text).misreadings
    assert wrong.offset == offset
    assert words in wrong.message


def test_reading_runs_nothing() -> None:
    assert read("{{ 'a' * 10 ** 12 }}{{ 9 ** 9 ** 9 ** 9 }}").misreadings == ()


def test_the_length_of_a_shell_variable_is_no_comment() -> None:
    assert read("${#a} {{ b }}").misreadings == ()


def test_long_expressions_are_read_without_recursion() -> None:
    assert [each.name for each in read("{{ " + "inputs.a+" * 450 + "1 }}").references] == ["a"]
