"""Text from a document, a subflow's inputs and a command line arrives as it was written."""

import pytest

from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway

CHILD = """id: text-child   # PY: 3.10
namespace: text
labels: {py: 3.10, on: on}
inputs:
  - {id: day, type: STRING, default: 3.10}
  - {id: pick, type: SELECT, options: [3.10, 1e3], default: 1e3}
  - {id: many, type: ARRAY, item_type: STRING, default: [0.50, True]}
  - {id: share, type: FLOAT, default: 3.10}
tasks:
  - id: say
    type: shell
    env: {PY: 3.10, YES: yes, DAY: "{{ inputs.day }}", PICK: "{{ inputs.pick }}", ONE: 1_000, HEX: 0x1F, OCT: 012}
    run: echo "{\\"output\\":{\\"said\\":\\"$PY $YES $DAY $PICK $ONE $HEX $OCT\\"}}" >&"$HEADWAY_FD"
outputs: {said: "{{ outputs.say.said }}", many: "{{ inputs.many }}", share: "{{ inputs.share }}"}
"""
PARENT = """id: text-parent
namespace: text
tasks:
  - {id: own, type: subflow, flow: text-child}
  - {id: given, type: subflow, flow: text-child, inputs: {day: 2.0, pick: 3.10, many: [1.0], share: 2.50}}
"""
END = "query ($id: ID!) { execution(id: $id) { outputs labels { key value } revision { source } } }"


async def test_text_stays_as_it_is_written_from_the_document_to_the_task(client: Client) -> None:
    await client.save(CHILD)
    id = (await client.run(PARENT))["id"]
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    query = "query ($id: ID!) { execution(id: $id) { taskRuns { key outputs } } }"
    runs = (await client.post(query, id=id))["execution"]["taskRuns"]
    assert {run["key"]: run["outputs"] for run in runs} == {
        "own": {"said": "3.10 yes 3.10 1e3 1_000 0x1F 012", "many": ["0.50", "True"], "share": 3.1},
        "given": {"said": "3.10 yes 2.0 3.10 1_000 0x1F 012", "many": ["1.0"], "share": 2.5},
    }


async def test_a_default_has_the_id_that_the_execution_then_has(client: Client) -> None:
    at = 'id: at, type: STRING, default: "{{ inputs.base }}/{{ execution.id }}"'
    inputs = f"[{{{at}}}, {{id: base, type: STRING, default: s3}}]"
    source = f"id: text-own\nnamespace: text\ninputs: {inputs}\ntasks: [{{id: a, type: log, message: m}}]\n"
    execution = await client.run(source, idempotencyKey="text-own")
    assert execution["inputs"] == {"at": f"s3/{execution['id']}", "base": "s3"}
    again = await client.create("text/text-own", idempotencyKey="text-own")
    assert (again["id"], again["inputs"]) == (execution["id"], execution["inputs"])


@pytest.mark.parametrize("day", ["3.10", "null", "012"])
async def test_a_text_input_of_the_command_line_is_text(
    client: Client, served: Served, day: str
) -> None:
    await client.save(CHILD)
    code, output, errors = await headway(
        served, "run", "text/text-child", "-i", f"day={day}", "--label", f"day={day}"
    )
    assert (code, errors) == (0, "")
    id = output.strip()
    await client.until_ended(id)
    execution = (await client.post(END, id=id))["execution"]
    assert execution["outputs"]["said"] == f"3.10 yes {day} 1e3 1_000 0x1F 012"
    labels = {label["key"]: label["value"] for label in execution["labels"]}
    assert labels == {"py": "3.10", "on": "on", "day": day}
    assert execution["revision"]["source"] == CHILD
