"""``phoneprice tune``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phoneprice.cli.commands.train import NoCommandLine, Output, Resume, report_command
from phoneprice.cli.options import (
    SEVERAL_SETTINGS,
    ConfigFile,
    Device,
    OptionalData,
    Settings,
    TargetToLearn,
    configuration_to_learn,
    number_option,
    option,
    vary_option,
)
from phoneprice.cli.session import Session
from phoneprice.config.bounds import MOST_CANDIDATES, MOST_FOLDS
from phoneprice.config.reading import AS_CONFIGURED, Reading

if TYPE_CHECKING:
    from phoneprice.workflows.tune import TuneResult

Space = Annotated[
    list[str] | None,
    vary_option(
        "KEY=RANGE",
        "Search a setting: a range such as optimizer.lr=1e-3..0.1:log, or values with | between them; "
        "may be repeated. The default space of the kind of task if not given.",
    ),
    SEVERAL_SETTINGS,
]
Candidates = Annotated[
    int | None,
    number_option(
        "--candidates", least=1, most=MOST_CANDIDATES, text="Configurations to try; 64 if not given, nor --minutes."
    ),
]
Minutes = Annotated[
    float | None,
    option("--minutes", metavar="M", help="Ask for no further candidates when the search has taken so long."),
]
Folds = Annotated[
    int,
    number_option("--folds", least=2, most=MOST_FOLDS, text="Parts of the table, each tested once; 5 if not given."),
]
Metric = Annotated[
    str | None,
    option("--metric", metavar="NAME", help="What the best is picked by; log_loss (numbers: rmse) if not given."),
]
Seed = Annotated[
    int, number_option("--seed", least=0, most=2**32 - 1, text="Of the candidates and the folds; 0 if not given.")
]
NoRacing = Annotated[bool, typer.Option("--no-racing", help="Train all candidates on all folds.")]
NoTrain = Annotated[bool, typer.Option("--no-train", help="Search alone: RUN holds no networks.")]
Nested = Annotated[
    bool,
    typer.Option("--nested", help="Do the whole search on outer folds, too: what it finds, on rows without a part."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace RUN if it exists.")]


def tune(
    session: Session,
    data: OptionalData = None,
    target: TargetToLearn = None,
    config: ConfigFile = None,
    settings: Settings = None,
    vary: Space = None,
    candidates: Candidates = None,
    minutes: Minutes = None,
    folds: Folds = 5,
    metric: Metric = None,
    seed: Seed = 0,
    no_racing: NoRacing = False,
    no_train: NoTrain = False,
    nested: Nested = False,
    output: Output = None,
    resume: Resume = False,
    force: Force = False,
    device: Device = None,
    no_command_line: NoCommandLine = False,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Search for the best configuration, and write a run of it.

    Candidates are compared on the same folds, all at once; those that are surely behind are dropped early. The figure
    of the best one is the luckiest of many, so what it is worth in truth is told beside it. What is searched may also
    stand in FILE, in [tune.space]. The path of the run goes to stdout.

    For example:
      phoneprice tune phones.csv --target price_range
      phoneprice tune phones.csv -c textbook -x 'model.hidden=[32]|[64,32]'
      phoneprice tune phones.csv -x optimizer.lr=1e-3..0.1:log model.dropout=0..0.5
      phoneprice tune phones.csv --minutes 10 --metric accuracy -o runs/tuned
    """
    asked = configuration_to_learn(session, config, settings, device, target)
    from phoneprice.config.schema import Config
    from phoneprice.workflows.spaces import SearchedSpace

    space = SearchedSpace.of(vary, config, settings or ())
    if isinstance(asked, Config):
        space.around(asked)  # what is wrong in it is said before anything heavy is imported
    from phoneprice.artifact.runs import latest_unfinished, new_run_path
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.config.presets import find_config
    from phoneprice.workflows.inputs import refuse_training_on
    from phoneprice.workflows.tune import tune as tune_workflow

    name = Path(config).stem if config else "tuned"
    run = output or (latest_unfinished(force=force) if resume else new_run_path(name))
    refuse_training_on(config and find_config(config), run, "the configuration to learn with")
    with listening(session) as on_event:
        found = tune_workflow(
            data,
            asked,
            run,
            space=space,
            candidates=candidates,
            minutes=minutes,
            folds=folds,
            metric=metric,
            seed=seed,
            racing=not no_racing,
            training=not no_train,
            nested=nested,
            resume=resume,
            force=force,
            command_line=("phoneprice", *session.arguments),
            record_command_line=not no_command_line,
            reading=reading,
            on_event=on_event,
        )
    _show(session, found, data)


def _show(session: Session, found: "TuneResult", data: Path | None) -> None:
    if session.json:
        search, trained = found.search, found.training
        facts = {"run": found.run, "seconds": found.seconds, "warnings": found.warnings, "inferred": found.inferred}
        facts |= {"training": None if trained is None else trained.metrics.document()}
        session.document({**search.document(), "metrics": {search.metric: search.estimate}, **facts})
        return
    if session.shows_tables:
        from phoneprice.cli.rendering.tuning import show_search

        show_search(found.search, found.seconds)
        if found.training is None:
            session.say(f"For a run of it: phoneprice train DATA -c {found.run / 'best.toml'}", whole=True)
        else:
            from phoneprice.cli.rendering.results import show_training, show_training_findings

            show_training(found.training)
            show_training_findings(found.training.findings, found.training.checked)
            session.say(f"For a report: {report_command(found.run, data)}", whole=True)
    session.tell(found.run)
