"""Lays out the pages of a report. Pure: facts in, PDF out."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, Table

from models.task_error import message_with_exit_code
from schema.types.execution.task_run import TaskRun
from server.report.blocks import MARKED, heading, section, table, text, together
from server.report.charts import BAD, WIDTH, color_of, gantt, plot
from server.report.facts import MOST_ROWS, MOST_TASKS, Facts
from server.report.fonts import PLAIN, register_fonts
from server.report.formatting import cut, moment, number, seconds, shown, without_paths

_MARGIN: Final = (A4[0] - WIDTH) / 2
_PADDING: Final = 6
"""Padding of a frame on each side."""
_MOST_NAMES: Final = 300
"""Maximum rows of each part of a comparison."""


def report_of(facts: Facts) -> bytes:
    """Lays out one execution: states, tasks, metrics, inputs, outputs and failure."""
    execution = facts.execution
    story: list[Flowable] = [text(cut(execution.name, 300), "title"), Spacer(0, 4), _head(facts)]
    story += _failure(facts)
    story += section(
        "States",
        ("state", "at", "by", "reason"),
        [
            ((move["to_state"], color_of(move["to_state"])), moment(move["at"]), move["actor"],
             without_paths(cut(move["reason"] or "")))
            for move in facts.moves
        ],
        (2, 2.4, 2, 4), MOST_ROWS,
    )  # fmt: skip
    story += _tasks(facts)
    story += _plots([(name, {name: points}) for name, points in facts.series.items()])
    for title, values in _values(facts).items():
        story += section(
            title,
            (),
            [(cut(name, 200), shown(value)) for name, value in values.items()],
            (2, 5),
            _MOST_NAMES,
        )
    story += _artifacts_and_notes(facts)
    return _built(story, execution.name, facts)


def comparison_of(many: Sequence[Facts]) -> bytes:
    """Lays out several executions side by side, with differences marked."""
    story: list[Flowable] = [text("Comparison of executions", "title"), Spacer(0, 6)]
    names = [cut(facts.execution.name, 100) for facts in many]
    story.append(_compared("", names, {name: _column(many, read) for name, read in _HEAD.items()}))
    parts = [_values(facts) for facts in many]
    for title in parts[0]:
        keys = dict.fromkeys(key for part in parts for key in part[title])
        if keys:
            rows = {
                key: [shown(part[title][key]) if key in part[title] else "" for part in parts]
                for key in list(keys)[:_MOST_NAMES]
            }
            story += [*heading(title), _compared("", names, rows)]
    measured = dict.fromkeys(name for facts in many for name in facts.series)
    story += _plots(
        [
            (
                name,
                {
                    f"{facts.execution.name} {facts.execution.id[-6:]}": facts.series[name]
                    for facts in many
                    if name in facts.series
                },
            )
            for name in measured
        ]
    )
    for facts in many:
        drawings = gantt(facts.bars[:MOST_TASKS], facts.now)
        if drawings:
            story += [*heading(f"Tasks of {cut(facts.execution.name, 100)}"), *drawings]
    return _built(story, "Comparison of executions", many[0])


def _duration(facts: Facts) -> str:
    return seconds(facts.execution.duration)


def _failure_sentence(facts: Facts) -> str:
    if facts.failure is None:
        return ""
    where = f"{facts.failure.task}: " if facts.failure.task else ""
    why = message_with_exit_code(facts.failure.message, facts.failure.exit_code)
    return without_paths(cut(f"{where}{facts.failure.code}: {why}"))


_HEAD: Final[Mapping[str, Any]] = {
    "id": lambda facts: facts.execution.id,
    "flow": lambda facts: f"{facts.execution.namespace}/{facts.execution.flow_key}",
    "revision": lambda facts: "" if facts.revision is None else str(facts.revision),
    "kind": lambda facts: facts.execution.kind,
    "state": lambda facts: facts.execution.state.value,
    "created by": lambda facts: facts.execution.created_by.name,
    "created": lambda facts: moment(facts.execution.created_at),
    "started": lambda facts: moment(facts.execution.started_at),
    "ended": lambda facts: moment(facts.execution.ended_at),
    "duration": _duration,
    "branch": lambda facts: (facts.execution.git and facts.execution.git.branch) or "",
    "commit": lambda facts: (facts.execution.git and facts.execution.git.commit) or "",
    "failure": _failure_sentence,
}


def _column(many: Sequence[Facts], read: Any) -> list[str]:
    return [read(facts) for facts in many]


def _head(facts: Facts) -> Table:
    rows = [
        (name, (value, color_of(value)) if name == "state" else value)
        for name, read in _HEAD.items()
        if name != "failure" and (value := read(facts))
    ]
    return table((), rows, (1, 5))


def _failure(facts: Facts) -> list[Flowable]:
    if facts.failure is None:
        return []
    return [together([*heading("Failure"), text(_failure_sentence(facts), color=BAD)])]


def _tasks(facts: Facts) -> list[Flowable]:
    drawings = gantt(facts.bars[:MOST_TASKS], facts.now)
    story: list[Flowable] = [*heading("When tasks ran"), *drawings] if drawings else []
    return story + section(
        "Tasks",
        ("task", "state", "attempts", "started", "duration", "error"),
        [
            (
                cut(bar.task.key, 200),
                (bar.task.state.value, color_of(bar.task.state.value)),
                str(len(bar.attempts)),
                moment(bar.task.started_at),
                seconds(bar.task.duration),
                _error(bar.task),
            )
            for bar in facts.bars
        ],
        (3, 2, 1.2, 2.6, 1.4, 2.8),
        MOST_TASKS,
    )


def _error(task: TaskRun) -> str:
    error = task.error
    return (
        without_paths(cut(message_with_exit_code(error.message, error.exit_code), 400))
        if error
        else ""
    )


def _plots(charts: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Flowable]:
    """Places two charts side by side."""
    drawings = [plot(title, lines) for title, lines in charts]
    pairs = [drawings[at : at + 2] for at in range(0, len(drawings), 2)]
    rows: list[Flowable] = [
        Table([[*pair, *[""] * (2 - len(pair))]], colWidths=[WIDTH / 2] * 2) for pair in pairs
    ]
    return [*heading("Metrics over time"), *rows] if rows else []


def _values(facts: Facts) -> dict[str, dict[str, Any]]:
    execution: Any = facts.execution
    return {
        "Inputs": execution.inputs,
        "Outputs": execution.outputs,
        "Metrics": {name: number(value) for name, value in sorted(facts.measured.items())},
        "Properties": execution.properties,
        "Labels": {label.key: label.value for label in execution.labels},
    }


def _artifacts_and_notes(facts: Facts) -> list[Flowable]:
    artifacts = [
        (use.direction.value, cut(use.name, 200), use.version, use.type, str(use.size or ""), use.digest or "")
        for use in facts.artifacts
    ]  # fmt: skip
    notes = [
        (note.author.name, moment(note.at), without_paths(cut(note.text))) for note in facts.notes
    ]
    return [
        *section(
            "Artifacts",
            ("", "name", "version", "type", "bytes", "digest"),
            artifacts,
            (0.6, 3, 2, 1.4, 1.4, 4),
            MOST_ROWS,
        ),
        *section("Notes", ("by", "at", "note"), notes, (1.5, 2.4, 6), MOST_ROWS),
    ]


def _compared(corner: str, names: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Table:
    marks = [
        ("BACKGROUND", (0, place), (-1, place), MARKED)
        for place, values in enumerate(rows.values(), 1)
        if len(set(values)) > 1
    ]
    cells = [
        (cut(name, 200), *(cut(value, 600) for value in values)) for name, values in rows.items()
    ]
    return table((corner, *names), cells, (1.2, *[2] * len(names)), marks)


def _built(story: list[Flowable], title: str, facts: Facts) -> bytes:
    register_fonts()
    out = io.BytesIO()

    def foot(canvas: Canvas, _: Any) -> None:
        canvas.setFont(PLAIN, 7)
        canvas.drawString(_MARGIN, 24, f"Headway, {moment(facts.now)}")
        canvas.drawRightString(A4[0] - _MARGIN, 24, f"page {canvas.getPageNumber()}")

    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_MARGIN - _PADDING, rightMargin=_MARGIN - _PADDING, topMargin=40, bottomMargin=44,
        title=title, author="Headway", creator="Headway",
    )  # fmt: skip
    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()
