"""Commands between parents and children that arrive late, twice, or after the receiver has continued."""

import pytest

from models.errors import Refused
from models.events.events import ENGINE, TaskError
from models.lifecycle.commands.commands import (
    Cancel,
    Finish,
    GiveUp,
    Pause,
    Prepare,
    Restart,
    Resume,
)
from models.lifecycle.commands.subflows import ChildEnded, ReportChildState, StopChild
from models.lifecycle.transition import Deferred
from models.states import AttemptState, VoteDecision
from tests.models.lifecycle.family import (
    MORE,
    WITH_APPROVAL,
    WORK,
    Family,
    at_work,
    family,
    submit,
    vote,
)

SUB = "tasks: [{id: sub, type: subflow, flow: leaf}]\n"
EACH = "tasks: [{{id: each, type: foreach, items: [1, 2], {}tasks: [{{id: s, type: subflow, flow: leaf}}]}}]\n"


def held_back(made: Family, kind: type) -> list[tuple[object, Deferred]]:
    """Removes the deferred commands of this kind, so that they run later; returns them."""
    found = [each for each in made.deferred_commands if isinstance(each[1].command, kind)]
    made.deferred_commands = [each for each in made.deferred_commands if each not in found]
    return list(found)


def failed_and_restarted(kind: type) -> tuple[Family, list[tuple[object, Deferred]]]:
    """Creates a parent that was restarted with its failed child, and a second copy of a command from before the
    restart."""
    made = Family({"top": SUB, "leaf": WORK})
    made.settle()
    made.work("leaf", "work")
    if kind is StopChild:
        made.submit(made.root, GiveUp("REVISION", "unreadable"), ENGINE)
    else:
        made.submit(made.one("leaf").id, Pause())
        made.submit(made.one("leaf").id, Resume())
    late = held_back(made, ReportChildState) if kind is ReportChildState else []
    if made.task("leaf", "work").lease:
        leaf = made.one("leaf").id
        lease = made.task("leaf", "work").lease
        assert lease
        made.submit(leaf, Finish("work", lease, AttemptState.FAILED, 1), ENGINE)
    late = late or [each for each in made.deferred_commands if isinstance(each[1].command, kind)]
    made.settle()
    assert made.one("top").ended and made.one("leaf").ended
    submit(made, Restart())
    assert made.task("top", "sub").child == made.one("leaf").id
    return made, late


@pytest.mark.parametrize("kind", [ChildEnded, ReportChildState, StopChild])
def test_reports_from_before_a_restart_are_ignored_after_it(kind: type) -> None:
    made, late = failed_and_restarted(kind)
    assert late
    before = (made.state("top"), made.state("leaf"), made.one("top").clock.held)
    made.deferred_commands += late  # type: ignore[arg-type]
    made.settle()
    assert (made.state("top"), made.state("leaf"), made.one("top").clock.held) == before


@pytest.mark.parametrize("error", [None, TaskError("EXPRESSION", "no")])
def test_settings_that_come_twice_start_no_second_child_and_end_none(
    error: TaskError | None,
) -> None:
    made = at_work(1)
    values: dict[str, object] | None = None if error else {"inputs": {}, "labels": {}}
    made.submit(made.root, Prepare("sub", 1, values, error), ENGINE)
    made.settle()
    assert len(made.of("leaf")) == 1
    assert (made.task("top", "sub").state, made.state("leaf")) == ("RUNNING", "RUNNING")


def test_items_that_come_twice_add_no_iteration() -> None:
    made = Family({"top": EACH.format(""), "leaf": WORK})
    made.settle()
    tasks = dict(made.one("top").tasks)
    made.submit(made.root, Prepare("each", 1, {"items": [1, 2]}), ENGINE)
    made.settle()
    assert made.one("top").tasks == tasks
    assert len(made.of("leaf")) == 2


def test_a_parents_clock_continues_when_a_waiting_child_ends() -> None:
    made = family(1, WITH_APPROVAL, "", "timeout: 10s\n", more=MORE)
    made.work("top", "extra")
    made.pass_time(100)
    vote(made, VoteDecision.APPROVE)
    made.pass_time(9)
    assert made.state("top") == "RUNNING"
    made.pass_time(2)
    assert made.state("top") == "FAILED_FINISHING"


@pytest.mark.parametrize("leaf", [WORK, WITH_APPROVAL])
def test_the_clock_of_a_foreach_stops_while_a_child_in_it_waits(leaf: str) -> None:
    made = Family({"top": EACH.format("timeout: 5s, "), "leaf": leaf})
    made.settle()
    children = [each.id for each in made.of("leaf")]
    if leaf == WORK:
        for id in children:
            made.submit(id, Pause())
    made.pass_time(100)
    assert made.task("top", "each").state == "RUNNING"
    if leaf == WORK:
        for id in children:
            made.submit(id, Resume())
        made.pass_time(4)
        assert made.task("top", "each").state == "RUNNING"
        made.pass_time(2)
        assert made.task("top", "each").state == "FAILED"
    assert made.folds()


def test_a_child_being_killed_ends_before_a_restarted_parent_continues_with_it() -> None:
    made = at_work(1)
    made.submit(made.root, GiveUp("REVISION", "unreadable"), ENGINE)
    made.settle()
    assert (made.state("top"), made.state("leaf")) == ("ERROR", "KILLING")
    submit(made, Restart())
    assert (made.task("top", "sub").state, made.task("top", "sub").child) == ("RUNNING", None)
    made.finish("leaf", "work", AttemptState.KILLED)
    made.pass_time(2)
    assert made.task("top", "sub").child == made.one("leaf").id
    assert made.state("leaf") == "RUNNING"


def test_a_retry_continues_with_a_child_restarted_meanwhile() -> None:
    made = at_work(1, "retry: {max_attempts: 2, delay: 10s}")
    made.finish("leaf", "work", AttemptState.FAILED)
    assert made.task("top", "sub").state == "RETRYING"
    leaf_id = made.one("leaf").id
    made.submit(leaf_id, Restart())
    made.pass_time(11)
    assert len(made.of("leaf")) == 1
    assert made.task("top", "sub").child == leaf_id


def test_a_child_that_was_left_running_ends_before_a_new_one_starts() -> None:
    made = Family(
        {"top": SUB.replace("flow: leaf", "flow: leaf, restart_child: new"), "leaf": WORK}
    )
    made.settle()
    made.work("leaf", "work")
    submit(made, Cancel(cascade=False))
    submit(made, Restart())
    made.pass_time(5)
    assert len(made.of("leaf")) == 1
    made.finish("leaf", "work", AttemptState.SUCCESS)
    made.pass_time(2)
    assert [each.state.value for each in made.of("leaf")] == ["SUCCESS", "RUNNING"]


@pytest.mark.parametrize(
    ("said", "ends"),
    [("", ("KILLED", "KILLED")), ("allow_failure: true, ", ("WARNING", "WARNING"))],
)
def test_a_foreach_with_a_child_cancelled_by_a_person_has_not_failed(
    said: str, ends: tuple[str, str]
) -> None:
    made = Family({"top": EACH.format(said), "leaf": WORK})
    made.settle()
    for each in list(made.of("leaf")):
        made.submit(each.id, Cancel())
    made.settle()
    assert (made.task("top", "each").state, made.state("top")) == ends
    assert made.one("top").failure is None


def test_a_childs_request_cancelled_by_timeout_is_a_failure_that_is_retried() -> None:
    leaf = 'tasks: [{id: ok, type: approval, message: "go?", timeout: 5s, on_timeout: CANCEL}]\n'
    made = family(1, leaf, "retry: {max_attempts: 2, delay: 1s}")
    made.pass_time(7)
    assert [each.state.value for each in made.of("leaf")] == ["KILLED", "WAITING_FOR_APPROVAL"]


def test_a_child_is_not_adopted_without_a_waiting_task() -> None:
    made = at_work(1)
    with pytest.raises(Refused):
        made._adopted(made.one("leaf").parent, made.one("top"))  # type: ignore[arg-type]
