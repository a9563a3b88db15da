"""Schedules in flow documents: valid ones, and every kind of mistake with its position."""

import pytest

from models.errors import Refused
from models.schedule import CatchUp
from models.spec import ScheduleTrigger, parse_flow

HEAD = """id: load
namespace: acme
inputs: [{id: day, type: DATE, required: true}, {id: n, type: INT, default: 1}]
tasks: [{id: a, type: log, message: a}]
triggers:
"""
DAY = 'inputs: {day: "{{ trigger.date }}"}'


def read(trigger: str) -> ScheduleTrigger:
    (found,) = parse_flow(f"{HEAD}  - {trigger}\n").triggers
    return found


def test_omitted_keys_have_their_defaults() -> None:
    found = read(f'{{id: nightly, type: schedule, cron: "0 2 * * *", {DAY}}}')
    assert (found.timezone, found.catch_up, found.enabled, found.labels) == (
        "UTC", CatchUp.NONE, None, {},
    )  # fmt: skip
    assert found.inputs == {"day": "{{ trigger.date }}"}


def test_all_conditions_can_be_written() -> None:
    found = read(
        '{id: nightly, type: schedule, cron: "0  2 * * MON-FRI", timezone: Europe/Paris, catch_up: all,'
        ' enabled: false, labels: {by: clock}, inputs: {day: 2026-01-31, n: "5"}}'
    )
    assert (found.cron, found.timezone) == ("0 2 * * MON-FRI", "Europe/Paris")
    assert (found.catch_up, found.enabled, found.labels) == (
        CatchUp.ALL, False, {"by": "clock"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trigger", "path", "column", "words"),
    [
        (f'{{id: a, type: schedule, cron: "61 2 * * *", {DAY}}}', "cron", 29, "Bad minute"),
        (f'{{id: a, type: schedule, cron: "0 2 * *", {DAY}}}', "cron", 29, "has 5 fields"),
        (f"{{id: a, type: schedule, {DAY}}}", "cron", 5, "`cron` is missing"),
        (f'{{id: a, type: schedule, cron: "0 2 * * *", timezone: Europe/Pari, {DAY}}}',
         "timezone", 48, "there is no time zone `Europe/Pari`; did you mean `Europe/Paris`?"),
        (f'{{id: a, type: schedule, cron: "0 2 * * *", catch_up: some, {DAY}}}',
         "catch_up", 48, "must be one of none, last, all"),
        (f'{{id: a, type: schedule, cron: "0 2 * * *", enabled: 1, {DAY}}}',
         "enabled", 48, "must be true or false"),
        (f'{{id: a, type: schedule, cron: "0 2 * * *", zone: UTC, {DAY}}}',
         "zone", 48, "`zone` is not a key of a trigger"),
        (f'{{id: a, type: webhook, cron: "0 2 * * *", {DAY}}}',
         "type", 13, "there is no trigger type `webhook`; there is: schedule"),
        (f'{{id: a, type: schedule, cron: "{{{{ inputs.n }}}}", {DAY}}}',
         "cron", 29, "takes no expression|is not a valid cron expression"),
        ('{id: a, type: schedule, cron: "0 2 * * *"}', "inputs.day", 5,
         "the input `day` is required; give it a value"),
        ('{id: a, type: schedule, cron: "0 2 * * *", inputs: {day: soon}}',
         "inputs.day", 57, "day must be a date such as 2026-01-31, got 'soon'"),
        ('{id: a, type: schedule, cron: "0 2 * * *", inputs: {day: 2026-01-31, m: 1}}',
         "inputs.m", 74, "there is no input `m`"),
        ('{id: a, type: schedule, cron: "0 2 * * *", inputs: {day: "{{ trigger.day }}"}}',
         "inputs.day", 66, "a schedule's trigger has no `day`"),
        ('{id: a, type: schedule, cron: "0 2 * * *", inputs: {day: "{{ execution.id }}"}}',
         "inputs.day", 66, "`execution` is not a name that expressions can use here"),
        ('{id: a, type: schedule, cron: "0 2 * * *", inputs: {day: "{{ trigger.date | dat }}"}}',
         "inputs.day", 74, "there is no filter `dat`"),
        (f'{{id: a, type: schedule, cron: "0 2 * * *", labels: {{system.a: b}}, {DAY}}}',
         "labels.system.a", 57, "set by Headway only"),
        ("nightly", "", 5, "must be a mapping"),
    ],
)  # fmt: skip
def test_errors_are_reported_with_their_position(
    trigger: str, path: str, column: int, words: str
) -> None:
    with pytest.raises(Refused, match=words) as refused:
        read(trigger)
    places = {
        (".".join(problem.path).removeprefix("triggers.0").removeprefix("."), problem.line)
        for problem in refused.value.problems
    }
    assert (path, 6) in places
    assert column in {problem.column for problem in refused.value.problems}


def test_duplicate_names_are_refused() -> None:
    one = f'{{id: a, type: schedule, cron: "0 2 * * *", {DAY}}}'
    with pytest.raises(Refused, match="there is another trigger `a` before"):
        read(f"{one}\n  - {one}")
