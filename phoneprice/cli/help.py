"""How help looks: plain text in groups, examples last; in colour on a terminal.

Typer's own boxes need rich, whose import takes longer than everything else that ``--help`` does.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from phoneprice.cli.several_values import SeveralValues, repeat_options

HEADING, NAME = "1;4", "1"
"""ANSI: bold and underlined, bold."""


def _styled(text: str, style: str) -> str:
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\x1b[{style}m{text}\x1b[0m"


def _section(formatter: Any, title: str, rows: Sequence[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(_styled(title, HEADING)):
            formatter.write_dl([(_styled(name, NAME), text) for name, text in rows], col_max=24)


def _write_parameters(command: Any, ctx: Any, formatter: Any) -> None:
    """Arguments, options, and the options that stand in a panel of their own."""
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for parameter in command.get_params(ctx):
        if parameter.param_type_name == "argument":
            sections["Arguments"].append((parameter.metavar, parameter.help or ""))
        elif record := parameter.get_help_record(ctx):
            panel = getattr(parameter, "rich_help_panel", None) or "Options"
            sections.setdefault(panel, []).append(record)
    for title, rows in sections.items():
        _section(formatter, title, rows)


class _WithExamples:
    """A command or group whose help ends with examples, which are its ``epilog``."""

    epilog: str | None

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """The examples as they stand."""
        if self.epilog:
            with formatter.section(_styled("Examples", HEADING)):
                indent = " " * formatter.current_indent
                formatter.write("".join(f"{indent}{line}\n" for line in self.epilog.splitlines()))


class Command(_WithExamples, TyperCommand):
    """A command with options that take several values."""

    several_values: ClassVar[Mapping[str, SeveralValues]] = {}
    """The options that take several values, by parameter."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does, but ``-s a=1 b=2`` means ``-s a=1 -s b=2``, and every error knows its command."""
        try:
            return super().parse_args(ctx, list(repeat_options(args, self.get_params(ctx), self.several_values)))
        except Exception as error:
            if getattr(error, "ctx", ctx) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """``[OPTIONS] RUN [DATA]``."""
        arguments = [parameter for parameter in self.get_params(ctx) if parameter.param_type_name == "argument"]
        return ["[OPTIONS]", *(str(a.metavar if a.required else f"[{a.metavar}]") for a in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options in groups."""
        _write_parameters(self, ctx, formatter)


class Group(_WithExamples, TyperGroup):
    """A group of commands; without one of them it shows its help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does, but without a command the help goes to stderr with exit code 2.

        ``help train`` is ``train --help``.
        """
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            raise typer.Exit(2)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands, then the options."""
        commands = [(name, (command.help or "").partition("\n")[0]) for name, command in self.commands.items()]
        _section(formatter, "Commands", commands)
        _write_parameters(self, ctx, formatter)
