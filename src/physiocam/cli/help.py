"""Help pages of the commands, as wide as the terminal, and the error for an unknown command."""

import os
import shlex
import shutil
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from inspect import cleandoc
from pathlib import Path
from textwrap import fill
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from physiocam.cli.console import name_options

# Lines longer than this are hard to read.
_WIDEST = 80

# Explanations are to the right of the names if at least so many characters are left for them.
_LEAST_BESIDE = 40


class _Page:
    """Writes usage and help itself: typer's show names of Python types, and change with its versions."""

    def collect_usage_pieces(self, _: Any) -> list[str]:
        """Return the words that follow the command's name in the usage line."""
        return _usage(self)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        formatter.write(_page(self, ctx) + "\n")


class _Command(_Page, TyperCommand):
    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        named = {param.name: max(param.opts, key=len) for param in self.params if param.opts[0].startswith("-")}
        # In Python, the folder for results is the argument `folder`.
        name_options({"folder": named["output"], **named} if "output" in named else named)
        return super().invoke(ctx)


class _Group(_Page, TyperGroup):
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that was named."""
        if args[0] not in self.commands:
            ctx.fail(_no_command(args, list(self.commands), within=ctx.parent is not None))
        return super().resolve_command(ctx, args)


class App(typer.Typer):
    """Commands, or groups of commands, with plain help pages.

    Parameters
    ----------
    help_text : str
        What the commands do, in one sentence.
    """

    def __init__(self, help_text: str) -> None:
        super().__init__(
            cls=_Group,
            help=help_text,
            no_args_is_help=True,
            add_completion=False,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
            context_settings={"help_option_names": ["--help", "-h"]},
        )

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Add a function as a command; see `typer.Typer.command`."""
        return super().command(name, cls=_Command, **settings)


def _usage(command: Any) -> list[str]:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    words = [_metavar(param) if param.required else f"[{_metavar(param)}]" for param in arguments]
    if hasattr(command, "commands"):
        words.append("COMMAND ...")
    return ["[OPTIONS]", *words]


def _page(command: Any, ctx: Any) -> str:
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    about = [" ".join(paragraph.split()) for paragraph in cleandoc(command.help or "").split("\n\n")]
    parts = [
        fill(f"Usage: {ctx.command_path} {' '.join(_usage(command))}", width, subsequent_indent="    "),
        *(fill(paragraph, width) for paragraph in about),
    ]
    params = command.get_params(ctx)
    for title, rows in (
        ("Arguments", [(_metavar(param), _meaning(param)) for param in params if param.param_type_name == "argument"]),
        ("Options", [(_names(param), _meaning(param)) for param in params if param.param_type_name == "option"]),
        ("Commands", [(name, _first(each.help)) for name, each in getattr(command, "commands", {}).items()]),
    ):
        if rows:
            parts.append("\n".join([f"{title}:", *_listed(rows, width)]))
    return "\n\n".join(parts).replace("\xa0", " ")


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _names(param: Any) -> str:
    names = ", ".join(sorted(param.opts, key=len))
    return names if param.is_flag or param.name == "help" else f"{names} {_metavar(param)}"


def _meaning(param: Any) -> str:
    text = param.help or ""
    if param.param_type_name == "option" and param.required:
        text += " [required]"
    elif not (param.default is None or param.default is False or callable(param.default)):
        # A no-break space keeps it on one line.
        text += f" [default:\xa0{param.default}]"
    return text


def _first(text: str | None) -> str:
    return " ".join(cleandoc(text or "").partition("\n\n")[0].split())


def _listed(rows: list[tuple[str, str]], width: int) -> Iterable[str]:
    """Names and explanations, side by side, or one below the other on a narrow terminal."""
    column = max(len(name) for name, _ in rows) + 4
    if width - column < _LEAST_BESIDE:
        for name, meaning in rows:
            yield fill(name, width, initial_indent="  ", subsequent_indent="  ")
            yield fill(meaning, width, initial_indent="      ", subsequent_indent="      ")
        return
    for name, meaning in rows:
        yield (
            fill(meaning, width, initial_indent=f"  {name}".ljust(column), subsequent_indent=" " * column)
            or f"  {name}"
        )


def _no_command(args: list[str], known: list[str], within: bool) -> str:
    """Say that the command does not exist, and suggest another."""
    name = args[0]
    if not within and (Path(name).suffix or os.path.exists(name)):
        folder = os.path.isdir(name) and not {"-o", "--output"} & set(args)
        wanted = shlex.join([*args, *(("-o", "results") if folder else ())])
        return f"'{name}' is not a command; to measure a video: physiocam measure {wanted}"
    if close := get_close_matches(name, known, n=1):
        return f"'{name}' is not a command; did you mean '{close[0]}'?"
    return f"'{name}' is not a command; expected one of {', '.join(known)}"
