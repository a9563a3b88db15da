"""Every refusal of bad input says how to fix it, and nothing is stored."""

import re
from typing import Any

import httpx
import pytest

from tests.api.client import Client
from tests.api.servers import Served

HEAD = "id: bad\nnamespace: wrong\n"
LOG = "tasks:\n  - {id: a, type: log, message: a}\n"

WRONG_FLOWS: dict[str, tuple[str, str, int | None]] = {
    "broken YAML": (HEAD + "tasks: [{id: a, type: log}}]\n", "YAML", 3),
    "a cycle": (
        HEAD
        + "tasks:\n  - {id: a, type: log, message: a, needs: [c]}\n"
        + "  - {id: b, type: log, message: a, needs: [a]}\n"
        + "  - {id: c, type: log, message: a, needs: [b]}\n",
        r"a.*->.*b|a.*->.*c",
        None,
    ),
    "an unknown key": (HEAD + "on_failur: CANCEL_ALL\n" + LOG, "on_failure", 3),
    "an unknown task type": (HEAD + "tasks:\n  - {id: a, type: shel, run: ls}\n", "shell", 4),
    "an unknown need": (HEAD + "tasks:\n  - {id: a, type: log, message: a, needs: [b]}\n", "b", 4),
    "a wrong type": (
        HEAD + "tasks:\n  - {id: a, type: log, message: a, timeout: soon}\n",
        "timeout|soon",
        4,
    ),
    "an expression that cannot be read": (
        HEAD + 'tasks:\n  - {id: a, type: log, message: "{{ 1 + }}"}\n',
        "",
        4,
    ),
    "an unknown input in an expression": (
        HEAD + 'tasks:\n  - {id: a, type: log, message: "{{ inputs.day }}"}\n',
        "day",
        4,
    ),
    "an expression inside shell quotes": (
        HEAD
        + "inputs: [{id: x, type: STRING}]\n"
        + 'tasks:\n  - id: a\n    type: shell\n    run: |\n      echo "{{ inputs.x }}"\n',
        "env",
        8,
    ),
    "a key that is not built yet": (HEAD + "alerts: []\n" + LOG, "not built yet", 3),
    "a subflow of nothing": (HEAD + "tasks:\n  - {id: a, type: subflow}\n", "`flow`", 4),
    "no tasks": (HEAD + "tasks: []\n", "at least 1", 3),
}


@pytest.mark.parametrize("what", WRONG_FLOWS)
async def test_a_wrong_flow_is_refused_with_its_place_and_nothing_is_stored(
    client: Client, what: str
) -> None:
    source, words, line = WRONG_FLOWS[what]
    payload = await client.mutate("saveFlow", source=source)
    assert payload["flow"] is None
    assert payload["problems"], what
    problem = payload["problems"][0]
    assert problem["__typename"] == "ValidationProblem"
    assert problem["code"] == ("NOT_YET" if "not built yet" in what else "VALIDATION")
    assert problem["line"] and problem["column"]
    if line:
        assert problem["line"] == line, problem
    assert re.search(words, problem["message"]), problem["message"]
    assert (await client.post('{ flow(namespace: "wrong", key: "bad") { id } }'))["flow"] is None


TYPED = """id: typed
namespace: inputs
inputs:
  - {id: day, type: DATE, required: true}
  - {id: size, type: INT, default: 500, min: 1, max: 1000}
  - {id: region, type: SELECT, options: [eu, us], default: eu}
tasks: [{id: a, type: return, outputs: {day: "{{ inputs.day }}", size: "{{ inputs.size }}"}}]
"""
WRONG_INPUTS: list[tuple[Any, list[str]]] = [
    ({}, ["inputs", "day"]),
    ({"day": "yesterday"}, ["inputs", "day"]),
    ({"day": "2026-01-31", "size": "many"}, ["inputs", "size"]),
    ({"day": "2026-01-31", "size": 0}, ["inputs", "size"]),
    ({"day": "2026-01-31", "region": "mars"}, ["inputs", "region"]),
    ({"day": "2026-01-31", "dya": 1}, ["inputs", "dya"]),
    ([1, 2], ["inputs"]),
]


@pytest.mark.parametrize("inputs,path", WRONG_INPUTS)
async def test_a_wrong_input_is_refused_by_name_and_nothing_is_stored(
    client: Client, inputs: Any, path: list[str]
) -> None:
    await client.save(TYPED)
    count = '{ executions(where: {flow: {eq: "typed"}, namespace: {eq: "inputs"}}) { totalCount { value } } }'
    before = await client.post(count)
    payload = await client.mutate(
        "createExecution", namespace="inputs", flow="typed", inputs=inputs
    )
    assert payload["execution"] is None
    assert payload["problems"][0]["code"] == "VALIDATION"
    assert payload["problems"][0]["path"] == path
    assert await client.post(count) == before


async def test_right_inputs_keep_their_types(client: Client) -> None:
    id = (await client.run(TYPED, inputs={"day": "2026-01-31", "size": "7"}))["id"]
    ended = await client.until_ended(id)
    assert ended["taskRuns"][0]["outputs"] == {"day": "2026-01-31", "size": 7}


async def test_an_input_cannot_become_a_command(client: Client) -> None:
    source = """id: quoted
namespace: inputs
inputs: [{id: name, type: STRING}]
tasks: [{id: a, type: shell, run: 'printf %s {{ inputs.name }}'}]
"""
    hostile = "x; touch /tmp/owned $(id) `id` ' \" \n --"
    id = (await client.run(source, inputs={"name": hostile}))["id"]
    await client.until_ended(id)
    found = await client.post(
        "query ($id: ID!) { execution(id: $id) { logs { nodes { text } } } }", id=id
    )
    text = "\n".join(line["text"] for line in found["execution"]["logs"]["nodes"])
    assert text == hostile


async def test_a_failing_expression_is_an_error_with_the_available_names(client: Client) -> None:
    source = """id: undefined
namespace: inputs
tasks:
  - {id: a, type: return, outputs: {count: 1}}
  - {id: b, type: log, message: "{{ outputs.a.rows }}", needs: [a]}
"""
    id = (await client.run(source))["id"]
    ended = await client.until_ended(id)
    assert ended["state"] == "ERROR"
    assert ended["failure"]["code"] == "EXPRESSION"
    assert "rows" in ended["failure"]["message"] and "count" in ended["failure"]["message"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"1", b"null", b"[]", b'"x"', b"\xff\xfe", b"{}", b'{"query": 1}']
)
async def test_a_body_that_is_no_request_is_400_with_a_graphql_error(
    served: Served, body: bytes
) -> None:
    async with httpx.AsyncClient() as http:
        response = await http.post(
            f"{served.url}/graphql",
            content=body,
            headers={
                "authorization": f"Bearer {served.token}",
                "content-type": "application/json",
                "accept": "application/graphql-response+json",
            },
        )
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"]


async def test_unknown_flows_and_revisions_say_how_to_find_the_right_one(client: Client) -> None:
    payload = await client.mutate("createExecution", namespace="no", flow="where")
    assert payload["problems"][0]["code"] == "NOT_FOUND"
    assert "headway flows list" in payload["problems"][0]["message"]
    await client.save(TYPED)
    payload = await client.mutate("createExecution", namespace="inputs", flow="typed", revision=99)
    assert "newest" in payload["problems"][0]["message"]


@pytest.mark.parametrize(
    "paging", ["first: 0", "first: 201", 'after: "nonsense"', "first: 1, last: 1"]
)
async def test_wrong_paging_is_refused_with_words(client: Client, paging: str) -> None:
    answer = await client.answer(f"{{ executions({paging}) {{ nodes {{ id }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "VALIDATION"


async def test_saving_the_same_text_makes_no_new_revision(client: Client) -> None:
    first = await client.save(TYPED)
    again = await client.save(TYPED)
    changed = await client.save(TYPED + "description: changed\n")
    assert again["revision"] == first["revision"]
    assert changed["revision"]["number"] == first["revision"]["number"] + 1


async def test_nothing_is_revealed_without_credentials(served: Served) -> None:
    async with httpx.AsyncClient() as http:
        for path in ("/", "/graphql", "/graphql/stream", "/executions/x"):
            assert (await http.get(f"{served.url}{path}")).status_code == 401
        assert (await http.get(f"{served.url}/healthz")).status_code == 200
        assert (await http.get(f"{served.url}/readyz")).json() == {
            "database": True, "writable": True, "migrations": True, "feed": True, "accepting": True,
        }  # fmt: skip


NUMBERS = """
id: numbers
namespace: wrong
inputs: [{id: n, type: JSON}]
tasks:
  - {id: a, type: return, outputs: {n: "{{ inputs.n }}"}}
"""


@pytest.mark.parametrize("number", ["123456789012345678901234567890", "1e999", "NaN"])
async def test_a_number_that_would_become_another_is_refused_by_its_path_and_nothing_is_stored(
    client: Client, served: Served, number: str
) -> None:
    await client.save(NUMBERS)
    query = (
        "mutation ($i: CreateExecutionInput!) { createExecution(input: $i) { execution { id } } }"
    )
    variables = (
        f'{{"i": {{"namespace": "wrong", "flow": "numbers", "inputs": {{"n": [{number}]}}}}}}'
    )
    body = f'{{"query": "{query}", "variables": {variables}}}'
    answer = await _posted(served, body)
    (error,) = answer["errors"]
    assert error["message"].startswith(f"variables.i.inputs.n.0 is {number}, ")
    assert error["extensions"]["code"] == "BAD_REQUEST"
    if number != "NaN":
        literal = query.replace("($i: CreateExecutionInput!)", "").replace(
            "$i", f'{{namespace: \\"wrong\\", flow: \\"numbers\\", inputs: {{n: [{number}]}}}}'
        )
        (error,) = (await _posted(served, f'{{"query": "{literal}"}}'))["errors"]
        assert "n.0 is " in error["message"]
        assert error["locations"]
    found = await client.post('{ executions(search: "flow:numbers") { nodes { id } } }')
    assert found["executions"]["nodes"] == []


async def test_a_metric_is_a_finite_number(client: Client) -> None:
    begin = 'recordExecution(input: {namespace: "wrong", pipeline: "loss"}) { execution { id } }'
    id = (await client.post(f"mutation {{ {begin} }}"))["recordExecution"]["execution"]["id"]
    arguments = f'executionId: "{id}", metrics: [{{name: "loss", value: 1e999}}]'
    mutation = f"recordMetrics(input: {{{arguments}}}) {{ problems {{ code message path }} }}"
    (problem,) = (await client.post(f"mutation {{ {mutation} }}"))["recordMetrics"]["problems"]
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["value"])
    assert (
        problem["message"] == "value of loss is inf: a metric must be a finite number; leave it out"
    )
    found = await client.post("query ($id: ID!) { execution(id: $id) { metrics { name } } }", id=id)
    assert found["execution"]["metrics"] == []


async def _posted(served: Served, body: str) -> dict[str, Any]:
    async with httpx.AsyncClient() as http:
        headers = {
            "authorization": f"Bearer {served.token}",
            "content-type": "application/json",
            "accept": "application/json",
        }
        answer = await http.post(f"{served.url}/graphql", content=body, headers=headers)
    result: dict[str, Any] = answer.json()
    return result
