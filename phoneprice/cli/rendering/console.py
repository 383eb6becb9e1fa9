"""Rich's consoles for the two streams, no wider than 80 columns: the door for all that has columns or colours.

Rich makes ``Text`` of every string that it lays out, here of its ``printable`` form, so widths are those of what is
shown. A ``Text`` passes as it is, so it is made here only, by ``styled`` and ``line_of``.
"""

import shutil
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from phoneprice.cli.output import WIDTH
from phoneprice.wording import below_each_other, printable

LEAST_WIDTH = 24
"""In a narrower terminal lines are cut or wrapped by itself: no table can be laid out there."""
LABEL_WIDTH = 16
BLUE, ORANGE = "#007ac3", "#c25400"
"""Colours of lines and cautions: as easy to read on black as on white (4.5 to 1 on both, WCAG 2.1, 1.4.3)."""
UNBOUNDED = 10_000
"""Columns where nothing is to be wrapped."""


def stderr() -> Console:
    """For tables and summaries beside the data."""
    return _console(to_stderr=True)


def stdout(*, whole_lines: bool = False) -> Console:
    """For tables that are a command's result; with ``whole_lines`` they are wrapped on a terminal only."""
    console = _console(to_stderr=False)
    if whole_lines and not console.is_terminal:
        console.width = UNBOUNDED
    return console


def _console(*, to_stderr: bool) -> Console:
    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            """What rich calls for every string, be it printed, a cell, a heading or a title."""
            return super().render_str(printable(text), **options)

        def on_broken_pipe(self) -> NoReturn:
            """What rich calls while it handles the error; its own answer is to exit with code 1."""
            raise  # noqa: PLE0704

    columns, lines = shutil.get_terminal_size((WIDTH, 24))
    # Without a height rich takes a terminal that calls itself dumb for 80 columns, whatever the width.
    return PlainConsole(
        stderr=to_stderr,
        width=max(min(WIDTH, columns), LEAST_WIDTH),
        height=lines,
        highlight=False,
        markup=False,
        emoji=False,
    )


def show(console: Console, what: RenderableType = "", *, style: str = "") -> None:
    """Print something, an empty line if nothing; where it is no terminal, without the spaces that fill its lines.

    Text is one line, and left for the terminal to wrap, so that a long path in it stays whole.
    """
    whole = isinstance(what, str)
    if console.is_terminal:
        console.print(what, style=style, soft_wrap=whole)
        return
    with console.capture() as captured:
        console.print(what, soft_wrap=whole)
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def styled(text: str, style: str = "") -> Text:
    """Text in a style of its own, such as a cell of a table."""
    return Text(printable(text), style)


def line_of(*parts: tuple[str, str]) -> Text:
    """One line of parts, each with its style."""
    return Text.assemble(*((printable(text), style) for text, style in parts))


def width_of(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return cell_len(printable(text))


def plain_table(title: str = "", texts: Iterable[str] = (), numbers: Iterable[str] = ()) -> Table:
    """A table with a line below its header and no others; its first columns are ``texts``, cut to ``LABEL_WIDTH``."""
    below_header = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=below_header,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for heading in texts:
        table.add_column(heading, max_width=LABEL_WIDTH, no_wrap=True, overflow="ellipsis")
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table


def add_figures(table: Table, heading: str, texts: Sequence[str], least: int = 0) -> list[str]:
    """Add a column whose cells are these figures, decimal points below each other; returns the cells."""
    return add_aligned(table, heading, below_each_other(texts), least)


def add_aligned(table: Table, heading: str, cells: Sequence[str], least: int = 0) -> list[str]:
    """Add a column of cells that stand below each other as they are, never cut; returns them."""
    width = max([least, len(heading), *map(len, cells)])
    table.add_column(heading.rjust(width), no_wrap=True, min_width=width)
    return [cell.rjust(width) for cell in cells]


def first_that_fits(console: Console, tables: Iterable[Table]) -> Table:
    """The first table that fits without breaking a word, or the last one."""
    unbounded = console.options.update(max_width=UNBOUNDED)
    for table in tables:
        if console.measure(table, options=unbounded).minimum <= console.width:
            break
    return table


def name_value_table(rows: Iterable[tuple[str, str]]) -> Table:
    """A name and its value a line."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
