"""One function a command: it turns options into a call of a workflow, and shows what comes back."""

import typer

from phoneprice.cli.command import add_command, group
from phoneprice.cli.commands import config, data, runs
from phoneprice.cli.commands.cv import cv
from phoneprice.cli.commands.evaluate import evaluate
from phoneprice.cli.commands.predict import predict
from phoneprice.cli.commands.report import report
from phoneprice.cli.commands.train import train


def add_all(app: typer.Typer) -> None:
    """Every command, in the order of the help."""
    for function in (train, evaluate, predict, cv, report):
        add_command(app, function)
    app.add_typer(_config(), name="config")
    app.add_typer(_data(), name="data")
    app.add_typer(_runs(), name="runs")


def _config() -> typer.Typer:
    app = group("Make, show and check configurations.", "phoneprice config init --from-data phones.csv --target price")
    for function in (config.init, config.show, config.check, config.schema):
        add_command(app, function)
    return app


def _data() -> typer.Typer:
    app = group("Look at tables, and get some to try.", "phoneprice data check phones.csv")
    for function in (data.check, data.describe, data.sample, data.fetch):
        add_command(app, function)
    return app


def _runs() -> typer.Typer:
    app = group("List, show, compare and verify runs.", "phoneprice runs show latest")
    add_command(app, runs.list_, "list")
    for function in (runs.show, runs.diff, runs.verify):
        add_command(app, function)
    return app
