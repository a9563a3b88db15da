"""What the command line prints: all details of an execution, and the fix for whatever it refuses."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api.client import Client, task
from tests.api.servers import Served
from tests.api.test_cli import headway
from tests.api.test_cli_actions import done, refused
from tests.api.test_recording import record

DETAILED = """id: details
namespace: details
tasks:
  - id: fit
    type: shell
    run: |
      printf '%s\\n' '{"output": {"rows": 1250}}' '{"property": {"lr": 0.1}}' >&"$HEADWAY_FD"
      for step in 1 2 3; do
        echo "{\\"metric\\": {\\"name\\": \\"loss\\", \\"value\\": 0.$step, \\"step\\": $step}}" >&"$HEADWAY_FD"
      done
      echo '{"git": {"commit": "a3f9e2b7", "branch": "main"}}' >&"$HEADWAY_FD"
      echo hello > model.pkl
    artifacts: [{path: model.pkl, type: Model}]
"""


async def test_show_prints_outputs_metrics_properties_git_and_artifacts(
    client: Client, served: Served
) -> None:
    id = (await client.run(DETAILED))["id"]
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    lines = [line.split() for line in (await done(served, "show", id)).splitlines()]
    assert ["properties", '{"lr":', "0.1}"] in lines
    assert ["git", "a3f9e2b7", "(main)"] in lines
    assert ["fit", '{"rows":', "1250,"] in [line[:3] for line in lines]
    assert ["loss", "0.3", "step", "3,", "3", "values", "fit"] in lines
    assert ["OUT", "model.pkl"] in [line[:2] for line in lines]
    details = json.loads(await done(served, "show", id, "--json"))
    assert [one["value"] for one in details["metrics"]] == [0.1, 0.2, 0.3]
    assert (details["properties"], details["git"]["commit"]) == ({"lr": 0.1}, "a3f9e2b7")
    assert details["artifacts"][0]["name"] == "model.pkl"
    assert details["taskRuns"][0]["outputs"]["rows"] == 1250


async def test_show_prints_an_external_run(client: Client, served: Served) -> None:
    id = (await record(client, "recorded-there", properties={"gpu": "T4"}, git={"commit": "beef"}))[
        "id"
    ]
    metric = {"name": "accuracy", "value": 0.97}
    await client.mutate("recordMetrics", executionId=id, metrics=[metric])
    used = {"uri": "s3://b/data.csv", "direction": "IN", "type": "Dataset"}
    await client.mutate("recordArtifacts", executionId=id, artifacts=[used])
    shown = await done(served, "show", id)
    for words in ('{"gpu": "T4"}', "beef", "accuracy", "0.97", "IN", "s3://b/data.csv"):
        assert words in shown
    lines = [line.split() for line in shown.splitlines()]
    (created,) = (line for line in lines if line[:1] == ["created"])
    assert created[3:] == ["recorded", "from", "elsewhere", "by", "admin"]
    assert ["started", *created[1:3]] in [
        [*line[:2], f"{line[2]},"] for line in lines if line[:1] == ["started"]
    ]
    assert not [line for line in lines if line[:1] == ["ended"]]
    await client.mutate("finishExecution", executionId=id, state="SUCCESS")
    lines = [line.split() for line in (await done(served, "show", id)).splitlines()]
    (ended,) = (line for line in lines if line[:1] == ["ended"])
    assert datetime.fromisoformat(" ".join(ended[1:])) <= datetime.now()


async def test_nothing_is_cut_where_no_terminal_has_a_width(client: Client, served: Served) -> None:
    cause = f"Error: {'no such bucket, ' * 20}and that is all"
    source = f"""id: wordy
namespace: details
tasks: [{{id: a, type: shell, run: "echo '{cause}' >&2; exit 3"}}]
"""
    id = (await client.until_ended((await client.run(source))["id"]))["id"]
    shown = (await done(served, "show", id)).splitlines()
    assert [line.lstrip()[:1] for line in shown if cause in line] == ["a", "a"]
    assert not [line for line in shown if line != line.rstrip()]


async def test_show_prints_a_correction_and_it_is_the_failure(
    client: Client, served: Served
) -> None:
    source = "id: corrected\nnamespace: details\ntasks: [{id: a, type: log, message: a}]\n"
    id = (await client.until_ended((await client.run(source))["id"]))["id"]
    assert "is FAILED" in await done(served, "change-state", id, "failed", "--reason", "data wrong")
    shown = await done(served, "show", id)
    assert "changed from SUCCESS to FAILED by admin, " in shown and ": data wrong" in shown
    failure = json.loads(await done(served, "show", id, "--json"))["failure"]
    assert (failure["code"], failure["message"]) == (
        "CHANGE_STATE",
        "set from SUCCESS to FAILED by admin: data wrong",
    )
    await done(served, "change-state", id, "warning", "--reason", "not so bad")
    details = json.loads(await done(served, "show", id, "--json"))
    assert details["failure"] is None
    assert "changed from FAILED to WARNING by admin" in await done(served, "show", id)


async def test_a_rejection_that_skips_is_printed_with_actor_and_reason(
    client: Client, served: Served
) -> None:
    source = """id: skips
namespace: details
tasks:
  - {id: ok, type: approval, message: go, on_reject: SKIP_DOWNSTREAM}
  - {id: after, type: log, needs: [ok], message: a}
"""
    id = (await client.run(source))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    await done(served, "reject", id, "--comment", "not today")
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    assert "rejected by admin: not today" in await done(served, "show", id)
    errors = await refused(served, "approve", id, "--comment", "late")
    assert errors.startswith("error: too late: ok 'go' is REJECTED since ")
    assert errors.endswith("; REJECT by admin (not today)\n")


async def test_a_wait_that_is_over_no_longer_waits(client: Client, served: Served) -> None:
    source = "id: waited\nnamespace: details\ntasks: [{id: w, type: wait, event: go}]\n"
    id = (await client.run(source))["id"]
    await client.until(id, w="RUNNING")
    await done(served, "send-event", "go", "--execution", id)
    assert task(await client.until_ended(id), "w")["state"] == "SUCCESS"
    shown = await done(served, "show", id)
    assert "waited for the event go" in shown and "waits for" not in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ls", "--state", "runing"), "no state 'runing'; did you mean running?\n"),
        (("ls", "--order", "age"), "no order 'age'; there are: created, started, "),
        (("ls", "--since", "soon"), "'soon' is not a valid time; write a date such as 2026-01-31"),
        (("change-state", "ID", "bogus", "--reason", "x"), "change to 'bogus'; there are: success, warning, "),
        (("change-task-state", "ID", "a", "no", "--reason", "x"), "there are: success, warning, failed, skipped"),
        (("logs", "ID", "--level", "loud"), "no level 'loud'; there are: trace, debug, info, warn, error"),
        (("bulk", "frob", "--kind", "x"), "no bulk action 'frob'; there are: cancel, pause, resume, "),
        (("bulk", "prepare", "--kind", "x"), "no bulk action 'prepare'"),
        (("bulk", "cancel", "--where-state", "nope"), "no state 'nope'"),
        (("set-labels", "ID", "a=b", "--mode", "add"), "no mode 'add'; there are: merge, replace, remove"),
        (("run", "a/b", "--on-failure", "panic"), "no failure action 'panic'; there are: finish-running, "),
        (("audit", "--action", "cancell"), "entries 'cancell'; did you mean cancel?\n"),
        (("show", "exec_foo"), "no execution exec_foo"),
    ],
)  # fmt: skip
async def test_a_wrong_word_is_answered_with_the_right_ones(
    client: Client, served: Served, arguments: tuple[str, ...], words: str
) -> None:
    source = "id: worded\nnamespace: details\ntasks: [{id: a, type: log, message: a}]\n"
    id = (await client.until_ended((await client.run(source))["id"]))["id"]
    await done(served, "set-labels", id, "team=data")
    await done(
        served,
        "cancel",
        (await client.create("details/worded", scheduledAt="2100-01-01T00:00:00Z"))["id"],
    )
    errors = await refused(served, *(id if one == "ID" else one for one in arguments))
    assert errors.startswith("error: ") and words in errors
    assert "enum" not in errors and errors.count("\n") == 1


async def test_the_list_by_qualified_flow_times_and_archive(client: Client, served: Served) -> None:
    source = "id: dated\nnamespace: {namespace}\ntasks: [{{id: a, type: log, message: a}}]\n"
    ids = [
        (await client.until_ended((await client.run(source.format(namespace=namespace)))["id"]))[
            "id"
        ]
        for namespace in ("details.one", "details.two")
    ]

    async def listed(*options: str) -> list[str]:
        output = await done(served, "ls", "--json", *options)
        return [one["id"] for one in json.loads(output)]

    today = f"{datetime.now().astimezone():%Y-%m-%d}"
    tomorrow = f"{datetime.now().astimezone() + timedelta(days=1):%Y-%m-%d}"
    assert await listed("--flow", "dated") == ids[::-1]
    assert await listed("--flow", "details.one/dated") == ids[:1]
    assert await listed("--flow", "dated", "--since", today, "--until", today) == ids[::-1]
    assert await listed("--flow", "dated", "--since", tomorrow) == []
    now = datetime.now(UTC).isoformat()
    assert await listed("--flow", "dated", "--until", now) == ids[::-1]
    await done(served, "archive", ids[0])
    assert await listed("--flow", "dated") == ids[1:]
    assert await listed("--flow", "dated", "--archived") == ids[:1]
    assert await listed("--flow", "dated", "--state", "completed") == ids[1:]


async def test_bulk_does_nothing_where_nothing_would_be_done(
    client: Client, served: Served
) -> None:
    source = "id: idle\nnamespace: details\ntasks: [{id: a, type: log, message: a}]\n"
    id = (await client.until_ended((await client.run(source))["id"]))["id"]
    before = await client.show(id)
    code, output, errors = await headway(served, "bulk", "approve", id)
    assert (code, errors) == (1, "error: nothing was changed: the action applies to none of them\n")
    assert output.startswith("APPROVE: applies to 0 of 1")
    assert await client.show(id) == before
    code, output, _ = await headway(served, "bulk", "note", id, "--text", "seen", "--yes")
    assert (code, output.splitlines()[-1]) == (0, "done: 1 done, 0 refused, 0 left")


async def test_labels_are_removed_by_their_keys(client: Client, served: Served) -> None:
    labels = "labels: {team: data, tier: gold}\n"
    source = (
        f"id: labelled\nnamespace: details\n{labels}tasks: [{{id: a, type: log, message: a}}]\n"
    )
    id = (await client.until_ended((await client.run(source))["id"]))["id"]
    await done(served, "set-labels", id, "team", "--mode", "remove")
    assert (await client.show(id))["labels"] == [{"key": "tier", "value": "gold"}]
    errors = await refused(served, "set-labels", id, "team")
    assert "'team' is not of the form name=value" in errors


async def test_a_path_for_a_file_names_how_to_upload_it(
    client: Client, served: Served, tmp_path: Path
) -> None:
    await client.save(
        "id: filed\nnamespace: details\ninputs: [{id: f, type: FILE}, {id: s, type: STRING}]\n"
        "tasks: [{id: a, type: log, message: a}]\n"
    )
    (tmp_path / "data.csv").write_text("a\n")
    path = str(tmp_path / "data.csv")
    errors = await refused(served, "run", "details/filed", "-i", f"f={path}")
    assert errors == f"error: f is a FILE; use -i f=@{path} to upload one\n"
    await done(served, "run", "details/filed", "-i", f"f=@{path}", "-i", f"s={path}")


async def test_an_action_refused_for_a_task_is_not_suggested_again(
    client: Client, served: Served
) -> None:
    source = """id: offered
namespace: details
tasks:
  - {id: a, type: log, message: a}
  - {id: w, type: wait, event: never}
"""
    id = (await client.run(source))["id"]
    await client.until(id, a="SUCCESS", w="RUNNING")
    errors = await refused(served, "change-task-state", id, "w", "failed", "--reason", "x")
    assert "this one is RUNNING" in errors.splitlines()[0]
    assert "possible now: " in errors and "change-task-state" not in errors.splitlines()[1]
    await done(served, "cancel", id)


async def test_a_restart_can_be_followed(client: Client, served: Served, tmp_path: Path) -> None:
    go = tmp_path / "go"
    source = (
        f"id: again\nnamespace: details\ntasks: [{{id: a, type: shell, run: 'test -e {go}'}}]\n"
    )
    id = (await client.until_ended((await client.run(source))["id"]))["id"]
    code, output, _ = await headway(served, "restart", id, "-f")
    assert (code, output.splitlines()[-1].split()[-1]) == (1, "FAILED")
    go.touch()
    code, output, _ = await headway(served, "restart", id, "-f")
    assert code == 0 and "ended SUCCESS" in output


async def test_a_disabled_flow_names_how_it_is_enabled(client: Client, served: Served) -> None:
    await client.save("id: off\nnamespace: details\ntasks: [{id: a, type: log, message: a}]\n")
    await done(served, "flows", "disable", "details/off")
    errors = await refused(served, "run", "details/off")
    assert "disabled; enable it first: `headway flows enable details/off`" in errors
    await done(served, "flows", "enable", "details/off")
    await done(served, "run", "details/off")
