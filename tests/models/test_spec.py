from typing import Any

import pytest
from pydantic import ValidationError

from models.errors import ProblemCode, Refused
from models.graph import Graph
from models.spec import (
    ApprovalTask,
    Backoff,
    FlowSpec,
    HttpTask,
    LogLevel,
    LogTask,
    PythonTask,
    ShellTask,
    WaitTask,
    flow_json_schema,
    parse_flow,
)
from models.states import AttemptState, CommentRule, FailureAction, OnWorkerLost

FLOW = """\
id: nightly-orders
namespace: acme.data
kind: etl
description: Loads yesterday's orders.
labels: {team: data, tier: gold}
inputs:
  - {id: day, type: DATE, required: true}
  - {id: batch_size, type: INT, default: 500, min: 1, max: 10000}
  - {id: region, type: SELECT, options: [eu, us], default: eu}
on_failure: CANCEL_ALL
tasks:
  - id: extract
    type: shell
    run: |
      python extract.py --day {{ inputs.day }} --out orders.csv
      echo '{"output": {"rows": 1250}}' >&"$HEADWAY_FD"
    env: {REGION: "{{ inputs.region }}", N: 5, YES: true}
    timeout: 10m
    retry: {max_attempts: 3, backoff: exponential, delay: 5s, max_delay: 1m, jitter: true, on: [LOST]}
    on_worker_lost: fail
    artifacts: [{path: orders.csv, type: Dataset}]
  - id: approve
    type: approval
    needs: [extract]
    message: "Load {{ outputs.extract.rows }} rows?"
    roles: [approver]
    comment: on_reject
  - id: load
    type: python
    needs: [approve]
    call: acme.load:main
    args: {path: "{{ outputs.extract.artifacts['orders.csv'].uri }}", batch: "{{ inputs.batch_size }}"}
    interpreter: /opt/acme/venv/bin/python
    queue: heavy
  - {id: pause, type: wait, duration: 1h30m}
  - {id: later, type: wait, until: "{{ inputs.day }}T08:00:00Z"}
  - {id: call, type: http, method: post, url: "https://x/{{ inputs.day }}", json: {a: 1},
     expect_status: [200, 4xx]}
  - {id: say, type: log, message: hello, level: WARN}
  - {id: give, type: return, needs: [load], outputs: {n: "{{ outputs.load.n }}"}}
  - {id: end, type: fail, disabled: true, message: no}
outputs:
  rows: "{{ outputs.extract.rows }}"
"""


def problems(source: str) -> list[tuple[ProblemCode, int | None, int | None, str, str]]:
    with pytest.raises(Refused) as refused:
        parse_flow(source)
    return [(p.code, p.line, p.column, ".".join(p.path), p.message) for p in refused.value.problems]


def task(text: str) -> str:
    return f"id: f\nnamespace: a\ntasks:\n  - {text}\n"


def test_the_whole_language() -> None:
    flow = parse_flow(FLOW)
    assert (flow.id, flow.namespace, flow.kind) == ("nightly-orders", "acme.data", "etl")
    assert flow.on_failure is FailureAction.CANCEL_ALL
    assert flow.labels == {"team": "data", "tier": "gold"}
    assert [spec.id for spec in flow.inputs] == ["day", "batch_size", "region"]
    extract, approve, load, pause, later, call, say, *_ = flow.tasks
    assert isinstance(extract, ShellTask)
    assert extract.run.endswith('>&"$HEADWAY_FD"\n')
    assert extract.env == {"REGION": "{{ inputs.region }}", "N": "5", "YES": "true"}
    assert extract.on_worker_lost is OnWorkerLost.FAIL
    assert (extract.timeout, extract.kill_grace, extract.queue) == (600.0, 10.0, "default")
    assert extract.retry is not None
    assert extract.retry.backoff is Backoff.EXPONENTIAL
    assert (extract.retry.delay, extract.retry.max_delay) == (5.0, 60.0)
    assert AttemptState.LOST.value in extract.retry.on
    assert len(extract.retry.on) == 1
    assert [(a.path, a.type) for a in extract.artifacts] == [("orders.csv", "Dataset")]
    assert isinstance(approve, ApprovalTask)
    assert (approve.comment, approve.roles, approve.required) == (
        CommentRule.ON_REJECT,
        ("approver",),
        1,
    )
    assert isinstance(load, PythonTask)
    assert (load.call, load.script, load.queue) == ("acme.load:main", None, "heavy")
    assert isinstance(pause, WaitTask) and pause.duration == 5400.0
    assert isinstance(later, WaitTask) and later.until == "{{ inputs.day }}T08:00:00Z"
    assert isinstance(call, HttpTask) and call.json_body == {"a": 1}
    assert [call.accepts(status) for status in (200, 201, 404, 500)] == [True, False, True, False]
    assert isinstance(say, LogTask) and say.level is LogLevel.WARN
    assert Graph.of({each.id: each.needs for each in flow.tasks}).upstream("give") == {
        "load",
        "approve",
        "extract",
    }


@pytest.mark.parametrize(
    "tasks", ["{id: a, type: approval, roles: [operator]}", "{id: a, type: subflow, flow: f}"]
)
def test_a_revision_from_before_a_rule_can_still_be_read(tasks: str) -> None:
    with pytest.raises(Refused):
        parse_flow(task(tasks))
    assert parse_flow(task(tasks), saved=True).id == "f"


def test_a_flow_may_start_itself_under_a_condition() -> None:
    assert parse_flow(task('{id: a, type: subflow, flow: f, when: "{{ labels.more }}"}')).id == "f"
    assert parse_flow(task("{id: a, type: subflow, flow: f, namespace: other}")).id == "f"


def test_a_flow_cannot_be_changed() -> None:
    flow = parse_flow(FLOW)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(flow, "id", "other")  # noqa: B010 - mypy knows that it is frozen


def test_the_source_of_a_task_is_its_text() -> None:
    flow = parse_flow(FLOW)
    assert flow.source_of("approve") == (
        "id: approve\ntype: approval\nneeds: [extract]\n"
        'message: "Load {{ outputs.extract.rows }} rows?"\nroles: [approver]\ncomment: on_reject'
    )
    assert flow.source_of("pause") == "{id: pause, type: wait, duration: 1h30m}"


def test_everything_wrong_at_once_each_with_its_place() -> None:
    wrong = (
        FLOW.replace("on_failure: CANCEL_ALL", "on_failur: x\nconcurrency: {limit: 0}\nalerts: []")
        .replace("inputs.region }}", "inputs.regoin }}")
        .replace("delay: 5s", "delay: soon, dlay: 3")
        .replace("needs: [approve]", "needs: [aprove]\n    tiemout: 3")
        .replace("--day {{ inputs.day }}", '--day "{{ inputs.day }}" {{ foo }}')
        .replace("type: fail", "type: fial")
    )
    assert [" ".join(map(str, problem)) for problem in problems(wrong)] == WRONG


WRONG = """\
VALIDATION 10 1 on_failur `on_failur` is not a key of a flow; did you mean `on_failure`?
VALIDATION 11 15 concurrency.limit must be at least 1
NOT_YET 12 1 alerts `alerts` is part of the flow language but not built yet; remove it
VALIDATION 17 32 tasks.0.run an expression inside double quotes is not protected by quoting; \
give the value to the script through `env:` and write "$NAME" here
VALIDATION 17 53 tasks.0.run `foo` is not a name that expressions can use; \
there are: flow, outputs, execution, env, inputs, labels, secrets, task, trigger
VALIDATION 19 23 tasks.0.env.REGION there is no input `regoin`; did you mean `region`?
VALIDATION 21 52 tasks.0.retry.delay must be a duration such as 10s, 5m, 1h30m or PT5M28S, got 'soon'
VALIDATION 21 65 tasks.0.retry.dlay `dlay` is not a key of `retry`; did you mean `delay`?
VALIDATION 32 13 tasks.2.needs.0 there is no task `aprove`; did you mean `approve`?
VALIDATION 33 5 tasks.2.tiemout `tiemout` is not a key of a task of type python; did you mean `timeout`?
VALIDATION 44 5 tasks.8 there is no task type `fial`; \
there are: shell, python, http, sql, log, return, fail, wait, approval, subflow, foreach
""".splitlines()


LOG = "{id: a, type: log, message: m}"
NOT_YET = [f"{FLOW}alerts: 1\n"]


@pytest.mark.parametrize("source", NOT_YET)
def test_unimplemented_features_are_refused_by_name(source: str) -> None:
    ((code, line, column, _, message),) = problems(source)
    assert code is ProblemCode.NOT_YET
    assert line and column
    assert "not built yet" in message or "are not built" in message


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        ("", 1, 1, "the flow is empty"),
        ("- a", 1, 1, "a flow is a mapping"),
        ("a: [", 1, 5, "not valid YAML"),
        ("a: \x07", 1, 1, "not valid YAML"),
        ("id: a\nid: b\n", 2, 1, "the key `id` is repeated"),
        ("1: a\n", 1, 1, "put '1' in quotes"),
        ("url: {{ x }}\n", 1, 7, 'put the expression in quotes: "{{ ... }}"'),
        ("? [a]\n: b\n", 1, 3, "a key must be text"),
        ("<<: {a: b}\n", 1, 1, "merge keys"),
        ("a: !!python/object:os.system x\n", 1, 4, "tags such as"),
        ("a: *b\n", 1, 4, "no anchor `&b`"),
        ("a: &a [*a]\n", 1, 8, "no anchor `&a`"),
        ("id: a\n---\nid: b\n", 2, 1, "a text may hold one flow"),
        ("a: " + "[" * 30 + "]" * 30, 1, 23, "nested more than 20 levels deep"),
        ("a: " + "[" * 5000, 1, None, ""),
        ("a: [" + "b," * 60_000 + "]", 1, None, "at most 50000 values"),
    ],
)
def test_invalid_documents(source: str, line: int, column: int | None, words: str) -> None:
    found = next(each for each in problems(source) if words in each[4])
    assert found[1] == line
    assert column is None or found[2] == column


def test_an_alias_bomb_is_refused() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for i in range(1, 9):
        rows.append(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]")
    assert "at most 50000 values" in problems("\n".join(rows))[0][4]


def test_more_than_a_mebibyte() -> None:
    assert problems("a: " + "x" * 2**20)[0][0] is ProblemCode.PAYLOAD_TOO_LARGE


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (task("{id: a_b-c, type: shell}"), "`run` is missing"),
        (task("{id: A, type: log, message: m}"), "must be 1 to 100 of a-z 0-9 _ -"),
        (task("{id: a, message: m}"), "`type` is missing; it is one of shell, python"),
        (task("a"), "must be a mapping"),
        (task("{id: a, type: python}"), "either `script` or `call`"),
        (task("{id: a, type: python, call: 'no'}"), "must match ^[A-Za-z_]"),
        (task("{id: a, type: wait}"), "one of `duration`, `until` and `event`"),
        (task("{id: a, type: wait, duration: 1s, event: e}"), "one of `duration`, `until` and `event`"),
        (task("{id: a, type: log, message: m, when: 1}"), "true, false or an expression"),
        (task("{id: a, type: log, message: m, run_if: never}"), "must be one of success, failed, always"),
        (task("{id: a, type: log, message: m, run_if: failed}"), "needs other tasks; list in `needs`"),
        (task("{id: a, type: log, message: m, cache: {key: a}}"), "`ttl` is missing"),
        (task("{id: a, type: log, message: '{{ item }}'}"), "used in the tasks of a foreach only"),
        (task("{id: a, type: foreach, items: [1]}"), "`tasks` is missing"),
        (task("{id: a, type: foreach, items: [1], tasks: [{id: a, type: log, message: m}]}"), "another task `a`"),
        (task("{id: a, type: foreach, items: [1], tasks: [{id: b, type: log, needs: [c]}]}"), "no task `c`"),
        (task("{id: a, type: foreach, items: [1], max_parallel: 0, tasks: []}"), "must be at least 1"),
        (task("{id: a, type: subflow}"), "`flow` is missing"),
        (task("{id: a, type: approval, groups: [{name: x}]}"), "names `users` or `roles`"),
        (task("{id: a, type: approval, groups: [{name: x, roles: [admin]}], required: 2}"), "leave out `users`"),
        (task("{id: a, type: approval, on_timeout: ESCALATE}"), "needs `timeout` and `escalate"),
        (task("{id: a, type: approval, escalate: {roles: [admin]}}"), "`escalate` needs `after`"),
        (task("{id: a, type: approval, remind_every: 0.1}"), "at least 1 s"),
        (task("{id: a, type: approval, roles: [operator]}"), "`operator` may not approve; roles that may approve: "),
        (task("{id: a, type: approval, groups: [{name: x, roles: [operatr]}]}"), "there is no role `operatr`"),
        (task("{id: a, type: approval, escalate: {after: 1s, roles: [viewer]}}"), "the role `viewer` may not approve"),
        (task("{id: a, type: subflow, flow: f}"), "start itself without end; give the task a `when`"),
        (task("{id: a, type: subflow, flow: f, namespace: a}"), "start itself without end"),
        (task("{id: a, type: approval, form: [{id: x, type: NO}]}"), "must be one of STRING"),
        (task("{id: a, type: log, message: m}") + "concurrency: {limit: 1, behavior: WAIT}", "must be one of QUEUE"),
        (task("{id: a, type: log, message: m}") + "concurrency: {limit: 0}", "must be at least 1"),
        (task("{id: a, type: log, message: m, retry: {max_attempts: 5000}}"), "must be at most 1000"),
        (task("{id: a, type: log, message: m, retry: {max_attempts: 1.5}}"), "must be a whole number"),
        (task("{id: a, type: log, message: m}") + "on_timeout: PANIC", "must be one of FAIL, CANCEL"),
        (task("{id: a, type: log, message: m}") + "finally: [{id: a, type: log, message: m}]", "another task `a`"),
        (task("{id: a, type: log, message: m}") + "errors: [{id: b, type: log, needs: [a]}]", "no task `a`"),
        (task("{id: a, type: wait, until: tomorrow}"), "a time with its zone"),
        (task("{id: a, type: http, url: u, json: 1, body: b}"), "either `json` or `body`"),
        (task("{id: a, type: http, url: u, expect_status: 9}"), "must be statuses such as 200"),
        (task("{id: a, type: log, message: m, retry: {max_attempts: 0}}"), "must be at least 1"),
        (task("{id: a, type: log, message: m, retry: {max_attempts: 2, backoff: EXP}}"), "one of constant, linear"),
        (task("{id: a, type: log, message: m, disabled: 'yes'}"), "must be true or false"),
        (task("{id: a, type: log, message: m, needs: b}"), "must be a list"),
        (task("{id: a, type: log, message: m, needs: [a]}"), "a cycle: a -> a"),
        (task("{id: a, type: log, message: m, env: {A-B: c}}"), "not a valid name of an environment variable"),
        (task("{id: a, type: log, message: m, env: {HEADWAY_X: c}}"), "are set by Headway only"),
        (task("{id: a, type: log, message: m, queue: '{{ inputs.q }}'}"), "`queue` takes no expression"),
        (task("{id: a, type: log, message: '{{ outputs.a.x }}'}"), "no outputs before it has run"),
        (task(LOG + "\n  - {id: b, type: log, message: '{{ outputs.a.x }}'}"), "add `a` to its `needs`"),
        (task("{id: a-c, type: fail}\n  - {id: b, type: log, message: '{{ outputs.a-c.x }}'}"), "write outputs['a-c']"),
        (task("{id: a, type: log, message: m}\n  - {id: a, type: log, message: m}"), "another task `a`"),
        (task("{id: a, type: python, script: 'print({{ inputs }})'}"), "inside a Python `script`"),
        (task("{id: a, type: shell, interpreter: ruby, run: 'puts {{ execution.id }}'}"), "of this interpreter"),
        (task("{id: a, type: shell, interpreter: '{{ flow.id }}', run: ls}"), "`interpreter` takes no expression"),
        (task("{id: a, type: shell, run: 'echo {% set x %}a{% endset %}{{ x }}'}"), "only `if`, `for` and `set`"),
        (task("{id: a, type: log, message: m}") + "labels: {A: b, system.x: c}", "a key is 1 to 63"),
        ("id: f\nnamespace: A.b\ntasks: []", "joined by dots"),
        ("id: f\nnamespace: a\ntasks: []", "at least 1 item"),
    ],
)  # fmt: skip
def test_wrong_flows(source: str, words: str) -> None:
    assert any(words in message for *_, message in problems(source)), problems(source)


@pytest.mark.parametrize("interpreter", ["bash", "/bin/sh", "/usr/bin/env bash", "bash -x", "dash"])
def test_expressions_in_posix_shells(interpreter: str) -> None:
    parse_flow(
        task(f"{{id: a, type: shell, interpreter: {interpreter}, run: 'echo {{{{ flow.id }}}}'}}")
    )


def test_words_of_yaml_that_other_readers_change() -> None:
    flow = parse_flow(
        task(
            "{id: a, type: return, outputs: {on: off, d: 2026-01-01, t: 12:30, n: 010, f: 1.5, x: ~}}"
        )
    )
    assert vars(flow.tasks[0])["outputs"] == {
        "on": "off",
        "d": "2026-01-01",
        "t": "12:30",
        "n": "010",
        "f": 1.5,
        "x": None,
    }


def test_places_in_folded_and_quoted_text() -> None:
    source = task(
        "id: a\n    type: log\n    message: >\n      one\n      two {{ inputs.x }}\n      {{ inputs.y }}"
    )
    assert [(line, column) for _, line, column, *_ in problems(source)] == [(8, 14), (9, 10)]


def test_aliases_are_spelt_out() -> None:
    flow = parse_flow(
        "id: f\nnamespace: a\ntasks:\n  - {id: a, type: log, message: &m hello}\n  - {id: b, type: log, message: *m}\n"
    )
    assert [vars(each)["message"] for each in flow.tasks] == ["hello", "hello"]


def test_the_json_schema_knows_every_key() -> None:
    schema: dict[str, Any] = flow_json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    names = {field.alias or name for name, field in FlowSpec.model_fields.items()}
    assert set(schema["properties"]) == names
    assert set(schema["properties"]["tasks"]["items"]["discriminator"]["mapping"]) == {
        "shell", "python", "http", "sql", "log", "return", "fail", "wait", "approval", "subflow", "foreach",
    }  # fmt: skip
    assert "json" in schema["$defs"]["HttpTask"]["properties"]
    assert schema["$defs"]["RetrySpec"]["properties"]["backoff"]["enum"] == [
        "constant", "linear", "exponential",
    ]  # fmt: skip


INPUTS = "id: f\nnamespace: a\ninputs:\n  - {id: env, type: STRING}\n  - {id: pin, type: SECRET}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{id: b, type: INT, depends_on: nothing}", "there is no input `nothing` before this one"),
        ("{id: b, type: INT, depends_on: [b]}", "there is no input `b` before this one"),
        ("{id: b, type: INT, when: '{{ inputs.env }}'}", "`when` needs `depends_on`: name"),
        ("{id: b, type: INT, depends_on: env, when: always}", "must be an expression, as in "),
        (
            "{id: b, type: INT, depends_on: env, when: '{{ inputs.pin }}'}",
            "`when` can use inputs of `depends_on` only; add `pin` there",
        ),
        (
            "{id: b, type: INT, depends_on: env, when: '{{ labels.a }}'}",
            "`when` can use `inputs` only, not `labels`",
        ),
        ("{id: b, type: INT, depends_on: env, when: '{{ inputs. }}'}", "this expression cannot"),
        ("{id: b, type: SECRET, default: hunter2}", "a SECRET input takes no default"),
        ("{id: b, type: STRING, default: '{{ secrets.A }}'}", "`secrets` is not a name that "),
        ("{id: b, type: ARRAY, item_type: SECRET}", "an ARRAY input needs `item_type`"),
    ],
)
def test_inputs_that_cannot_be(text: str, message: str) -> None:
    ((code, line, _, _, said),) = problems(f"{INPUTS}  - {text}\ntasks:\n  - {LOG}\n")
    assert (code, line) == (ProblemCode.VALIDATION, 6)
    assert said.startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{id: a, type: log, message: '{{ secrets }}'}", "name the secret, as in secrets.NAME"),
        ("{id: a, type: log, message: '{{ secrets[labels.a] }}'}", "name the secret, as in"),
        ("{id: a, type: approval, message: '{{ secrets.A }}'}", "`secrets` is not a name that"),
        ("{id: a, type: approval, message: '{{ inputs.pin }}'}", "`pin` is a SECRET: only"),
        ("{id: a, type: wait, duration: '{{ inputs.pin }}'}", "`pin` is a SECRET: only"),
    ],
)
def test_secrets_where_they_cannot_be(text: str, message: str) -> None:
    ((code, _, _, _, said),) = problems(f"{INPUTS}tasks:\n  - {text}\n")
    assert code is ProblemCode.VALIDATION
    assert said.startswith(message)


def test_secrets_in_values_rendered_by_a_worker() -> None:
    kinds = (
        "{id: a, type: shell, run: 'echo {{ secrets.A }} {{ inputs.pin }}'}",
        "{id: a, type: python, script: x, args: {a: '{{ secrets.A }}'}, env: {B: '{{ secrets.B }}'}}",
        "{id: a, type: http, url: '{{ secrets.A }}', headers: {x: '{{ inputs.pin }}'}}",
        "{id: a, type: return, outputs: {a: '{{ secrets[\"A\"] }}'}}",
    )
    for text in kinds:
        assert parse_flow(f"{INPUTS}tasks:\n  - {text}\n")
