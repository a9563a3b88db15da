"""The section of the document to which a task belongs, through the API."""

from tests.api.client import Client

FLOW = """id: sections
namespace: sections
tasks:
  - id: each
    type: foreach
    items: [1]
    tasks:
      - {id: inner, type: log, message: "in it"}
errors:
  - {id: notify, type: log, message: failed}
finally:
  - {id: clean, type: log, message: cleaned}
"""
SECTIONS = """query ($id: ID!) { execution(id: $id) { taskRuns { key task { section } }
  revision { tasks { key section } } } }"""


async def test_each_task_has_its_section(client: Client) -> None:
    ended = await client.until_ended((await client.run(FLOW))["id"])
    found = (await client.post(SECTIONS, id=ended["id"]))["execution"]
    assert {one["key"]: one["task"]["section"] for one in found["taskRuns"]} == {
        "each": "TASKS",
        "each[0].inner": "TASKS",
        "notify": "ERRORS",
        "clean": "FINALLY",
    }
    assert found["revision"]["tasks"] == [{"key": "each", "section": "TASKS"}]
