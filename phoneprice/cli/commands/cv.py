"""``phoneprice cv``."""

from pathlib import Path
from typing import Annotated

import typer

from phoneprice.cli.options import (
    ConfigFile,
    Device,
    OptionalData,
    Settings,
    TargetToLearn,
    configuration_to_learn,
    number_option,
    path_option,
    refuse_stdout,
)
from phoneprice.cli.session import Session
from phoneprice.config.bounds import MOST_FOLDS
from phoneprice.config.reading import AS_CONFIGURED, Reading

Folds = Annotated[
    int,
    number_option("--folds", least=2, most=MOST_FOLDS, text="Parts of the table, each tested once; 5 if not given."),
]
Repeats = Annotated[
    int, number_option("--repeats", least=1, most=MOST_FOLDS, text="Times with other parts; 3 if not given.")
]
Seed = Annotated[int, number_option("--seed", least=0, most=2**32 - 1, text="Of the parts; 0 if not given.")]
Baselines = Annotated[
    bool, typer.Option("--baselines", help="Compare with scikit-learn's usual models on the same parts.")
]
Predictions = Annotated[
    Path | None,
    path_option("--predictions", metavar="FILE", help="Write the prediction of every test row, as Parquet."),
]


def cv(
    session: Session,
    data: OptionalData = None,
    target: TargetToLearn = None,
    config: ConfigFile = None,
    settings: Settings = None,
    folds: Folds = 5,
    repeats: Repeats = 3,
    seed: Seed = 0,
    baselines: Baselines = False,
    predictions: Predictions = None,
    device: Device = None,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Cross-validate: train the whole pipeline on parts of a table, and test it on the rest.

    The folds are those of scikit-learn's RepeatedStratifiedKFold (regression: RepeatedKFold) with the same seed. All of
    them train at once. Nothing is kept but the figures. --target is as in train.

    For example:
      phoneprice cv phones.csv --target price_range
      phoneprice cv phones.csv -c textbook --repeats 1 --baselines
    """
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.records.documents import Protocol
    from phoneprice.workflows.cross_validate import cross_validate

    refuse_stdout(session, predictions, "the predictions", "--predictions")
    asked = configuration_to_learn(session, config, settings, device, target)
    if predictions and config:
        from phoneprice.config.presets import find_config
        from phoneprice.workflows.inputs import refuse_output

        refuse_output(predictions, find_config(config), option="--predictions")
    with listening(session) as on_event:
        result = cross_validate(
            data,
            asked,
            Protocol(folds, repeats, seed),
            baselines=baselines,
            predictions=predictions,
            reading=reading,
            on_event=on_event,
        )
    if session.json:
        facts = {"source": result.source, "warnings": result.warnings, "inferred": result.inferred}
        session.document({**result.metrics.document(), **facts})
    elif session.shows_tables:
        from phoneprice.cli.rendering.cross_validation import show_cross_validation

        show_cross_validation(result)
