"""Building blocks of pages: texts and tables, in fonts that have all their characters."""

from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, Spacer, Table

from server.report.charts import WIDTH
from server.report.fonts import BOLD, PLAIN, runs_of

_INK, _DIM, _RULE = HexColor("#22303c"), HexColor("#5d6d7b"), HexColor("#d5dae0")
MARKED: Final = HexColor("#fff3cd")
_STYLES: Final = {
    name: ParagraphStyle(
        name, fontName=font, fontSize=size, leading=size * 1.3, textColor=color, splitLongWords=True
    )
    for name, font, size, color in (
        ("title", BOLD, 17, _INK),
        ("heading", BOLD, 11, _INK),
        ("text", PLAIN, 8, _INK),
        ("dim", PLAIN, 8, _DIM),
        ("head", BOLD, 8, _DIM),
    )
}
Cell = str | tuple[str, Color]


def text(words: str, style: str = "text", color: Color | None = None) -> Paragraph:
    chosen = _STYLES[style]
    marks = "".join(
        f'<font name="{font}">{escape(piece)}</font>'
        for font, piece in runs_of(words, chosen.fontName)
    ).replace("\n", "<br/>")
    if color is not None:
        marks = f'<font color="#{color.hexval()[2:]}">{marks}</font>'
    return Paragraph(marks, chosen)


def heading(words: str) -> list[Flowable]:
    return [CondPageBreak(60), Spacer(0, 10), text(words, "heading"), Spacer(0, 3)]


def table(
    head: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[float], more: Any = ()
) -> Table:
    """Widths are proportions; `more` are further styles. A cell with a colour is drawn in it."""
    cells: list[list[Any]] = [[text(name, "head") for name in head]] if head else []
    cells += [[_cell(cell) for cell in row] for row in rows]
    whole = sum(widths)
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        *more,
    ]
    return Table(
        cells,
        colWidths=[WIDTH * width / whole for width in widths],
        repeatRows=1 if head else 0,
        style=style,
        splitInRow=1,
    )


def section(
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    widths: Sequence[float],
    most: int,
) -> list[Flowable]:
    """Returns nothing without rows; shows at most `most` rows, and says so."""
    if not rows:
        return []
    parts = [*heading(title), table(head, rows[:most], widths)]
    if len(rows) > most:
        parts.append(text(f"and more: the first {most} are shown", "dim"))
    return parts


def together(parts: Sequence[Flowable]) -> Flowable:
    return KeepTogether(list(parts))


def _cell(cell: Cell) -> Paragraph:
    return text(cell) if isinstance(cell, str) else text(cell[0], color=cell[1])
