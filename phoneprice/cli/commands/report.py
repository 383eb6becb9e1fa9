"""``phoneprice report``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from phoneprice.cli.completion import complete_run
from phoneprice.cli.options import argument, option, path_option
from phoneprice.cli.session import Session
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.errors import UsageError
from phoneprice.places import is_directory
from phoneprice.stream import given_path

RunsAndData = Annotated[
    list[str],
    argument(
        metavar="RUN... [DATA]",
        help="Run directory, or several; 'latest' is the newest one in runs/. Then other labelled rows than the run's, "
        "or where its own are now, for what only rows can tell.",
        autocompletion=complete_run,
    ),
]
Output = Annotated[
    Path | None,
    path_option("--output", "-o", metavar="FILE", help="HTML file to write; RUN.html beside RUN if not given."),
]
Plots = Annotated[
    Path | None, option("--plots", metavar="DIR", help="Write the charts to DIR too, as SVG and PNG files.")
]
Summary = Annotated[
    bool, typer.Option("--summary", help="One A4 page instead, for those who decide; RUN-summary.html if no -o.")
]
Terminal = Annotated[bool, typer.Option("--terminal", help="Draw in the terminal and write no file.")]


def report(
    session: Session,
    runs_and_data: RunsAndData,
    output: Output = None,
    plots: Plots = None,
    summary: Summary = False,
    terminal: Terminal = False,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Show what a run learned, and why it failed if it did, in one HTML file that opens anywhere.

    Several runs of one target stand side by side: curves on one scale, intervals, paired differences to the first.

    Importance of the columns, partial dependence and the worst rows come from the table that the run was trained on,
    where that is as it was; DATA is for another one. The path of the file goes to stdout.

    For example:
      phoneprice report latest
      phoneprice report runs/phones phones.csv -o phones.html --plots plots
      phoneprice report latest --summary
      phoneprice report latest --terminal
      phoneprice report runs/phones runs/wide new_phones.csv -o both.html
    """
    *runs, last = runs_and_data
    data = None if not runs or _is_run(last) else given_path(last)
    if data is None:
        runs.append(last)
    if len(runs) > 1:
        if terminal or plots or summary:
            raise UsageError("--terminal, --plots and --summary are for one run; leave them out, or name one")
        _report_of_runs(session, runs, data, output, reading)
        return
    (run,) = runs
    if terminal:
        _draw(session, run, output, plots, summary=summary)
        return
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.workflows.report import report as report_workflow

    with listening(session) as on_event:
        written = report_workflow(run, data, output, plots=plots, summary=summary, reading=reading, on_event=on_event)
    if session.json:
        session.document({"format": 1, **vars(written)})
        return
    session.tell(written.output)


def _is_run(word: str) -> bool:
    """Whether the last word is another run, and no table; a directory is never a table."""
    return word == "latest" or is_directory(Path(word))


def _report_of_runs(
    session: Session, runs: Sequence[str], data: Path | None, output: Path | None, reading: Reading
) -> None:
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.workflows.compare_runs import report_of_runs

    with listening(session) as on_event:
        written = report_of_runs(runs, data, output, reading=reading, on_event=on_event)
    if session.json:
        session.document(written.document())
        return
    if session.shows_tables:
        from phoneprice.cli.rendering.comparison import show_comparison

        show_comparison(written.comparison)
    session.tell(written.output)


def _draw(session: Session, run: str, output: Path | None, plots: Path | None, *, summary: bool) -> None:
    if output is not None or plots is not None or summary or session.json:
        raise UsageError("--terminal writes no file: leave out -o, --plots, --summary and --json")
    from phoneprice.artifact.loader import load_run
    from phoneprice.artifact.runs import resolve_run
    from phoneprice.cli.rendering.terminal_report import draw_report
    from phoneprice.workflows.report import gather

    draw_report(gather(load_run(resolve_run(run))))
