"""The manual page, made from the parser: `yimi man`, `yimi man | man -l -`."""

from __future__ import annotations

from tui import __version__
from tui.cli.shell.described import CommandTree, Option
from tui.console.i18n import tr


def manual(tree: CommandTree) -> str:
    """The page in man(7)'s macros, in the language of the moment."""
    lines = [f'.TH YIMI 1 "" "yimi {__version__}" "{tr("man.title")}"']
    lines += [f".SH {_upper('man.name')}", f"yimi \\- {_text(tree.help)}"]
    lines += [f".SH {_upper('man.synopsis')}", ".B yimi"]
    lines += [_short(option) for option in tree.options]
    lines.append(".RI [ COMMAND ...]")
    lines += [f".SH {_upper('man.description')}", _text(tr("man.about"))]
    lines += [f".SH {_upper('man.options')}", *_options(tree.options)]
    lines.append(f".SH {_upper('man.commands')}")
    for command in tree.commands:
        lines += _command(command, "yimi")
    lines += [f".SH {_upper('man.codes')}"]
    for code in range(5):
        lines += [".TP", f".B {code}", _text(tr(f"man.code_{code}"))]
    lines += [f".SH {_upper('man.environment')}", ".TP", ".B NO_COLOR", _text(tr("man.no_color"))]
    lines += [".TP", ".B LC_ALL, LC_MESSAGES, LANG, LANGUAGE", _text(tr("man.language"))]
    lines += [".TP", ".B YIMI_CONFIG_DIR, YIMI_STATE_DIR, YIMI_RUNTIME_DIR, YIMI_DATA_DIR"]
    lines.append(_text(tr("man.directories")))
    return "\n".join(lines) + "\n"


def _command(command: CommandTree, before: str) -> list[str]:
    places = [_place(option) for option in command.options if not option.flags]
    name = " ".join([f"{before} {command.name}", *places])
    lines = [f".SS {_text(name)}", _text(command.help)]
    lines += _options(tuple(each for each in command.options if "--help" not in each.flags))
    for under in command.commands:
        lines += _command(under, f"{before} {command.name}")
    return lines


def _options(options: tuple[Option, ...]) -> list[str]:
    lines = []
    for option in options:
        if option.flags:
            flags = ", ".join(f"\\fB{_text(flag)}\\fR" for flag in option.flags)
            value = f" \\fI{_text(option.metavar)}\\fR" if option.metavar else ""
            lines += [".TP", flags + value, _text(option.help)]
        elif option.help:
            lines += [".TP", f"\\fI{_text(_place(option))}\\fR", _text(option.help)]
    return lines


def _short(option: Option) -> str:
    flag = option.flags[-1]
    value = f" \\fI{_text(option.metavar)}\\fR" if option.metavar else ""
    return f"[\\fB{_text(flag)}\\fR{value}]"


def _place(option: Option) -> str:
    return f"[{option.metavar}]" if option.optional else option.metavar


def _upper(id: str) -> str:
    return _text(tr(id).upper())


def _text(text: str) -> str:
    """Without anything that roff would take for a command."""
    said = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + said if said.startswith(".") else said
