"""``phoneprice train``."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phoneprice.cli.options import (
    ConfigFile,
    Device,
    OptionalData,
    Settings,
    TargetToLearn,
    configuration_to_learn,
    option,
)
from phoneprice.cli.session import Session
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.errors import UsageError
from phoneprice.stream import STREAM

if TYPE_CHECKING:
    from phoneprice.config.asked import ToInfer
    from phoneprice.config.schema import Config
    from phoneprice.workflows.events import OnEvent
    from phoneprice.workflows.train import TrainResult

Output = Annotated[
    Path | None,
    option("--output", "-o", metavar="RUN", help="Directory to write; runs/TIME-NAME if not given."),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with a training of RUN that was stopped; without -o, the last one in runs/."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace RUN if it exists.")]
Report = Annotated[bool, typer.Option("--report", help="Write the HTML report of the run beside it, to RUN.html.")]
NoCommandLine = Annotated[
    bool, typer.Option("--no-command-line", help="Keep the command line, with the paths in it, out of the run.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan (rows, members, steps) and stop.")]


def train(
    session: Session,
    data: OptionalData = None,
    target: TargetToLearn = None,
    config: ConfigFile = None,
    settings: Settings = None,
    output: Output = None,
    resume: Resume = False,
    force: Force = False,
    device: Device = None,
    report: Report = False,
    no_command_line: NoCommandLine = False,
    dry_run: DryRun = False,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Train networks on a table and write a run directory.

    All members (by default one for each of 5 folds) train at once; every row is predicted by a member that has not
    seen it, and these predictions give the metrics. The path of the run goes to stdout.

    On a table of your own, --target names the column to predict; what kind of task that is, which columns are ids and
    which are of no use is inferred, said, and written into the run. -s overrides it.

    For example:
      phoneprice train
      phoneprice train people.csv --target income -s training.epochs=50
      phoneprice train phones.csv -o runs/phones --report
      phoneprice train phones.csv -c textbook -s training.epochs=50 training.seed=1
    """
    if report and data == STREAM:
        raise UsageError("--report reads DATA a second time, which standard input can't give; save the table first")
    asked = configuration_to_learn(session, config, settings, device, target)
    from phoneprice.artifact.runs import latest_unfinished, new_run_path
    from phoneprice.artifact.writer import refuse_place

    name = Path(config).stem if config else "default"
    run = output or (latest_unfinished(force=force) if resume else new_run_path(name))
    _refuse_outputs(run, data, config, report=report)
    if dry_run:
        refuse_place(run, force=force, resume=resume)
        _show_plan(session, data, asked, reading)
        return
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.workflows.train import train as train_workflow

    with listening(session) as on_event:
        trained = train_workflow(
            data,
            asked,
            run,
            resume=resume,
            force=force,
            command_line=("phoneprice", *session.arguments),
            record_command_line=not no_command_line,
            reading=reading,
            on_event=on_event,
        )
    _finish(session, trained, data, report=report, ask_for_data=no_command_line)


def _refuse_outputs(run: Path, data: Path | None, config: str | None, *, report: bool) -> None:
    """Refuse to write a run or its report over what is read, and over what is not ours (``StorageError``).

    Raises ``UsageError``.
    """
    from phoneprice.config.presets import find_config
    from phoneprice.workflows.inputs import refuse_training_on

    file = config and find_config(config)
    refuse_training_on(file, run, "the configuration to learn with")
    if report:
        from phoneprice.workflows.report import refuse_report_beside

        refuse_report_beside(run, data, file)


def _finish(session: Session, trained: "TrainResult", data: Path | None, *, report: bool, ask_for_data: bool) -> None:
    """Write the report, if it is wanted, and say what the training has come to, also where the report fails.

    ``ask_for_data``: the run doesn't know where its table is.
    """
    from phoneprice.cli.rendering.progress import listening

    page = None
    try:
        if report:
            with listening(session) as on_event:
                page = _write_report(trained.run, data, on_event)
    finally:
        _show_trained(session, trained, page, report_command(trained.run, data if ask_for_data else None))


def _show_trained(session: Session, trained: "TrainResult", page: Path | None, command: str) -> None:
    """What the training has come to; ``command`` makes the report where there is no ``page`` yet."""
    if session.json:
        facts = {"run": trained.run, "rows": trained.rows, "seconds": trained.seconds, "warnings": trained.warnings}
        facts |= {"findings": trained.findings, "checked": trained.checked}
        facts |= {"report": page, "inferred": trained.inferred}
        session.document({**trained.metrics.document(), **facts})
        return
    if session.shows_tables:
        from phoneprice.cli.rendering.results import show_training, show_training_findings

        show_training(trained)
        show_training_findings(trained.findings, trained.checked)
        session.say(f"Report: {page}" if page else f"For a report: {command}", whole=True)
    session.tell(trained.run)


def _write_report(run: Path, data: Path | None, on_event: "OnEvent") -> Path:
    from phoneprice.workflows.events import ignore
    from phoneprice.workflows.prepare import labelled_source
    from phoneprice.workflows.report import report as report_workflow

    return report_workflow(run, labelled_source(data, ignore), on_event=on_event).output


def report_command(run: Path, data: Path | None) -> str:
    """The command line that makes the report of a run."""
    return shlex.join(["phoneprice", "report", str(run), *([str(data)] if data else [])])


def _show_plan(session: Session, data: Path | None, config: "Config | ToInfer", reading: Reading) -> None:
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.workflows.plan import plan_training

    with listening(session) as on_event:
        plan = plan_training(data, config, reading=reading, on_event=on_event)
    if session.json:
        session.document({"format": 1, "plan": plan})
    else:
        from phoneprice.cli.rendering.plan import show_plan

        show_plan(plan)
