"""Attacks by people who see only `acme.a`, on flows of `acme.b`: executions that they start cannot reach hidden
flows."""

from typing import Any, Final
from uuid import UUID

import pytest

from models.access.viewer import EVERYWHERE, Scope
from models.ids import typed
from models.states import ExecutionState
from tests.scopes.stage import MARK, OURS, Stage, exec_id

SECRET: Final = f"""
id: vault
namespace: acme.b
tasks: [{{id: t, type: log, message: {MARK}}}]
outputs: {{key: {MARK}}}
"""
BELOW: Final = "id: below\nnamespace: acme.a.x\ntasks: [{id: t, type: log, message: a}]\n"


def thief(of: str = "acme.b/vault", more: str = "", id: str = "thief") -> str:
    namespace, flow = of.split("/")
    return f"""
id: {id}
namespace: acme.a
{more}
tasks: [{{id: sub, type: subflow, namespace: {namespace}, flow: {flow}}}]
outputs: {{stolen: "{{{{ outputs.sub }}}}"}}
"""


@pytest.fixture
async def theirs(stage: Stage) -> Stage:
    await stage.save(SECRET)
    return stage


async def assert_stopped(stage: Stage, id: UUID, flow: str = "acme.b/vault") -> None:
    """Checks that the flow did not exist for the execution, and that nothing of it ran."""
    execution = await stage.floor.look(id)
    assert execution.state is ExecutionState.ERROR
    error = execution.tasks["sub"].error
    message = f"{flow} cannot start: no flow {flow}; save it, or list the existing ones: `headway flows list`"
    assert error and (error.code, error.message, error.below) == ("SUBFLOW", message, None)
    assert await stage.ran("acme.b") == 0


async def test_an_execution_reaches_as_far_as_its_creator(theirs: Stage) -> None:
    await theirs.save(thief())  # by people with access
    id = await theirs.ended("acme.a/thief", OURS)
    await assert_stopped(theirs, id)
    hidden = (await theirs.floor.look(id)).failure
    await theirs.save(thief("acme.b/nothing", id="lost"))
    lost = (await theirs.floor.look(await theirs.ended("acme.a/lost", OURS))).failure
    assert hidden and lost
    assert hidden.message.replace("vault", "nothing") == lost.message


async def test_a_document_reaches_as_far_as_its_author(theirs: Stage) -> None:
    await theirs.save(thief(), OURS)
    await assert_stopped(theirs, await theirs.ended("acme.a/thief"))


async def test_a_trial_reaches_no_further(theirs: Stage) -> None:
    answer = await theirs.mutate("runTest", scope=OURS, source=thief())
    await assert_stopped(theirs, await theirs.made(answer))


async def test_saving_a_flow_gives_it_the_reach_of_its_author(theirs: Stage) -> None:
    await theirs.save(thief(), OURS)
    await theirs.save(thief())
    id = await theirs.ended("acme.a/thief")
    assert (await theirs.floor.look(id)).state is ExecutionState.SUCCESS
    await theirs.save(thief(), OURS)  # takes nothing away
    assert (await theirs.floor.look(await theirs.ended("acme.a/thief"))).state.value == "SUCCESS"
    revisions = await theirs.pool.fetchval("select count(*) from revisions")
    assert revisions == 2


async def test_subflows_within_reach_run(theirs: Stage) -> None:
    await theirs.save(BELOW, OURS)
    await theirs.save(thief("acme.a.x/below"), OURS)
    id = await theirs.ended("acme.a/thief", OURS)
    execution = await theirs.floor.look(id)
    assert execution.state is ExecutionState.SUCCESS
    assert execution.scope == OURS
    child = await theirs.floor.look(await theirs.child_of(id))
    assert child.scope == OURS


async def test_children_of_children_reach_no_further(theirs: Stage) -> None:
    middle = thief().replace("acme.a\n", "acme.a.x\n").replace("id: thief", "id: middle")
    await theirs.save(middle)
    await theirs.save(thief("acme.a.x/middle"))
    id = await theirs.ended("acme.a/thief", OURS)
    await assert_stopped(theirs, await theirs.child_of(id))


async def test_a_schedule_reaches_as_far_as_its_author(theirs: Stage) -> None:
    await theirs.save(thief())
    cron: dict[str, Any] = {
        "namespace": "acme.a",
        "flow": "thief",
        "key": "often",
        "cron": "0 0 1 1 *",
    }
    saved = await theirs.mutate("saveSchedule", "schedule { id }", OURS, **cron)
    ticked = await tick(theirs, saved["schedule"]["id"])
    await assert_stopped(theirs, ticked)
    again = await theirs.mutate("saveSchedule", "schedule { id }", **cron)
    ticked = await tick(theirs, again["schedule"]["id"], year=2024)
    assert (await theirs.floor.look(ticked)).state is ExecutionState.SUCCESS


async def test_the_schedules_of_a_document_reach_as_far_as_its_author(theirs: Stage) -> None:
    triggers = 'triggers: [{id: often, type: schedule, cron: "0 0 1 1 *"}]'
    await theirs.save(thief(more=triggers), OURS)
    await assert_stopped(theirs, await tick(theirs, await only_schedule(theirs)))


async def test_a_new_revision_does_not_borrow_the_scope_of_a_schedule(theirs: Stage) -> None:
    await theirs.save(BELOW)
    await theirs.save(thief("acme.a.x/below"))
    cron: dict[str, Any] = {
        "namespace": "acme.a",
        "flow": "thief",
        "key": "often",
        "cron": "0 0 1 1 *",
    }
    saved = await theirs.mutate("saveSchedule", "schedule { id }", **cron)
    await theirs.save(thief(), OURS)
    await assert_stopped(theirs, await tick(theirs, saved["schedule"]["id"]))


async def test_a_backfill_reaches_as_far_as_its_requester(theirs: Stage) -> None:
    await theirs.save(thief(more='triggers: [{id: often, type: schedule, cron: "0 0 1 1 *"}]'))
    await assert_stopped(theirs, await tick(theirs, await only_schedule(theirs), OURS))


async def tick(stage: Stage, schedule: str, scope: Scope = EVERYWHERE, year: int = 2023) -> UUID:
    """Returns the execution of a past tick."""
    answer = await stage.mutate(
        "backfillSchedule",
        "ticks { execution { id } }",
        scope,
        **{"id": schedule, "from": f"{year}-01-01T00:00:00Z", "to": f"{year}-01-02T00:00:00Z"},
    )
    (ticked,) = answer["ticks"]
    return await stage.made({"problems": answer["problems"], **ticked})


async def only_schedule(stage: Stage) -> str:
    return typed("sched", await stage.pool.fetchval("select id from schedules"))


REPLAYS: Final = {"same": {}, "latest": {"revision": "LATEST"}}


@pytest.mark.parametrize("how", REPLAYS)
async def test_a_replay_reaches_as_far_as_source_and_asker(theirs: Stage, how: str) -> None:
    await theirs.save(thief())
    source = await theirs.ended("acme.a/thief")
    assert await theirs.ran("acme.b") == 1
    await theirs.pool.execute("delete from executions where namespace = 'acme.b'")
    arguments: dict[str, Any] = {"id": exec_id(source), **REPLAYS[how]}
    replayed = await theirs.made(await theirs.mutate("replayExecution", scope=OURS, **arguments))
    await assert_stopped(theirs, replayed)
    again = await theirs.made(
        await theirs.mutate("replayExecution", **{**arguments, "id": exec_id(replayed)})
    )
    await assert_stopped(theirs, again)


async def test_a_rerun_reaches_as_far_as_source_and_asker(theirs: Stage) -> None:
    await theirs.save(thief())
    source = await theirs.ended("acme.a/thief", OURS)
    again = await theirs.ended("acme.a/thief", rerunOf=exec_id(source))
    await assert_stopped(theirs, again)


async def test_a_bulk_replay_reaches_as_far_as_its_requester(theirs: Stage) -> None:
    await theirs.save(thief())
    source = await theirs.ended("acme.a/thief")
    await theirs.pool.execute("delete from executions where namespace = 'acme.b'")
    for mode in ("EACH", "ATOMIC"):
        preview = await theirs.preview("REPLAY", ids=[exec_id(source)], scope=OURS)
        ran = await theirs.run_bulk(preview["preview"]["id"], mode)
        assert ran["problems"] == []
        await theirs.until_ended(ran["bulk"]["id"])
        newest = "select id from executions where replay_of = $1 order by id desc limit 1"
        replayed = await theirs.pool.fetchval(newest, source)
        await theirs.floor.until_ended(replayed)
        await assert_stopped(theirs, replayed)


READS_IT: Final = """
id: thief
namespace: acme.a
tasks:
  - {id: sub, type: subflow, namespace: acme.b, flow: vault}
  - {id: loot, type: log, message: "{{ outputs.sub.key }}", needs: [sub]}
"""
REUSES_LOOT: Final[dict[str, Any]] = {
    "replayExecution": {"fromTask": "loot", "revision": "LATEST"},
    "createExecution": {"disabledTasks": ["sub"]},
}


@pytest.mark.parametrize("name", REUSES_LOOT)
async def test_another_revision_gets_no_outputs_from_outside(theirs: Stage, name: str) -> None:
    await theirs.save(thief())
    source = exec_id(await theirs.ended("acme.a/thief"))
    await theirs.save(READS_IT, OURS)
    before = await theirs.ran("acme.a")
    arguments = dict(REUSES_LOOT[name])
    if name == "createExecution":
        arguments |= {"namespace": "acme.a", "flow": "thief", "rerunOf": source}
    else:
        arguments |= {"id": source}
    refused = await theirs.mutate(name, "execution { id }", OURS, **arguments)
    (problem,) = refused["problems"]
    assert problem["code"] == "VALIDATION"
    assert "has outputs of a flow that does not exist for this execution" in problem["message"]
    assert await theirs.ran("acme.a") == before
    await theirs.save(READS_IT)  # saved by people who see both
    allowed = await theirs.mutate(name, "execution { id }", **arguments)
    assert allowed["problems"] == []
