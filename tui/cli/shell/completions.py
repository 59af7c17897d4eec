"""Completions for bash, zsh and fish, made from the parser: `eval "$(yimi completions bash)"`."""

from __future__ import annotations

import shlex
from typing import Final

from tui.cli.shell.described import CommandTree, Option

SHELLS: Final = ("bash", "zsh", "fish")


def completions(shell: str, tree: CommandTree) -> str:
    """The script for that shell."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](tree)


def _flags(options: tuple[Option, ...]) -> list[str]:
    return [flag for option in options for flag in option.flags]


def _words(options: tuple[Option, ...]) -> list[str]:
    """What can stand by itself: choices of the places."""
    return [each for option in options if not option.flags for each in option.choices]


# ---------------------------------------------------------------- bash


def _bash(tree: CommandTree) -> str:
    names = " ".join(command.name for command in tree.commands)
    cases = []
    for command in tree.commands:
        said = [*_flags(command.options), *_words(command.options)]
        said += [under.name for under in command.commands]
        cases.append(f'        {command.name}) words="{" ".join(said)}" ;;')
    values = _bash_values(tree)
    return f"""\
# bash completion for yimi: eval "$(yimi completions bash)"
_yimi() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
    local words="" command="" each
    COMPREPLY=()
    for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case " {names} " in *" $each "*) command="$each"; break ;; esac
    done
    case "$before" in
{values}
    esac
    case "$command" in
        "") words="{names} {" ".join(_flags(tree.options))}" ;;
{chr(10).join(cases)}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _yimi yimi
"""


def _bash_values(tree: CommandTree) -> str:
    files: set[str] = set()
    chosen: dict[str, str] = {}
    for option in _every(tree):
        for flag in option.flags:
            if option.path:
                files.add(flag)
            elif option.choices:
                chosen[flag] = " ".join(option.choices)
    reply = 'COMPREPLY=($(compgen {} -- "$current")); return ;;'
    rows = [f"        {'|'.join(sorted(files))}) {reply.format('-f')}"] if files else []
    rows += [
        f"        {flag}) " + reply.format(f'-W "{words}"')
        for flag, words in sorted(chosen.items())
    ]
    return "\n".join(rows)


def _every(tree: CommandTree) -> list[Option]:
    found = list(tree.options)
    for command in tree.commands:
        found += _every(command)
    return found


# ---------------------------------------------------------------- zsh


def _zsh(tree: CommandTree) -> str:
    lines = ["#compdef yimi", '# zsh completion for yimi: eval "$(yimi completions zsh)"', ""]
    lines += ["_yimi() {", "    local -a commands", "    commands=("]
    lines += [f"        {_quoted(_colon(c.name) + ':' + c.help)}" for c in tree.commands]
    lines += ["    )", "    local context state line", "    _arguments -C \\"]
    lines += [f"        {spec} \\" for option in tree.options for spec in _zsh_option(option)]
    lines += ["        '1: :->command' '*:: :->rest'", "    case $state in"]
    lines += ["        command) _describe command commands ;;", "        rest) case $words[1] in"]
    for command in tree.commands:
        specs = [spec for option in command.options for spec in _zsh_option(option)]
        names = [under.name for under in command.commands]
        if names:
            specs.append(_quoted(f"1: :({' '.join(names)})"))
        lines.append(f"            {command.name}) _arguments {' '.join(specs)} ;;")
    lines += ["        esac ;;", "    esac", "}", "compdef _yimi yimi"]
    return "\n".join(lines) + "\n"


def _zsh_option(option: Option) -> list[str]:
    what = ""
    if option.metavar or not option.flags:
        how = f"({' '.join(option.choices)})" if option.choices else "_files" * option.path
        what = f":{_colon(option.metavar.lower())}:{how}"
    help = option.help.replace("[", "(").replace("]", ")").replace(":", "\\:")
    if not option.flags:
        return [_quoted(("::" if option.optional else ":") + what[1:])]
    return [_quoted(f"{flag}[{help}]{what}") for flag in option.flags]


def _colon(text: str) -> str:
    return text.replace(":", "\\:")


def _quoted(text: str) -> str:
    return shlex.quote(text)


# ---------------------------------------------------------------- fish


def _fish(tree: CommandTree) -> str:
    lines = ["# fish completion for yimi: yimi completions fish | source", "complete -c yimi -f"]
    none = "__fish_use_subcommand"
    lines += [_fish_option(option, none) for option in tree.options if option.flags]
    for command in tree.commands:
        lines.append(f"complete -c yimi -n {none} -a {command.name} -d {shlex.quote(command.help)}")
        here = shlex.quote(f"__fish_seen_subcommand_from {command.name}")
        lines += [_fish_option(option, here) for option in command.options if option.flags]
        words = [*_words(command.options), *(under.name for under in command.commands)]
        if words:
            lines.append(f"complete -c yimi -n {here} -a {shlex.quote(' '.join(words))}")
    return "\n".join(lines) + "\n"


def _fish_option(option: Option, when: str) -> str:
    parts = ["complete", "-c", "yimi", "-n", when]
    for flag in option.flags:
        parts += ["-l", flag[2:]] if flag.startswith("--") else ["-s", flag[1:]]
    if option.metavar:
        parts.append("-r")
        if option.choices:
            parts += ["-a", shlex.quote(" ".join(option.choices))]
        elif option.path:
            parts.append("-F")
    return " ".join([*parts, "-d", shlex.quote(option.help)])
