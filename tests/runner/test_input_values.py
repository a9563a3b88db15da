"""From what was given to what is stored: conditions, defaults, files of others, secrets that are reused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.errors import Refused
from models.ids import new_id
from models.secrets import sealed_text
from models.spec import FlowSpec, parse_flow
from models.viewer import Scope
from runner.evaluator import Evaluator
from runner.input_values import complete_inputs, digested_inputs, given_to_rerun
from runner.store import files
from runner.store.database import Database
from runner.store.files import UploadedFile, file_id
from runner.vault import Vault, key_from, new_key

VAULT = Vault(key_from(new_key()))
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
    return await complete_inputs(database.pool, evaluator, VAULT, spec, given, names)


async def test_what_is_not_asked_for_is_neither_required_nor_kept(
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


async def test_what_is_asked_for_is_required(
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
    assert VAULT.open(sealed, "input") == "12345"
    assert values["after"] == 5
    for left_out in ({}, {"pin": None}, {"pin": "****"}, {"pin": dict(values["pin"])}):
        anew = {"env": "prod", "ticket": "T-1", **left_out}
        rerun = given_to_rerun(spec.inputs, values, anew)
        assert await complete(database, evaluator, spec, **rerun) == values
    assert given_to_rerun(spec.inputs, values, given) == given
    with pytest.raises(Refused, match="pin must be text"):
        await complete(database, evaluator, spec, **values | {"pin": dict(values["pin"])})


def test_a_digest_tells_nothing_of_a_secret(spec: FlowSpec) -> None:
    one, same, other = (
        digested_inputs(VAULT, spec.inputs, {"env": "dev", "pin": pin})
        for pin in ("12345", "12345", "12346")
    )
    assert one == same != other
    assert "12345" not in str(one)
    sealed = {"env": "dev", "pin": {"$secret": VAULT.seal("12345", "input")}}
    assert digested_inputs(VAULT, spec.inputs, sealed) == one
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
