"""A flow that a person may run but not see does not exist for them, also as the source of a new execution."""

from models.access.viewer import Permission
from models.ids import typed
from tests.schema.test_bulk import UNKNOWN, Asker, asker

__all__ = ["asker"]
CREATE = """mutation ($input: CreateExecutionInput!) { createExecution(input: $input) {
  execution { id } problems { code message path } } }"""


async def test_without_permission_to_view_nothing_is_rerun(asker: Asker) -> None:
    hidden = await asker.create("mine")
    before = await asker.states()
    only_run = frozenset({Permission.RUN_FLOW, Permission.LIST_FLOWS})
    answers = [
        await asker.post(
            CREATE, only_run, input={"namespace": "mine", "flow": "load", "rerunOf": source}
        )
        for source in (typed("exec", hidden), UNKNOWN)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["createExecution"]["problems"] == [
        {"code": "NOT_FOUND", "message": "no such execution", "path": ["rerunOf"]}
    ]
    assert await asker.states() == before
