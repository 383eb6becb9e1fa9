"""One function a command: it turns options into a call of a workflow, and shows what comes back."""

from collections.abc import Callable

import typer

from phoneprice.cli.command import add_command, group
from phoneprice.cli.commands import config, data, runs
from phoneprice.cli.commands.compare import compare
from phoneprice.cli.commands.cv import cv
from phoneprice.cli.commands.evaluate import evaluate
from phoneprice.cli.commands.predict import predict
from phoneprice.cli.commands.report import report
from phoneprice.cli.commands.train import train
from phoneprice.cli.commands.tune import tune


def add_all(app: typer.Typer) -> None:
    """Every command, in the order of the help."""
    for function in (train, evaluate, predict, cv, compare, tune, report):
        add_command(app, function)
    for name, (summary, example, members) in _GROUPS.items():
        app.add_typer(own := group(summary, example), name=name)
        for member in members:
            add_command(own, member)


_GROUPS: dict[str, tuple[str, str, tuple[Callable[..., None], ...]]] = {
    "config": (
        "Make, show and check configurations.",
        "phoneprice config init --from-data phones.csv --target price",
        (config.init, config.show, config.check, config.explain, config.schema),
    ),
    "data": (
        "Look at tables, and get some to try.",
        "phoneprice data check phones.csv",
        (data.check, data.describe, data.sample, data.fetch),
    ),
    "runs": (
        "List, show, compare and verify runs.",
        "phoneprice runs show latest",
        (runs.list_, runs.show, runs.diff, runs.verify),
    ),
}
