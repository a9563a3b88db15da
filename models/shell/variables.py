"""Environment variables that a shell, the loader or an interpreter evaluates or treats specially."""

EVALUATED = frozenset(
    {
        *("BASH_ENV", "ENV", "PS0", "PS1", "PS2", "PS3", "PS4", "PROMPT_COMMAND", "SHELLOPTS"),
        *("BASHOPTS", "BASH_CMDS", "BASH_ALIASES", "FCEDIT", "FPATH", "ZDOTDIR", "RPROMPT"),
        *("LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "GCONV_PATH", "PERL5OPT", "PERL5DB"),
        *("RUBYOPT", "NODE_OPTIONS", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONBREAKPOINT"),
        *("PYTHONHOME", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "LUA_INIT"),
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR"),
        *("GIT_ASKPASS", "GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR", "GIT_CONFIG_PARAMETERS"),
        *("SSH_ASKPASS", "SUDO_ASKPASS", "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER"),
        *("LESSOPEN", "LESSCLOSE", "TAR_OPTIONS", "RSYNC_RSH", "MAKEFLAGS", "MAKEFILES", "AWKPATH"),
        *("PHP_INI_SCAN_DIR", "PHPRC", "R_PROFILE", "R_PROFILE_USER", "VIMINIT", "EXINIT"),
        *("PSQLRC", "PSQL_EDITOR", "CARGO_BUILD_RUSTC_WRAPPER", "RUSTC_WRAPPER", "SHELL"),
    }
)
"""Variables that may not contain values, neither from the script nor from `env:`."""

_OF_THE_SHELL = frozenset(
    {
        *("PATH", "IFS", "CDPATH", "GLOBIGNORE", "OPTIND", "OPTARG", "OPTERR", "RANDOM", "SRANDOM"),
        *("SECONDS", "LINENO", "EUID", "UID", "PPID", "EPOCHSECONDS", "EPOCHREALTIME", "GROUPS"),
        *("HISTCMD", "HISTFILE", "HISTSIZE", "HISTFILESIZE", "HISTCONTROL", "DIRSTACK", "FUNCNAME"),
        *("COPROC", "MAPFILE", "REPLY", "MAILCHECK", "MAIL", "MAILPATH", "TMOUT", "FUNCNEST"),
        *("POSIXLY_CORRECT", "IGNOREEOF", "INPUTRC", "HOSTFILE", "EXECIGNORE", "CHILD_MAX", "_"),
        *("PIPESTATUS", "READLINE_LINE", "READLINE_POINT", "PWD", "OLDPWD", "LD_LIBRARY_PATH"),
        *("PYTHONPATH", "PERL5LIB", "RUBYLIB", "NODE_PATH", "CLASSPATH", "HOME", "TMPDIR"),
        *("LINES", "COLUMNS", "MANPATH", "HEADWAY_FD", "HEADWAY_FILE", "HEADWAY_INPUT"),
    }
)


def is_evaluated(name: str) -> bool:
    return name in EVALUATED or name.startswith("BASH_FUNC_")


def is_special(name: str) -> bool:
    """Returns whether a script must not set the variable to a value, because it controls the shell or programs."""
    return is_evaluated(name) or name in _OF_THE_SHELL or name.startswith(("BASH_", "COMP_", "LC_"))
