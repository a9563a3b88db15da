"""Programs that run text from their arguments or input, and the places in it where data is allowed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Program:
    """The arguments of a program that runs text; options are written with their dashes."""

    code: frozenset[str] = frozenset()
    """Options whose argument is the text to run."""
    takes: frozenset[str] = frozenset()
    """Other options with an argument."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Options whose argument is data, and a pattern for its beginning: a name and `=`, or nothing."""
    named: frozenset[str] = frozenset()
    """Options followed by two words: a name and a value."""
    stops: bool = True
    """Whether it reads no options after its text, so that all later words are data."""
    code_stops: bool = False
    """The same if the text was an option's argument."""


def _letters(letters: str) -> frozenset[str]:
    return frozenset(f"-{letter}" for letter in letters)


_NAME_AND_VALUE = r"[A-Za-z_]\w*="
_PERL = Program(_letters("eE"), frozenset())
_NODE = Program(_letters("ep") | {"--eval", "--print"}, _letters("r") | {"--require", "--import"})
_AWK = Program(_letters("f"), frozenset(), {"-v": _NAME_AND_VALUE})
INTERPRETERS: Mapping[str, Program] = {
    "python": Program(_letters("cm"), _letters("WX"), code_stops=True),
    "pypy": Program(_letters("cm"), _letters("WX"), code_stops=True),
    "perl": _PERL,
    "ruby": Program(_letters("e"), _letters("rIC")),
    "node": _NODE,
    "nodejs": _NODE,
    "php": Program(_letters("rf"), _letters("dc")),
    "lua": Program(_letters("e"), _letters("l")),
    "luajit": Program(_letters("e"), _letters("l")),
    "Rscript": Program(_letters("e")),
    "awk": _AWK,
    "gawk": _AWK,
    "mawk": _AWK,
    "nawk": _AWK,
    "sed": Program(_letters("ef") | {"--expression"}, _letters("l"), stops=False),
    "jq": Program(
        _letters("f"),
        frozenset({"--indent"}),
        named=frozenset({"--arg", "--argjson", "--rawfile", "--slurpfile"}),
        stops=False,
    ),
}
"""Programs whose text is an option's argument, or the first argument without a dash."""

SHELLS = frozenset(
    {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "rbash", "yash", "csh", "tcsh"}
)

WRAPPERS = frozenset(
    {
        *("builtin", "command", "exec", "env", "sudo", "doas", "nohup", "timeout", "nice"),
        *("ionice", "time", "stdbuf", "setsid", "chronic", "busybox", "taskset", "catchsegv"),
    }
)
"""Programs that run the command that follows their options."""

RUN_TEXT = frozenset(
    {
        *("xargs", "find", "ssh", "su", "watch", "parallel", "at", "batch", "crontab", "make"),
        *("gmake", "vi", "vim", "nvim", "ex", "ed", "emacs", "gdb", "expect", "tclsh", "wish"),
        *("osascript", "pwsh", "powershell", "deno", "bun", "groovy", "jshell", "nsenter"),
        *("unshare", "chroot", "screen", "tmux", "script", "flock", "systemd-run", "runuser"),
        *("psql", "mysql", "mariadb", "sqlite", "duckdb", "sqlplus", "mongosh", "mongo"),
        *("redis-cli", "clickhouse-client", "snowsql", "isql", "bteq", "m4", "gnuplot", "octave"),
        *("bc", "dc", "socat", "ncat", "nc", "telnet", "lftp", "ftp", "sftp", "strace", "ltrace"),
        *("entr", "inotifywait", "setpriv", "fakeroot", "proot", "bwrap", "sg", "newgrp", "R"),
        *("envsubst", "rundeck", "julia", "ghci", "sbcl", "guile", "racket", "erl", "iex"),
        *("elixir", "scala", "kotlin", "swift", "java", "start-stop-daemon", "run-parts"),
        *(
            "docker",
            "podman",
            "nerdctl",
            "kubectl",
            "git-shell",
            "rlwrap",
            "unbuffer",
            "pkexec",
            "capsh",
            "trickle",
        ),
    }
)
"""Programs that may run almost any argument, locally or on a server; all arguments must be plain words."""

READ_TEXT = frozenset(
    {
        *("psql", "mysql", "mariadb", "sqlite", "duckdb", "sqlplus", "mongosh", "mongo", "su"),
        *("redis-cli", "clickhouse-client", "snowsql", "isql", "bteq", "at", "batch", "tclsh"),
        *("crontab", "gnuplot", "bc", "dc", "m4", "ed", "ex", "parallel", "xargs", "R", "julia"),
        *("octave", "gdb", "expect", "sftp", "lftp", "ftp", "make", "gmake"),
    }
)
"""Programs of RUN_TEXT that run their input, or build commands from it."""

RUN_OPTIONS = frozenset(
    {
        *("git", "hg", "svn", "tar", "bsdtar", "gtar", "cpio", "rsync", "scp", "zip", "sort"),
        *("wget", "man", "less", "more", "curl", "split", "openssl", "ffmpeg", "pip", "npm"),
        *("npx", "pipx", "uv", "cargo", "go", "gcc", "cc", "ld", "dpkg", "rpm", "apt", "apt-get"),
        *("sendmail", "mail", "tcpdump", "cmake", "ctags", "pg_dump", "pg_restore", "yum", "dnf"),
        *("gem", "bundle", "pytest", "ansible", "terraform", "helm"),
    }
)
"""Programs with options that may name a command, or code, to run."""

_VERSION = re.compile(r"(?<=[A-Za-z])-?\d[\d.]*$")


def family(name: str) -> str:
    """Returns the name without its version: `python` for `python3.11`."""
    return name if name in RUN_OPTIONS else _VERSION.sub("", name)


def runs_text(name: str) -> bool:
    known = family(name)
    return known in INTERPRETERS or known in SHELLS or known in RUN_TEXT or known in WRAPPERS
