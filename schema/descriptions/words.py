"""The form of the descriptions, and sentences that several places share."""

from collections.abc import Mapping
from typing import Final, TypeAlias

Words: TypeAlias = Mapping[str, tuple[str, Mapping[str, str]]]
"""Of each type its sentence and those of its members, an argument as `field(argument)`."""

FIRST: Final = "How many, from the beginning: 1 to 200, 50 by default."
AFTER: Final = "A cursor of this list: what comes after it."
LAST: Final = "How many, from the end: 1 to 200. Not together with `first` or `after`."
BEFORE: Final = "A cursor of this list: what comes before it."
REASON: Final = "Why, in words. It is kept with the events that follow from this."
ID: Final = "TypeID, as `exec_01k...`: its prefix says what it names, and it sorts by creation."
TASK_RUN_ID: Final = "The task run that it belongs to."
TASK_KEY: Final = "The key of the task run that it belongs to."
AT_LARGE: Final = "Null for what is of the execution as a whole."
EXIT_CODE: Final = (
    "Of its process: negative for a signal; null without a process, or before its end."
)
AROUND: Final = (
    "The number of a line, which need not be there: the `first` lines of the choice that are nearest to it, as many "
    "before as from it on where there are. Not together with `after`, `last` or `before`."
)
DOWNLOAD_URL: Final = (
    "The path on this server that gives the file as a download; null when Headway does not hold it."
)
PREVIEW_URL: Final = (
    "The path on this server that gives the file to be shown: text, its first 256 KiB, or a picture. Null when Headway "
    "does not hold it, or it is neither."
)
ATTEMPT: Final = "The number of the attempt that it belongs to, from 1."


def paged(field: str, *, most: str = "200") -> dict[str, str]:
    """The paging arguments of a field."""
    words = {
        f"{field}(first)": FIRST,
        f"{field}(after)": AFTER,
        f"{field}(last)": LAST,
        f"{field}(before)": BEFORE,
    }
    return {name: sentence.replace("1 to 200", f"1 to {most}") for name, sentence in words.items()}


def up_to(field: str, most: int) -> dict[str, str]:
    """The argument of a list without pages."""
    return {f"{field}(first)": f"How many, from the beginning: 1 to {most}, which is the default."}
