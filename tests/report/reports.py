"""Small runs and their reports, made once a session."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import mkdtemp

from phoneprice.artifact.loader import load_run
from phoneprice.config.load import load_config
from phoneprice.data.samples.sample import sample_path
from phoneprice.report.page import page as rendered
from phoneprice.report.page import summary_page
from phoneprice.workflows.compare import compare
from phoneprice.workflows.report import gather, report
from phoneprice.workflows.train import train
from phoneprice.workflows.tune import tune

KINDS = {
    "ordinal": ("training.epochs=30",),
    "multiclass": ("task.kind=multiclass", "loss.name=cross_entropy", "training.epochs=5", "model.skip=false"),
    "binary": ("data.target=four_g", "task.kind=binary", "loss.name=binary_cross_entropy", "training.epochs=10"),
    "regression": ("data.target=ram", "task.kind=regression", "loss.name=mse", "training.epochs=30"),
    "none held out": ("validation.scheme=none", "training.epochs=5"),
    "after a search": ("training.epochs=5",),
    "softmax of ordered classes": ("loss.name=cross_entropy", "training.epochs=5", "model.activation.name=tanh"),
}


@cache
def small_run(kind: str) -> Path:
    """A trained run; nothing may change it."""
    root = Path(mkdtemp(prefix="phoneprice-report-"))
    config = load_config(None, [*KINDS[kind], "training.threads=1", "training.device=cpu"])
    if kind == "after a search":
        space = ["model.hidden=[]|[4]", "optimizer.lr=1e-3..0.1:log", "model.dropout=0|0.1..0.5"]
        said = ("phoneprice", "tune", "a b.csv")
        found = tune(sample_path("train"), config, root / "run", space=space, candidates=10, folds=3, command_line=said)
        return found.run
    return train(sample_path("train"), config, root / "run", command_line=("phoneprice", "train", "a b.csv")).run


@cache
def page(kind: str, *, data: bool = True) -> str:
    """The report of a small run, with or without its table."""
    run = small_run(kind)
    return (
        report(run, output=run.with_name("with.html")).output.read_text() if data else rendered(gather(load_run(run)))
    )


@cache
def summary(kind: str) -> str:
    """The page for those who decide."""
    return summary_page(gather(load_run(small_run(kind)), sample_path("train")))


@cache
def comparison_of_variants() -> str:
    """The page of a lesson in short."""
    root = Path(mkdtemp(prefix="phoneprice-report-"))
    cheap = ["training.epochs=5", "validation.folds=2", "training.threads=1", "training.device=cpu"]
    return compare(None, "initialization", (), root / "tried", overrides=cheap).page.read_text()


class Page(HTMLParser):
    """Tags with their attributes, in order, and the text of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]


def shown_metrics(text: str) -> dict[str, tuple[float, str]]:
    """Each metric of the page: the exact value and the text."""
    found = re.findall(r'<td id="metric-(\w+)"><data value="([^"]+)">([^<]+)</data>', text)
    return {name: (float(value), shown) for name, value, shown in found}
