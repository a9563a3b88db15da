"""Patterns of lines that show why a program failed, each with its weight. The first pattern that matches counts."""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Weight(IntEnum):
    """The significance of a line for the cause. A heavier line wins, wherever it is."""

    NOISE = 0
    WARNING = 1
    WRAPPER = 2
    """A program reports only that another one failed."""
    LAST_WORD = 3
    """A line of no known shape."""
    HINT = 4
    """A line with a word that is typical of errors."""
    RELAY = 5
    """An exception that reports only that another program failed."""
    ERROR = 6
    CRASH = 7
    """An exception or panic that nothing caught."""


class Take(StrEnum):
    """The choice among several lines of one shape."""

    LAST = "LAST"
    FIRST = "FIRST"
    FIRST_OF_RUN = "FIRST_OF_RUN"
    """The first line of the last uninterrupted run."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`pattern` is matched at the start of a line; its group `text`, if any, is shown instead of the line. `joins` is
    the number of following lines that belong to it."""

    name: str
    weight: Weight
    pattern: re.Pattern[str]
    take: Take = Take.LAST
    joins: int = 0


def _shape(
    name: str, weight: Weight, pattern: str, take: Take = Take.LAST, joins: int = 0
) -> Shape:
    return Shape(name, weight, re.compile(pattern), take, joins)


_NPM = r"npm (?:ERR!|error) "
_TOOLS = (
    "curl|wget|ssh|scp|sftp|rsync|docker|podman|kubectl|helm|psql|mysql|pg_dump|pg_restore|sqlite3|gawk|mawk|awk|sed|jq|yq"
    "|tar|gzip|unzip|openssl|java|Rscript|perl|ruby|aws|gcloud|gsutil|az|terraform|ansible|make|cmake|ld|python3?|node"
)

NOISE = _shape(
    "noise",
    Weight.NOISE,
    r"\s*$"
    r"|\s*[~^|.\-=*_+ ]+$"  # carets below a line of code, rules of a table
    r"|\++ "  # the trace of `set -x`
    r"|(?:real|user|sys)\s+\d+m[\d.]+s$"
    r"|Node\.js v\d"
    r"|exit status \d+$"  # of `go run`
    r"|Execution halted$|Calls: |Traceback \(most recent call last\)|Stack trace:|Stacktrace:|stack backtrace:"
    r"|(?:LINE \d+|HINT|DETAIL|CONTEXT|QUERY|STATEMENT|Hint|Suggestion|note|help|info|notice):? "
    r"|(?:psql:\S+ )?(?:NOTICE|INFO|DEBUG|LOG|TRACE)\b"
    r"|\[(?:INFO|DEBUG|TRACE|notice)\]"
    r"|.*current transaction is aborted"
    r"|For more information about this error|compilation terminated\.$|usage: "
    r"|\s+at |\s+from \S+:\d+:in |\s+File \"|goroutine \d+ \[|created by |\t\S+:\d+ \+0x|\w+(?:\.[\w*()]+)+\(.*\)$"
    r"|bash: (?:-c: )?line \d+: `|\S+: line \d+: `"
    r"|"
    + _NPM
    + r"(?:$|\s|A complete log|code |errno |syscall |path |command |location |workspace |signal "
    r"|cwd |dest |file |prefix |To see a list|This is probably not|There is likely|\S+ This is related to)"
    r"|npm (?:ERR!|error)\s*$|npm notice"
    r"|Press |Visit |Run '|See '|Try '|Waiting up to|Sentry is attempting"
    r"|\[ERROR\] (?:-> |To see |Re-run |For more information|\[Help|After correcting)|\[ERROR\]\s*$"
    r"|make(?:\[\d+\])?: (?:Entering|Leaving) directory|make(?:\[\d+\])?: \*\*\* Waiting for unfinished"
    r"|[\d\s.:kMG%-]+$|\s+% Total|\s+Dload ",
)

_WARNINGS = (
    _shape(
        "warning",
        Weight.WARNING,
        r"(?i)(?!.*\b(?:error|fatal|critical)\b)(?:\S+\s+){0,4}?\[?(?:\w*warn(?:ing)?)\]?(?:\s*[:\]!-]|\s)"
        r"|sys:1: |  warnings\.warn\(",
    ),
)

_WRAPPERS = (
    _shape("make wrapper", Weight.WRAPPER, r"g?make(?:\[\d+\])?: \*\*\* \[.*\] Error \d+"),
    _shape(
        "npm wrapper",
        Weight.WRAPPER,
        _NPM
        + r"(?:Test failed|Exit status|Failed at the|Lifecycle script|\S+@\S+ \S+: `|error \w+$)"
        r"|error Command failed with exit code|\s*ELIFECYCLE\s",
    ),
    _shape("conda wrapper", Weight.WRAPPER, r"ERROR conda\.cli"),
    _shape(
        "compiler wrapper",
        Weight.WRAPPER,
        r"collect2: error: |error: (?:aborting due to|could not compile|process didn't exit)"
        r"|tar: (?:Error is not recoverable|Exiting with failure)|FAILURE: Build failed",
    ),
    _shape(
        "exit code wrapper",
        Weight.WRAPPER,
        r"(?i).*\b(?:returned a? ?non-zero (?:exit )?(?:code|status)|exited with (?:code|status|exit)"
        r"|exit(?:ed)? (?:code|status)"
        r"[: ]+\d+|terminated with exit code)",
    ),
)

_CRASHES = (
    _shape("relayed exception", Weight.RELAY, r"(?:\w+\.)*CalledProcessError: "),
    _shape("jest", Weight.CRASH, r"\s*● (?P<text>.+)", Take.FIRST, joins=1),
    _shape("go panic", Weight.CRASH, r"(?:panic|fatal error): ", Take.FIRST),
    _shape("rust panic", Weight.CRASH, r"thread '.*' (?:\(\d+\) )?panicked at .*:$", joins=1),
    _shape("rust panic in one line", Weight.CRASH, r"thread '.*' panicked at '"),
    _shape("ruby", Weight.CRASH, r"\S+:\d+:in [`'][^']*': (?P<text>.+ \([\w:]+\))$", Take.FIRST),
    _shape("php", Weight.CRASH, r"(?:PHP )?(?:Fatal|Parse) error: +(?P<text>.+)", Take.FIRST),
    _shape("elixir", Weight.CRASH, r"\*\* \([\w.]+\) ", Take.FIRST),
    _shape("dotnet", Weight.CRASH, r"Unhandled exception\. (?P<text>.+)", Take.FIRST),
    _shape(
        "dbt",
        Weight.CRASH,
        r"\s*(?:Database|Compilation|Runtime|Dependency|Parsing|Validation|Internal|Syntax) Error(?: in .+)?$"
        r"|\s*Failure in \w+ .+$",
        Take.FIRST,
        joins=1,
    ),
    _shape("gradle", Weight.CRASH, r"\* What went wrong:$", Take.FIRST, joins=1),
    _shape(
        "exception",
        Weight.CRASH,
        r"(?:Uncaught )?(?:[A-Za-z_$][\w$]*[./])*[A-Z_$][\w$]*(?:Error|Exception|Interrupt)(?:$|: | \[)",
    ),
)

_ERRORS = (
    _shape("python module", Weight.ERROR, r"\S*python[\d.]*: (?P<text>No module named .+)"),
    _shape("shell", Weight.ERROR, r"(?:\S+: )?(?:-c: )?(?P<text>line \d+: .+)"),
    _shape(
        "dash",
        Weight.ERROR,
        r"(?:\S*/)?(?P<text>[\w.-]+: \d+: .*(?:not found|not set|Syntax error.*|cannot .*|No such file.*|denied))$",
    ),
    _shape(
        "compiler",
        Weight.ERROR,
        r"[^\s:(]+(?::\d+(?::\d+)?:|\(\d+,\d+\):) (?:fatal )?error\b|error\[E\d+\]: ",
        Take.FIRST,
    ),
    _shape("linker", Weight.ERROR, r".*: undefined reference to ", Take.FIRST),
    _shape("pytest", Weight.ERROR, r"(?:FAILED|ERROR) \S+\.py\b", Take.FIRST),
    _shape("go test", Weight.ERROR, r"\s*--- FAIL: .+", Take.FIRST, joins=1),
    _shape("tap", Weight.ERROR, r"not ok \d+", Take.FIRST),
    _shape("npm", Weight.ERROR, _NPM + r"(?P<text>.+)", Take.FIRST),
    _shape("make", Weight.ERROR, r"g?make(?:\[\d+\])?: \*\*\* "),
    _shape("r", Weight.ERROR, r"Error in .+:\s*$", joins=1),
    _shape("perl", Weight.ERROR, r".+ at \S+ line \d+\.$"),
    _shape(
        "sql",
        Weight.ERROR,
        r"(?:psql:\S+:\d+: )?(?P<text>(?:ERROR|FATAL|PANIC):  \S.*)|ORA-\d+: |ERROR \d+ \(\w+\)"
        r"|(?:Parse|Runtime) error (?:near|in) |Error: (?:in prepare|near line) "
        r"|(?:Catalog|Parser|Binder|IO|Constraint|Conversion|Out of Memory|Invalid Input|Permission|HTTP|Transaction|"
        r"TransactionContext|Dependency|Serialization|Connection|Fatal|INTERNAL) Error: \S",
        Take.FIRST_OF_RUN,
    ),
    _shape(
        "sql in two lines",
        Weight.ERROR,
        r".*SQL compilation error:$|Msg \d+, Level \d+|\w+ Error:$",
        joins=1,
    ),
    _shape("webpack", Weight.ERROR, r"ERROR in \S+(?: [\d:-]+)?$", Take.FIRST, joins=1),
    _shape("aws", Weight.ERROR, r"(?:\w+: )?An error occurred \("),
    _shape("tool", Weight.ERROR, rf"(?:{_TOOLS}): .+"),
    _shape(
        "labelled",
        Weight.ERROR,
        r"(?:[│|] )?(?:[\w./-]+: )?(?i:fatal|(?:\w+ ){0,2}error|critical|unrecoverable)(?: from \w+ \(\w+\))?[:!] ?\S",
        Take.FIRST_OF_RUN,
    ),
    _shape(
        "log of a level",
        Weight.ERROR,
        r"(?:[\w.\[\]/:()-]+\s+(?:-\s+)?){0,3}\[?(?:ERROR|FATAL|CRITICAL|SEVERE)\]?[\s:!-]+\S",
        Take.FIRST_OF_RUN,
    ),
    _shape(
        "log in json",
        Weight.ERROR,
        r"\{(?=.*\"(?:level|severity|levelname)\": ?\"(?i:error|fatal|critical)\").*?"
        r"\"(?:msg|message|event)\": ?\"(?P<text>(?:[^\"\\]|\\.)+)\"",
    ),
    _shape(
        "log in pairs",
        Weight.ERROR,
        r".*\blevel=(?:error|fatal|critical)\b.*?\bmsg=(?:\"(?P<text>(?:[^\"\\]|\\.)+)\"|\S+)",
    ),
    _shape(
        "system error",
        Weight.ERROR,
        r"\S+: .*(?:No such file or directory|Permission denied|Operation not permitted|Is a directory|Not a directory"
        r"|File exists|No space left on device|Connection refused|Cannot allocate memory|command not found"
        r"|Device or resource busy|Text file busy|Input/output error|Exec format error)$",
    ),
)

_HINTS = (
    _shape(
        "hint",
        Weight.HINT,
        r"(?i)(?!.*\b(?:0|no) (?:error|fail|problem))"
        r".*(?:\berrors?\b|\bfail(?:ed|ure|s)?\b|\bcannot\b|\bcan't\b|\bcould not\b|\bcouldn't\b|\bunable to\b"
        r"|\bdenied\b|\bno space\b"
        r"|\brefused\b|\bnot found\b"
        r"|\bno such\b|\binvalid\b|\bmissing\b|\btimed out\b|\baborted\b|\bfault\b|\bkilled\b)",
    ),
)

SHAPES = (*_WRAPPERS, *_WARNINGS, *_CRASHES, *_ERRORS, *_HINTS)
LAST_WORD = _shape("last word", Weight.LAST_WORD, r".")
