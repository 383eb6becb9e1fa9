"""``phoneprice compare``."""

from pathlib import Path
from typing import Annotated

import typer

from phoneprice.cli.options import (
    SEVERAL_SETTINGS,
    ConfigFile,
    Device,
    OptionalData,
    Settings,
    TargetToLearn,
    configuration_to_learn,
    option,
    vary_option,
)
from phoneprice.cli.session import Session
from phoneprice.config.reading import AS_CONFIGURED, Reading

Vary = Annotated[
    list[str] | None,
    vary_option("KEY=A|B", "Setting to vary, with its values, such as 'model.activation=relu|tanh'; may be repeated."),
    SEVERAL_SETTINGS,
]
Grid = Annotated[bool, typer.Option("--grid", help="Every combination of the values, not one change at a time.")]
Output = Annotated[
    Path | None,
    option("--output", "-o", metavar="DIR", help="Directory to write; comparisons/TIME-NAME if not given."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace DIR if it is a comparison.")]


def compare(
    session: Session,
    data: OptionalData = None,
    target: TargetToLearn = None,
    config: ConfigFile = None,
    settings: Settings = None,
    vary: Vary = None,
    grid: Grid = False,
    output: Output = None,
    force: Force = False,
    device: Device = None,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """See what a setting does: train variants side by side, and compare them.

    Each variant is one change away from the configuration, or with --grid a combination of all values. They train
    together, on the same folds and from the same seeds. DIR holds a page with learning curves, gradients and
    differences, and the figures; its path goes to stdout. Ready-made lessons: activation, batch_norm, decay, depth,
    dropout, initialization, learning_rate, optimizer, scaling, weight_decay.

    For example:
      phoneprice compare -c activation
      phoneprice compare phones.csv --target price -x 'model.hidden=[]|[64,64]'
      phoneprice compare -c fast -x 'optimizer=sgd|adam' model.dropout=0.5 --grid
    """
    asked = configuration_to_learn(session, config, settings, device, target)
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.workflows.compare import compare as compare_workflow

    with listening(session) as on_event:
        result = compare_workflow(
            data, asked, vary or (), output, file=config, grid=grid, force=force, reading=reading, on_event=on_event
        )
    if session.json:
        session.document(result.document())
        return
    if session.shows_tables:
        from phoneprice.cli.rendering.comparison import show_comparison

        show_comparison(result.comparison)
        session.say(f"Page: {result.page}", whole=True)
    session.tell(result.path)
