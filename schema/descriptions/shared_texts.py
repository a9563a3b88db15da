"""The type of the description tables, and sentences that several of them share."""

from collections.abc import Mapping
from typing import Final, TypeAlias

Descriptions: TypeAlias = Mapping[str, tuple[str, Mapping[str, str]]]
"""Type name -> its description, and member name -> the member's description. An argument is `field(argument)`."""

FIRST: Final = "Page size from the start of the list: 1 to 200, 50 by default."
AFTER: Final = "A cursor of this list; returns what follows it."
LAST: Final = (
    "Page size from the end of the list: 1 to 200. Cannot be combined with `first` or `after`."
)
BEFORE: Final = "A cursor of this list; returns what precedes it."
REASON: Final = "The reason, as free text. It is stored with the resulting events."
ID: Final = (
    "TypeID such as `exec_01k...`: the prefix names the type, and ids sort by creation time."
)
TASK_RUN_ID: Final = "The id of the task run."
TASK_KEY: Final = "The key of the task run."
NULL_FOR_EXECUTION: Final = "Null if it concerns the execution as a whole."
EXIT_CODE: Final = (
    "The exit code of the process: negative for a signal; null without a process or before its end."
)
AROUND: Final = (
    "A line number, which need not exist: returns the `first` lines nearest to it, half of them before it if there "
    "are enough. Cannot be combined with `after`, `last` or `before`."
)
DOWNLOAD_URL: Final = (
    "The path on this server that downloads the file; null if Headway does not store the file."
)
PREVIEW_URL: Final = (
    "The path on this server that shows the file: the first 256 KiB of a text, or an image. Null if Headway does not "
    "store the file, or it is neither text nor image."
)
ATTEMPT: Final = "The number of the attempt, from 1."


def paged(field: str, *, most: str = "200") -> dict[str, str]:
    """Descriptions of a field's paging arguments."""
    words = {
        f"{field}(first)": FIRST,
        f"{field}(after)": AFTER,
        f"{field}(last)": LAST,
        f"{field}(before)": BEFORE,
    }
    return {name: sentence.replace("1 to 200", f"1 to {most}") for name, sentence in words.items()}


def up_to(field: str, most: int) -> dict[str, str]:
    """Description of the `first` argument of a list that has no cursors."""
    return {f"{field}(first)": f"The maximum number of items: 1 to {most}, which is the default."}
