"""``phoneprice runs``."""

from pathlib import Path
from typing import Annotated

from phoneprice.cli.options import Run, path_argument
from phoneprice.cli.session import Session

Root = Annotated[Path, path_argument("DIR", "Directory that holds the runs.", show_default=True)]


def list_(session: Session, root: Root = Path("runs")) -> None:
    """List the runs in a directory, newest last.

    For example:
      phoneprice runs list
    """
    from phoneprice.workflows.runs import list_run_lines

    lines = list_run_lines(root)
    if session.json:
        session.document({"format": 1, "runs": lines})
    else:
        from phoneprice.cli.rendering.tables import show_runs

        show_runs(lines, root)


def show(session: Session, run: Run) -> None:
    """Show what a run is: its task, its network, its metrics and how it was made.

    For example:
      phoneprice runs show latest
    """
    from phoneprice.workflows.runs import show_run

    details = show_run(run)
    if not session.json:
        from phoneprice.cli.rendering.tables import show_run_details

        show_run_details(details)
        return
    session.document(
        {
            **details.metrics,
            "run": str(details.run.path),
            "manifest": details.run.manifest,
            "config": details.run.config.model_dump(mode="json"),
            "schema": details.run.schema.model_dump(mode="json"),
            "environment": details.environment,
            "parameters": details.parameters,
        }
    )


def verify(session: Session, run: Run) -> None:
    """Check every file of a run against its SHA-256; exit code 4 if anything has changed.

    For example:
      phoneprice runs verify runs/phones
    """
    from phoneprice.workflows.runs import verify as verify_run

    path, files = verify_run(run)
    if session.json:
        session.document({"format": 1, "run": str(path), "valid": True, "files": files})
    else:
        session.say(f"{path}: {len(files)} files, all as they were written")
