"""The charts of a report: the timeline of tasks, and metrics."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from reportlab.graphics.charts.lineplots import LinePlot
from reportlab.graphics.shapes import Drawing, Line, Rect, Shape, String
from reportlab.lib.colors import Color, HexColor

from models.states import FAILED_ENDS, SUCCESSFUL_ENDS
from server.report.facts import Bar
from server.report.fonts import BOLD, PLAIN, runs_of, width_of
from server.report.formatting import moment, number, seconds

WIDTH: Final = 510.0
_LABELS, _ROW, _SMALL = 150.0, 13.0, 7.0
_PLOT: Final = 130.0
GOOD, WARNED, BAD, QUIET, ACTIVE = map(
    HexColor, ("#2e7d4f", "#b7791f", "#c0392b", "#7f8c8d", "#2b6cb0")
)
_GRID, _INK = HexColor("#d5dae0"), HexColor("#22303c")
PALETTE: Final = tuple(map(HexColor, ("#2b6cb0", "#c0562b", "#2e7d4f", "#7b4fa3", "#a08a1f")))
BARS_A_PAGE: Final = 40
Points = Sequence[tuple[float, float]]


def color_of(state: str) -> Color:
    if state == "WARNING":
        return WARNED
    if state in {one.value for one in SUCCESSFUL_ENDS}:
        return GOOD
    if state in {one.value for one in FAILED_ENDS} or state in ("TIMEOUT", "LOST"):
        return BAD
    return QUIET if state in ("KILLED", "CANCELLED", "SKIPPED", "DISABLED") else ACTIVE


def gantt(bars: Sequence[Bar], now: datetime) -> list[Drawing]:
    """Returns one drawing for each page of bars, all on the same scale."""
    starts = [one.started_at for bar in bars for one in bar.attempts]
    if not starts:
        return []
    first = min(starts)
    last = max(one.ended_at or now for bar in bars for one in bar.attempts)
    span = max(last - first, timedelta(milliseconds=1))
    ran = [bar for bar in bars if bar.attempts]
    return [
        _gantt_page(ran[at : at + BARS_A_PAGE], first, span, now)
        for at in range(0, len(ran), BARS_A_PAGE)
    ]


def _gantt_page(bars: Sequence[Bar], first: datetime, span: timedelta, now: datetime) -> Drawing:
    height = _ROW * len(bars) + 28
    drawing, scale = Drawing(WIDTH, height), WIDTH - _LABELS
    for part in range(5):
        x = _LABELS + scale * part / 4
        drawing.add(Line(x, 14, x, height - 12, strokeColor=_GRID, strokeWidth=0.5))
        anchor = "end" if part == 4 else "middle" if part else "start"
        _text(drawing, x, 4, seconds(span.total_seconds() * part / 4) or "0 s", anchor)
    _text(drawing, _LABELS, height - 8, f"from {moment(first)}", "start")
    for place, bar in enumerate(bars):
        y = height - 12 - _ROW * (place + 1)
        _text(drawing, 0, y + 3.5, _fitting(bar.task.key, _LABELS - 6), "start")
        for attempt in bar.attempts:
            x = _LABELS + scale * ((attempt.started_at - first) / span)
            long = scale * (((attempt.ended_at or now) - attempt.started_at) / span)
            color = color_of(attempt.state.value)
            drawing.add(_box(x, y + 2, max(long, 1.0), _ROW - 5, color))
    return drawing


def plot(title: str, lines: Mapping[str, Points]) -> Drawing:
    """Plots one or more series on the same axes, with a legend for several."""
    drawing = Drawing(WIDTH / 2 - 6, _PLOT + 34 + 10 * (len(lines) if len(lines) > 1 else 0))
    chart: Any = LinePlot()
    chart.x, chart.y = 48, drawing.height - _PLOT - 16
    chart.width, chart.height = drawing.width - 62, _PLOT
    chart.data = [list(points) for points in lines.values()]
    for axis in (chart.xValueAxis, chart.yValueAxis):
        axis.labels.fontName, axis.labels.fontSize = PLAIN, _SMALL
        axis.labelTextFormat = number
        axis.strokeColor, axis.strokeWidth = _GRID, 0.5
        axis.visibleGrid, axis.gridStrokeColor, axis.gridStrokeWidth = True, _GRID, 0.3
        axis.maximumTicks = 6
    _widen(chart)
    for place, name in enumerate(lines):
        color = PALETTE[place % len(PALETTE)]
        chart.lines[place].strokeColor, chart.lines[place].strokeWidth = color, 1.2
        if len(lines) > 1:
            y = 10.0 * (len(lines) - place) - 6
            drawing.add(_box(48, y, 8, 5, color))
            _text(drawing, 60, y, _fitting(name, drawing.width - 64), "start")
    drawing.add(chart)
    _text(drawing, 0, drawing.height - 9, _fitting(title, drawing.width), "start", BOLD)
    return drawing


def _box(x: float, y: float, width: float, height: float, color: Color) -> Shape:
    box: Any = Rect(x, y, width, height)
    box.fillColor, box.strokeColor = color, None
    shape: Shape = box
    return shape


def _widen(chart: Any) -> None:
    """Widens axes whose values are all equal, so that a flat line is visible."""
    points = [point for line in chart.data for point in line]
    for axis, values in (
        (chart.xValueAxis, [x for x, _ in points]),
        (chart.yValueAxis, [y for _, y in points]),
    ):
        low, high = min(values), max(values)
        room = 0.0 if high > low else abs(high) * 0.1 or 1.0
        axis.valueMin, axis.valueMax = low - room, high + room


def _fitting(text: str, width: float) -> str:
    """Shortens a text to the width, keeping its end: the ends of task paths are distinct."""
    text = " ".join(text.split())[-300:]
    if width_of(text, PLAIN, _SMALL) <= width:
        return text
    while text and width_of(f"…{text}", PLAIN, _SMALL) > width:
        text = text[1:]
    return f"…{text}"


def _text(drawing: Drawing, x: float, y: float, text: str, anchor: str, font: str = PLAIN) -> None:
    left = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width_of(text, font, _SMALL)
    x -= left
    for name, piece in runs_of(text, font):
        drawing.add(String(x, y, piece, fontName=name, fontSize=_SMALL, fillColor=_INK))
        x += width_of(piece, font, _SMALL)
