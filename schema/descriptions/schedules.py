from typing import Final

from schema.descriptions.words import ID, REASON, Words

_CRON: Final = "Minute, hour, day of the month, month and day of the week, as cron has them: `0 2 * * MON-FRI`."

SCHEDULES: Final[Words] = {
    "Schedule": (
        "Starts a flow by itself at the ticks of a cron expression. Each tick is at most one execution.",
        {
            "id": ID,
            "key": "Its name, unique in its flow; its executions are started by `schedule:` and this.",
            "flow": "The flow that it starts, in its latest revision.",
            "source": "Where it is declared.",
            "cron": _CRON,
            "timezone": "The time zone that the expression is meant in, by its IANA name.",
            "inputs": "What the executions are given. Text with `{{ }}` is evaluated at each tick.",
            "labels": "The labels that its executions get beside the flow's.",
            "catchUp": "What becomes of ticks that no server saw.",
            "enabled": "Whether it ticks.",
            "next": "The next tick; null while it is disabled, or when none will come.",
            "nextTicks": "The coming ticks, by its expression alone.",
            "nextTicks(first)": "How many: 1 to 100, 5 by default.",
            "last": "The last tick that was seen to; null before the first.",
            "lastExecution": "What the last tick that was not refused has started.",
            "lastError": "Why the last tick started nothing; null when it started an execution.",
            "updatedBy": "Who changed it last.",
            "createdAt": "When it was made.",
            "updatedAt": "When it was last changed.",
        },
    ),
    "ScheduleSource": (
        "Where a schedule is declared.",
        {
            "FLOW": "In the flow's document: `triggers`.",
            "API": "By `saveSchedule`.",
        },
    ),
    "CatchUp": (
        "What becomes of ticks that came while no server was there. A tick is on time for one minute.",
        {
            "NONE": "They are skipped. The default.",
            "LAST": "The newest of them runs.",
            "ALL": "Each of them runs, in order.",
        },
    ),
    "BackfillTick": (
        "A tick of a schedule in the past.",
        {
            "scheduledAt": "When it was.",
            "ranBefore": "Whether it had run already, so that this backfill starts nothing for it.",
            "execution": "What it started; null where it has not run, as in a plan, "
            "and where that may not be seen or is not there any more.",
        },
    ),
    "ScheduleFilter": (
        "Which schedules. All that is given must hold.",
        {
            "namespace": "Of the flow's namespace.",
            "flow": "Of the flow's key.",
            "key": "Of its own key.",
            "enabled": "Whether it ticks.",
        },
    ),
    "SaveScheduleInput": (
        "A schedule to make, or to change when the flow has one of this key. What is left out has its default.",
        {
            "namespace": "The namespace of the flow.",
            "flow": "The key of the flow.",
            "key": "Its name in the flow: a-z 0-9 _ -.",
            "cron": _CRON,
            "timezone": "The time zone that the expression is meant in, by its IANA name; UTC by default.",
            "inputs": "An object of input names and values. Text may hold expressions with `trigger`, "
            "`flow` and `labels`, as `{{ trigger.date }}`, the day in the schedule's time zone.",
            "labels": "The labels that its executions get beside the flow's.",
            "catchUp": "What becomes of ticks that no server saw, NONE by default.",
            "enabled": "Whether it ticks; a new one does, and another stays as it is, by default.",
        },
    ),
    "DeleteScheduleInput": ("A schedule to remove.", {"id": "The schedule."}),
    "SetScheduleEnabledInput": (
        "A schedule to disable or enable.",
        {"id": "The schedule.", "enabled": "Whether it is to tick."},
    ),
    "BackfillScheduleInput": (
        "A part of the past of a schedule.",
        {
            "id": "The schedule.",
            "from": "From this moment on.",
            "to": "Up to and with this moment, which has passed.",
            "plan": "Only say which ticks there are; nothing is started.",
            "reason": REASON,
        },
    ),
}
