"""``phoneprice runs``."""

from pathlib import Path
from typing import Annotated

import typer

from phoneprice.cli.completion import complete_run
from phoneprice.cli.options import Run, argument, option
from phoneprice.cli.session import Session

Root = Annotated[Path, argument(metavar="DIR", help="Directory that holds the runs.", show_default=True)]
ExpectedHash = Annotated[
    str | None,
    option("--expect-sha256", metavar="HASH", help="What the SHA-256 of manifest.json must be."),
]


Best = Annotated[bool, typer.Option("--best", help="The best run of each target first, instead of the oldest.")]
Second = Annotated[
    str, argument(metavar="OTHER", help="Run directory to compare it with.", autocompletion=complete_run)
]


def list_(session: Session, root: Root = Path("runs"), best: Best = False) -> None:
    """List the runs in a directory, newest last, or as a leaderboard, best first.

    For example:
      phoneprice runs list
      phoneprice runs list --best
    """
    from phoneprice.workflows.inspect_runs import best_first, list_run_lines

    lines = list_run_lines(root)
    if best:
        lines = best_first(lines)
    if session.json:
        session.document({"format": 1, "runs": lines})
    else:
        from phoneprice.cli.rendering.runs import show_runs

        show_runs(lines, root)


def show(session: Session, run: Run) -> None:
    """Show what a run is: its task, its network, its metrics and how it was made.

    For example:
      phoneprice runs show latest
    """
    from phoneprice.artifact.loader import load_run
    from phoneprice.artifact.runs import resolve_run

    found = load_run(resolve_run(run))
    if not session.json:
        from phoneprice.cli.rendering.runs import show_run

        show_run(found)
        return
    session.document(
        {
            **found.metrics.document(),
            "run": found.path,
            "manifest": found.manifest,
            "config": found.config.model_dump(mode="json"),
            "schema": found.schema.model_dump(mode="json"),
            "environment": found.environment.document(),
            "parameters": sum(shape.parameters for shape in found.shapes),
        }
    )


def diff(session: Session, run: Run, other: Second) -> None:
    """Compare two runs: what was changed, and whether the second is better by more than chance.

    The metrics are compared row by row, on the rows that both runs held out.

    For example:
      phoneprice runs diff runs/first latest
    """
    from phoneprice.workflows.diff import diff_runs

    found = diff_runs(run, other)
    if session.json:
        paired = [{**vars(line), "beyond_chance": line.beyond_chance} for line in found.paired]
        session.document({"format": 1, **vars(found), "paired": paired})
    else:
        from phoneprice.cli.rendering.run_diff import show_diff

        show_diff(found)


def verify(session: Session, run: Run, expect_sha256: ExpectedHash = None) -> None:
    """Check every file of a run; exit code 4 if anything has changed.

    The SHA-256 of each file goes to stdout, in the format of sha256sum. They show damage, not forgery: who can change
    a run can also change its hashes. The one of manifest.json covers all others, so keep it somewhere else and give
    it with --expect-sha256.

    For example:
      phoneprice runs verify runs/phones
    """
    from phoneprice.workflows.inspect_runs import verify as verify_run

    path, files = verify_run(run, expect_sha256)
    if session.json:
        session.document({"format": 1, "run": str(path), "valid": True, "files": files})
        return
    session.write(*(f"{file.sha256}  {path / file.name}" for file in files))
    session.say(
        f"{path}: {len(files) - 1} files listed in manifest.json, that file and manifest.sha256, all as they were "
        "written. Checked: nothing missing, added or linked; every size and SHA-256; that documents, tensors (names, "
        "shapes, finite values) and tables fit each other."
    )
