"""``phoneprice report``."""

from pathlib import Path
from typing import Annotated

import typer

from phoneprice.cli.options import Run, option, path_argument, path_option
from phoneprice.cli.session import Session
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.errors import UsageError

Data = Annotated[
    Path | None,
    path_argument(
        metavar="DATA",
        help="Other labelled rows than the run's, or where its own are now, for what only rows can tell.",
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
    run: Run,
    data: Data = None,
    output: Output = None,
    plots: Plots = None,
    summary: Summary = False,
    terminal: Terminal = False,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Show what a run learned, and why it failed if it did, in one HTML file that opens anywhere.

    Importance of the columns, partial dependence and the worst rows come from the table that the run was trained on,
    where that is as it was; DATA is for another one. The path of the file goes to stdout.

    For example:
      phoneprice report latest
      phoneprice report runs/phones phones.csv -o phones.html --plots plots
      phoneprice report latest --summary
      phoneprice report latest --terminal
    """
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


def _draw(session: Session, run: str, output: Path | None, plots: Path | None, *, summary: bool) -> None:
    if output is not None or plots is not None or summary or session.json:
        raise UsageError("--terminal writes no file: leave out -o, --plots, --summary and --json")
    from phoneprice.artifact.loader import load_run
    from phoneprice.artifact.runs import resolve_run
    from phoneprice.cli.rendering.terminal_report import draw_report
    from phoneprice.workflows.report import gather

    draw_report(gather(load_run(resolve_run(run))))
