from typing import Final

from schema.descriptions.shared_texts import ID, REASON, Descriptions

_CRON: Final = "A cron expression (minute, hour, day of the month, month, day of the week), such as `0 2 * * MON-FRI`."

SCHEDULES: Final[Descriptions] = {
    "Schedule": (
        "Starts a flow at the ticks of a cron expression. Each tick starts at most one execution.",
        {
            "id": ID,
            "key": "The name, unique in the flow; the trigger of its executions is `schedule:` and this key.",
            "flow": "The flow that it starts, in the latest revision.",
            "source": "Where the schedule is declared.",
            "cron": _CRON,
            "timezone": "The time zone of the expression, by its IANA name.",
            "inputs": "The inputs of the executions. Text with `{{ }}` is evaluated at each tick.",
            "labels": "Labels to add to those of the flow.",
            "catchUp": "What happens to ticks that were due while no server was running.",
            "enabled": "Whether the schedule is enabled.",
            "next": "The next tick; null while the schedule is disabled, or if there is none.",
            "nextTicks": "The next ticks according to the expression, even if disabled.",
            "nextTicks(first)": "The number of ticks: 1 to 100, 5 by default.",
            "last": "The last tick that was processed; null before the first.",
            "lastExecution": "The execution that the last accepted tick started.",
            "lastError": "Why the last tick started nothing; null when it started an execution.",
            "updatedBy": "Who changed it last.",
            "createdAt": "When the schedule was created.",
            "updatedAt": "When the schedule was last changed.",
        },
    ),
    "ScheduleSource": (
        "Where a schedule is declared.",
        {
            "FLOW": "In the flow's document: `triggers`.",
            "API": "With `saveSchedule`.",
        },
    ),
    "CatchUp": (
        "What happens to ticks that were due while no server was running. A tick is on time for one minute.",
        {
            "NONE": "They are skipped. The default.",
            "LAST": "The newest of them runs.",
            "ALL": "Each of them runs, in order.",
        },
    ),
    "BackfillTick": (
        "A tick of a schedule in the past.",
        {
            "scheduledAt": "The time of the tick.",
            "ranBefore": "Whether the tick had already run, so that this backfill starts nothing for it.",
            "execution": "The execution that it started; null if it has not run, as in a plan, if the execution was "
            "deleted, or if the viewer may not see it.",
        },
    ),
    "ScheduleFilter": (
        "Conditions on schedules. All given conditions must hold.",
        {
            "namespace": "The namespace of the flow.",
            "flow": "The key of the flow.",
            "key": "The key of the schedule.",
            "enabled": "Whether the schedule is enabled.",
        },
    ),
    "SaveScheduleInput": (
        "A schedule to create, or to change if the flow has one with this key. Omitted fields get their defaults.",
        {
            "namespace": "The namespace of the flow.",
            "flow": "The key of the flow.",
            "key": "The name in the flow: a-z 0-9 _ -.",
            "cron": _CRON,
            "timezone": "The time zone of the expression, by its IANA name; UTC by default.",
            "inputs": "An object of input names and values. Text may contain expressions with `trigger`, `flow` and "
            "`labels`, such as `{{ trigger.date }}`, the day in the schedule's time zone.",
            "labels": "Labels to add to those of the flow.",
            "catchUp": "What happens to ticks that were due while no server was running, NONE by default.",
            "enabled": "Whether the schedule is enabled; by default true for a new one, and unchanged for an "
            "existing one.",
        },
    ),
    "DeleteScheduleInput": ("A schedule to delete.", {"id": "The schedule."}),
    "SetScheduleEnabledInput": (
        "A schedule to enable or disable.",
        {"id": "The schedule.", "enabled": "Whether to enable the schedule."},
    ),
    "BackfillScheduleInput": (
        "A range of the past of a schedule.",
        {
            "id": "The schedule.",
            "from": "The start of the range, inclusive.",
            "to": "The end of the range, inclusive; it must be in the past.",
            "plan": "True: only return the ticks, and start nothing.",
            "reason": REASON,
        },
    ),
}
