"""From given values to stored inputs: conditions, defaults, other executions' files, reused secrets."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.access.viewer import Scope
from models.errors import Refused
from models.ids import new_id, typed
from models.secrets import sealed_text
from models.spec import FlowSpec, parse_flow
from runner.expressions.evaluator import Evaluator
from runner.launch.input_defaults import names_of_defaults
from runner.launch.inputs import complete_inputs, digested_inputs, given_to_rerun
from runner.service.encryption import Cipher, key_from, new_key
from runner.store.artifacts import files
from runner.store.artifacts.files import UploadedFile, file_id
from runner.store.postgres.database import Database

CIPHER = Cipher(key_from(new_key()))
FLOW = """
id: f
namespace: acme.data
inputs:
  - {id: env, type: SELECT, options: [dev, prod], default: dev}
  - {id: ticket, type: STRING, required: true, depends_on: env, when: "{{ inputs.env == 'prod' }}"}
  - {id: pin, type: SECRET, required: true, depends_on: [env, ticket],
     when: "{{ inputs.env == 'prod' and inputs.ticket }}"}
  - {id: after, type: INT, default: 5, depends_on: pin}
  - {id: title, type: STRING, default: "of {{ flow.id }}"}
  - {id: data, type: FILE}
tasks:
  - {id: a, type: log, message: m}
"""


@pytest.fixture
async def evaluator() -> AsyncIterator[Evaluator]:
    async with Evaluator() as evaluator:
        yield evaluator


@pytest.fixture
def spec() -> FlowSpec:
    return parse_flow(FLOW)


async def complete(
    database: Database, evaluator: Evaluator, spec: FlowSpec, **given: Any
) -> dict[str, Any]:
    names = {"flow": {"id": spec.id}}
    return await complete_inputs(database.pool, evaluator, CIPHER, spec, given, names)


async def test_inputs_that_do_not_apply_are_neither_required_nor_kept(
    database: Database, evaluator: Evaluator, spec: FlowSpec
) -> None:
    values = await complete(database, evaluator, spec, ticket="ignored", pin=5, after="no number")
    assert values == {
        "env": "dev",
        "ticket": None,
        "pin": None,
        "after": None,
        "title": "of f",
        "data": None,
    }


async def test_inputs_that_apply_are_required(
    database: Database, evaluator: Evaluator, spec: FlowSpec
) -> None:
    with pytest.raises(Refused) as refused:
        await complete(database, evaluator, spec, env="prod")
    assert [problem.message for problem in refused.value.problems] == ["ticket is required"]
    with pytest.raises(Refused) as refused:
        await complete(database, evaluator, spec, env="prod", ticket="T-1")
    assert [problem.message for problem in refused.value.problems] == ["pin is required"]


async def test_a_secret_is_sealed_once(
    database: Database, evaluator: Evaluator, spec: FlowSpec
) -> None:
    given = {"env": "prod", "ticket": "T-1", "pin": "12345"}
    values = await complete(database, evaluator, spec, **given)
    sealed = sealed_text(values["pin"])
    assert sealed and "12345" not in str(values)
    assert CIPHER.open(sealed, "input") == "12345"
    assert values["after"] == 5
    for left_out in ({}, {"pin": None}, {"pin": "****"}, {"pin": dict(values["pin"])}):
        anew = {"env": "prod", "ticket": "T-1", **left_out}
        rerun = given_to_rerun(spec.inputs, values, anew)
        assert await complete(database, evaluator, spec, **rerun) == values
    assert given_to_rerun(spec.inputs, values, given) == given
    with pytest.raises(Refused, match="pin must be text"):
        await complete(database, evaluator, spec, **values | {"pin": dict(values["pin"])})


def test_a_digest_reveals_nothing_of_a_secret(spec: FlowSpec) -> None:
    one, same, other = (
        digested_inputs(CIPHER, spec.inputs, {"env": "dev", "pin": pin})
        for pin in ("12345", "12345", "12346")
    )
    assert one == same != other
    assert "12345" not in str(one)
    sealed = {"env": "dev", "pin": {"$secret": CIPHER.seal("12345", "input")}}
    assert digested_inputs(CIPHER, spec.inputs, sealed) == one
    assert one["env"] == "dev"


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (Scope(), True),
        (Scope(("acme",)), True),
        (Scope(("acme.other",)), False),
        (Scope(()), False),
    ],
)
async def test_a_file_is_for_flows_that_its_uploader_covers(
    database: Database, evaluator: Evaluator, spec: FlowSpec, scope: Scope, allowed: bool
) -> None:
    file = UploadedFile(new_id(), "a.csv", "file:///a.csv", "sha256:0", 1, scope, "user:test")
    await files.store(database.pool, file)
    for named in (file_id(file.id), file.uri):
        if allowed:
            values = await complete(database, evaluator, spec, data=named)
            assert values["data"] == file.uri
        else:
            with pytest.raises(Refused, match=r"data: there is no file .* for acme.data"):
                await complete(database, evaluator, spec, data=named)


CHAINED = """
id: f
namespace: acme.data
inputs:
  - {id: path, type: STRING, default: "{{ inputs.bucket }}/{{ inputs.day }}"}
  - {id: bucket, type: STRING, default: "s3://{{ inputs.region }}"}
  - {id: twice, type: INT, default: "{{ inputs.n * 2 }}"}
  - {id: n, type: INT, default: 2}
  - {id: region, type: STRING, default: eu}
  - {id: day, type: DATE, required: true}
  - {id: pin, type: STRING, default: "{{ inputs.region }}-pin", depends_on: [n], when: "{{ inputs.n > 2 }}"}
  - {id: nested, type: JSON, default: {pin: "{{ inputs.pin }}", tags: ["{{ inputs.region }}"]}}
tasks:
  - {id: a, type: log, message: m}
"""


async def test_defaults_use_other_inputs_in_any_order(
    database: Database, evaluator: Evaluator
) -> None:
    """Inputs have parsed values: a number given as text is a number. An input that does not apply is null."""
    spec = parse_flow(CHAINED)
    assert await complete(database, evaluator, spec, day="2026-01-31") == {
        "path": "s3://eu/2026-01-31",
        "bucket": "s3://eu",
        "twice": 4,
        "n": 2,
        "region": "eu",
        "day": "2026-01-31",
        "pin": None,
        "nested": {"pin": None, "tags": ["eu"]},
    }
    given = {"day": "2026-01-31", "n": "5", "bucket": "file:"}
    assert await complete(database, evaluator, spec, **given) == {
        "path": "file:/2026-01-31",
        "bucket": "file:",
        "twice": 10,
        "n": 5,
        "region": "eu",
        "day": "2026-01-31",
        "pin": "eu-pin",
        "nested": {"pin": "eu-pin", "tags": ["eu"]},
    }


async def test_a_wrong_input_is_reported_and_not_its_consequences(
    database: Database, evaluator: Evaluator
) -> None:
    with pytest.raises(Refused) as refused:
        await complete(database, evaluator, parse_flow(CHAINED), n="many")
    messages = {problem.path: problem.message for problem in refused.value.problems}
    assert messages == {
        ("inputs", "n"): "n must be a whole number, got 'many'",
        ("inputs", "day"): "day is required",
    }


async def test_a_default_that_cannot_be_evaluated_is_reported_by_its_name(
    database: Database, evaluator: Evaluator
) -> None:
    inputs = '[{id: n, type: INT, default: 0}, {id: m, type: FLOAT, default: "{{ 1 / inputs.n }}"}]'
    source = f"id: f\nnamespace: a\ninputs: {inputs}\ntasks: [{{id: a, type: fail}}]\n"
    with pytest.raises(Refused) as refused:
        await complete(database, evaluator, parse_flow(source))
    (problem,) = refused.value.problems
    assert problem.path == ("inputs", "m")
    assert problem.message.startswith("the default of m cannot be evaluated: ")


def faults(inputs: str) -> list[tuple[int | None, int | None, str]]:
    source = f"id: f\nnamespace: a\ninputs:\n{inputs}tasks: [{{id: a, type: fail}}]\n"
    with pytest.raises(Refused) as refused:
        parse_flow(source)
    return [(one.line, one.column, one.message) for one in refused.value.problems]


def test_defaults_that_need_each_other_are_refused_by_their_way() -> None:
    assert faults(
        """  - {id: a, type: STRING, default: "{{ inputs.b }}"}
  - {id: b, type: STRING, default: "{{ inputs.c }}"}
  - {id: c, type: STRING, default: "x", depends_on: a}
"""
    ) == [(4, 27, "a cycle: a -> b -> c -> a")]
    assert faults('  - {id: a, type: STRING, default: "{{ inputs.a }}"}\n') == [
        (4, 27, "a cycle: a -> a")
    ]


@pytest.mark.parametrize(
    ("default", "words"),
    [
        ("{{ inputs.rgion }}", "there is no input `rgion`; did you mean `region`?"),
        (
            "{{ inputs['reg' ~ 'ion'] }}",
            "a default must name the inputs that it uses, as in inputs.a",
        ),
        ("{{ outputs.a }}", "`outputs`"),
        ("{{ inputs.pin }}", "pin"),
    ],
)
def test_a_default_uses_inputs_that_are_there_and_no_secret(default: str, words: str) -> None:
    more = "  - {id: region, type: STRING}\n  - {id: pin, type: SECRET}\n"
    ((line, _, message), *_) = faults(f'{more}  - {{id: a, type: STRING, default: "{default}"}}\n')
    assert line == 6
    assert words in message


async def test_a_default_can_use_the_new_execution(
    database: Database, evaluator: Evaluator
) -> None:
    inputs = '[{id: a, type: STRING, default: "{{ execution.id }} {{ execution.name }} {{ execution.labels.t }}"}]'
    head = "id: f\nnamespace: a\nlabels: {t: flow}\n"
    spec = parse_flow(f"{head}inputs: {inputs}\ntasks: [{{id: a, type: fail}}]\n")
    names = await names_of_defaults(database.pool, spec, {"t": "given"}, None)
    assert names.id
    values = await complete_inputs(database.pool, evaluator, CIPHER, spec, {}, names.values)
    assert values == {"a": f"{typed('exec', names.id)} {spec.name_of(names.id)} given"}
    assert (await names_of_defaults(database.pool, parse_flow(FLOW), {}, None)).id is None
