"""Real shells run the scripts that the scanner accepts, with values that would run a command if they were code."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from models.expressions import SYNTAX, is_raw, read
from models.shell import unsafe_places

ENVIRONMENT = Environment(
    finalize=lambda value: "'" + value.replace("'", "'\"'\"'") + "'", **SYNTAX
)
CANARY = "canary"
HOSTILE = [
    text.replace("RUN", f":>{CANARY}")
    for text in (
        "';RUN;'",
        "$(RUN)",
        "`RUN`",
        '";RUN;"',
        "\nRUN\n",
        "a[$(RUN)]",
        "PATH[$(RUN)]",
        "RUN",
        "\nE\nRUN\n",
        "\\';RUN;#",
        ");RUN;(",
        "}';RUN;'",
        "\\\";RUN;\\'",
        "x\n';RUN;'\"$(RUN)\"",
    )
]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
TOKENS = [
    *["{{ x }}"] * 5,
    *["'", '"', "`", "$(", ")", "(", "((", "))", "$((", "${a:-", "${a#", "}", "\\", "\n", "#", " "],
    *[
        "<<E\n",
        "<<-E\n",
        "<<'E'\n",
        "<<\\E\n",
        "<<E ",
        "\nE\n",
        "\tE\n",
        "<<<",
        "<",
        "<(",
        "$'",
        '$"',
    ],
    *[
        "echo ",
        ":",
        "a=",
        "a[",
        "]",
        "[[ ",
        " ]]",
        " -eq 1",
        "case x in x)",
        ";;",
        " esac",
        "$",
        "$$",
    ],
    *["&&", ";", "|", "{% if y %}", "{% endif %}", "{% if n %}", "{% else %}", "{", "$#", "${#a}"],
    *["x=$(", '"$(', ')"', "echo '", "' ", "@(", "!"],
    *[
        "eval ",
        "let ",
        "declare -i v=",
        "test -v ",
        "[ ",
        " ]",
        "read ",
        "read v <<< ",
        "trap ",
        " EXIT",
    ],
    *[
        "bash -c ",
        "sh ",
        "v=",
        "w+=",
        "n=1; ",
        "$((v))",
        "$((n))",
        "((v++))",
        '"$v"',
        "$v ",
        '"$@"',
    ],
    *[
        "set -- ",
        "for v in ",
        "; do ",
        "; done",
        ">&",
        "printf -v ",
        "f() { ",
        "; }",
        "f ",
        "local v=",
    ],
    *["export v=", "mapfile -C ", "command ", "builtin ", "exec ", "env ", "-v ", "-c ", "v ", "E"],
    *[
        "${!v}",
        "${v@P}",
        "${v:",
        "a[0]=",
        "a=(",
        "]=1",
        "-lt ",
        "= ",
        "v in v) ",
        "if ",
        "then ",
        "fi",
    ],
]


def refusals(script: str, bash: bool = True) -> list[tuple[int, str]]:
    reading = read(script)
    assert not reading.misreadings
    return unsafe_places(reading.pieces, is_raw, bash)


def run(shell: str, script: str, folder: Path) -> bytes:
    return subprocess.run(
        [f"/bin/{shell}", "-c", script],
        cwd=folder,
        env={"PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    ).stdout


ACCEPTED = [
    "printf '%s' {{ x }}",
    'printf "%s" {{ x }} # done',
    "a={{ x }}; printf '%s' \"$a\"",
    "printf '%s' $(printf '%s' {{ x }} >&2)\nprintf '%s' {{ x }}",
    "(printf '%s' {{ x }})",
    "cat_() { printf '%s' \"$1\"; }; cat_ {{ x }}",
    "while read -r l; do :; done <<'E'\nit's \"here\n$(\nE\nprintf '%s' {{ x }}",
    "while read -r l; do :; done <<-E\n\tit's \"here\n\tE\nprintf '%s' {{ x }}",
    "a=${b:-c}; : ${a#'x'}\nprintf '%s'  {%- if y %} {{ x }}{% endif %}",
    "n=$((1 + (2 * 3))); printf '%s' {{ x }}",
    "case {{ x }} in *) printf '%s' {{ x }} ;; esac",
    "{% if y %}printf '%s' {{ x }}{% else %}:{% endif %}",
    "for i in {{ x }}; do printf '%s' \"$i\"; done",
    "# it's a comment \"\nprintf '%s' {{ x }}",
    "echo \\\" >&2; printf '%s' {{ x }}",
    "a=(1 2); : ${#a[@]} $# $$; printf '%s' {{ x }}",
    "printf '%s' $'\\'' >&2; printf '%s' {{ x }}",
    "if [ {{ x }} != '' ]; then printf '%s' {{ x }}; fi",
]
REFUSED = {
    'echo "{{ x }}"': "inside double quotes",
    "echo '{{ x }}'": "inside single quotes",
    "echo `echo {{ x }}`": "inside backticks",
    'echo "$(echo {{ x }})"': "inside $( ) within double quotes",
    "cat <<E\n{{ x }}\nE": "inside a here-document",
    "cat <<'E'\n{{ x }}\nE": "inside a here-document",
    "cat <<-E\n\tE2\n\t{{ x }}\n\tE": "inside a here-document",
    "cat <<{{ x }}\nE": "delimiter",
    "# {{ x }}\n": "in a comment",
    "(:)# '\necho {{ x }}": "begins a word",
    "a{% if y %} {% endif %}#' \n {{ x }} '": "begins a word",
    "echo $(( {{ x }} + 1 ))": "inside (( ))",
    "(( {{ x }} ))": "inside (( ))",
    "echo ${a:-{{ x }} }": "inside ${ }",
    "[[ {{ x }} -eq 1 ]]": "inside [[ ]]",
    "a[{{ x }}]=1": "subscript",
    "echo ${{ x }}": "straight after `$`",
    "echo \\{{ x }}": "straight after a backslash",
    "echo \\  {{- x }}": "straight after a backslash",
    "echo $'a{{ x }}'": "inside $' '",
    'echo "{% if y %}a{% endif %}"': "inside double quotes",
    "{% if y %}x{% endif %}# {{ x }}": "begins a word",
    "<{% if y %}<E{% endif %}\n{{ x }}\nE": "straight after `<`",
    '"$(case x in a) echo \'"\' ;; esac)" {{ x }}': "case",
    "echo {{ x }} 'open": "do not close",
}


@pytest.mark.parametrize("script", ACCEPTED)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=st.one_of(st.sampled_from(HOSTILE), ANY_TEXT))
def test_accepted_templates_echo_any_value(script: str, value: str, tmp_path: Path) -> None:
    assert refusals(script) == []
    rendered = ENVIRONMENT.from_string(script).render(x=value, y=True)
    assert run("bash", rendered, tmp_path) == value.encode()
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("script", REFUSED)
def test_unsafe_places_are_refused(script: str) -> None:
    found = refusals(script)
    assert found
    assert REFUSED[script] in found[0][1]
    assert "`env:`" in found[0][1]
    assert script[found[0][0] :].startswith(("{{", "{%"))


def test_raw_opts_out() -> None:
    assert refusals('echo "{{ x | raw }}"') == []


def test_shells_that_read_dollar_quotes_differently() -> None:
    assert refusals("echo $'a' {{ x }}", bash=True) == []
    assert refusals("echo $'a' {{ x }}", bash=False)


@pytest.mark.parametrize("shell", ["bash", "dash"])
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(tokens=st.lists(st.sampled_from(TOKENS), min_size=2, max_size=12), data=st.data())
def test_no_accepted_script_runs_a_value(
    shell: str, tokens: list[str], data: st.DataObject, tmp_path: Path
) -> None:
    script = "".join(tokens)
    reading = read(script)
    if reading.misreadings or reading.foreign_statements or "{{ x" not in script:
        return
    if unsafe_places(reading.pieces, is_raw, bash=shell == "bash"):
        return
    y = data.draw(st.booleans())
    value = data.draw(st.sampled_from(HOSTILE))
    run(shell, ENVIRONMENT.from_string(script).render(x=value, y=y, n=not y), tmp_path)
    assert not (tmp_path / CANARY).exists(), script


def test_the_hostile_values_would_run_if_they_were_let_through(tmp_path: Path) -> None:
    rendered = ENVIRONMENT.from_string('echo "{{ x }}"').render(x=HOSTILE[1])
    run("bash", rendered, tmp_path)
    assert (tmp_path / CANARY).exists()
