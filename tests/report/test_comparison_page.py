"""The page of several trainings: complete, self-contained, and honest about what can't be compared."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from phoneprice.records.comparison import Comparison
from phoneprice.report.comparison_charts import MOST_LINES, curve_charts, drawn, layer_charts
from phoneprice.report.comparison_page import comparison_page, title_of
from tests.report.comparisons import compared, comparison, curves
from tests.report.reports import Page

MANY = comparison(*(compared(f"t{i}", i) for i in range(20)))
LOST = comparison(compared("relu (base)", 0), compared("far", 1, lost=True), compared("tanh", 2))
CASES = {
    "some": comparison(look_for="The <first> layer."),
    "many": MANY,
    "lost": LOST,
    "not paired": comparison(why_not_paired="the runs were trained on different data"),
    "flat": comparison(compared("[] (base)", 0, layers=1), compared("[8]", 1, layers=1)),
}


@pytest.mark.parametrize("case", CASES)
def test_one_file_that_needs_nothing_else(case: str) -> None:
    text = comparison_page(CASES[case], "phones.csv")
    found = Page(text)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in found.tags}
    references = [a[key] for _, a in found.tags for key in ("href", "src") if key in a]
    assert all(str(reference)[:1] == "#" and str(reference)[1:] in found.ids for reference in references)
    sections = [a["id"] for tag, a in found.tags if tag == "section"]
    assert sections == ["results", "curves", *(["layers"] if case != "flat" else []), "settings"]
    for figure in re.findall(r"<figure>.*?</figure>", text, re.DOTALL):
        assert re.search(r"<figcaption>[^<]{20,}</figcaption>", figure)
    for own in CASES[case].trainings:
        assert text.count(f'<th scope="row">{own.name.replace("&", "&amp;")}</th>') == 3


def cells(text: str, name: str) -> list[str]:
    """Of the first table, the row of a training."""
    (row, *_) = re.findall(rf'<th scope="row">{re.escape(name)}</th>(.*?)</tr>', text, re.DOTALL)
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]


def test_figures_differences_and_what_they_show() -> None:
    text = comparison_page(comparison(look_for="The <first> layer."), "phones.csv")
    assert "<p>The &lt;first&gt; layer.</p>" in text
    assert cells(text, "relu (base)") == ["0.8000", "the base", "", "0.7900 to 0.8100", "0.9900"]
    assert cells(text, "tanh")[:3] == ["0.8100", "not told apart", "0.0100 (-0.0050 to 0.0250)"]
    assert cells(text, "tanh")[3:] == ["0.8000 to 0.8200", "0.9900"]
    assert cells(text, "sigmoid &amp; co")[1:3] == ["better", "0.0200 (0.0050 to 0.0350)"]
    assert "Differences are paired: of the same rows, to <strong>relu (base)</strong>" in text


def test_who_has_no_figures_says_why() -> None:
    text = comparison_page(LOST, "phones.csv")
    assert cells(text, "far") == ["-", "no figures", "", "-", "-"]
    assert "<p>diverged in fold 1, epoch 3; the likely cause is &lt;the rate&gt;.</p>" in text


def test_without_paired_differences_it_says_why() -> None:
    text = comparison_page(CASES["not paired"], "phones.csv")
    assert "<p>No paired differences: the runs were trained on different data.</p>" in text
    assert "Differences are paired" not in text


def test_titles() -> None:
    assert title_of(MANY) == "model.activation: what it does"
    assert title_of(replace(MANY, keys=())) == "Runs side by side"
    assert title_of(replace(MANY, keys=("a", "b", "c", "d"))) == "a, b, c and 1 more: what it does"


# --- charts -----------------------------------------------------------------------------------------------------------


def test_of_many_the_base_and_the_best_are_drawn() -> None:
    names = [own.name for _, own in drawn(MANY)]
    assert names == ["t0", *(f"t{i}" for i in range(13, 20))]
    assert len(names) == MOST_LINES
    assert "Drawn are the base and the best of 20 trainings; all are in the tables." in comparison_page(MANY, "x.csv")
    assert len({style for style, _ in drawn(MANY)}) == MOST_LINES


def test_a_metric_of_which_less_is_better_and_who_has_none() -> None:
    found = [own.name for _, own in drawn(replace(MANY, metrics=("log_loss",)))]
    assert found == [f"t{i}" for i in range(MOST_LINES)]  # all equal: in order
    lost = comparison(*(compared(f"t{i}", i, lost=i in {3, 4}) for i in range(10)))
    assert [own.name for _, own in drawn(lost)] == ["t0", "t1", "t2", *(f"t{i}" for i in range(5, 10))]


def test_losses_share_one_scale_that_a_diverging_one_leaves() -> None:
    training, validation, metric = curve_charts(LOST, drawn(LOST))
    assert training.y == validation.y
    assert training.y.high < 20
    assert "Beyond the scale, drawn at its edge: far (up to " in training.description
    assert [label for _, label in training.legend] == ["relu (base)", "far", "tanh"]
    assert metric.y.label == "accuracy (share of rows)"
    assert "Beyond" not in curve_charts(MANY, drawn(MANY))[0].description


def test_losses_of_different_kinds_are_not_compared_by_height() -> None:
    other = comparison(replace(compared("mse (base)", 0), settings={"loss.name": "mse"}), compared("huber", 1))
    assert curve_charts(other, drawn(other))[0].description.endswith("compare their shapes, not their heights.")


def test_layers_by_position_and_zeros_in_words() -> None:
    base, still = compared("relu (base)", 0), compared("zeros", 1)
    assert still.curves.start is not None
    health = {name: np.zeros_like(values) for name, values in still.curves.start.health.items()}
    still = replace(still, curves=replace(still.curves, start=replace(still.curves.start, health=health)))
    found = {chart.name: chart for chart in layer_charts(drawn(comparison(base, still)))}
    kinds = ["start-gradient_norm", "start-spread", "end-gradient_norm", "end-update_ratio", "end-dead_units"]
    assert list(found) == kinds
    assert found["start-gradient_norm"].x.ticks() == [1, 2, 3]
    assert found["start-gradient_norm"].description.endswith(
        "Zero, which has no place on this scale, in some layers of zeros."
    )


def test_the_skip_path_is_no_layer_in_line() -> None:
    own = replace(compared("a", 0), layers=("hidden 1", "output", "skip"))
    (chart, *_) = layer_charts(drawn(comparison(own, compared("b", 1, layers=2))))
    assert chart.x.ticks() == [1, 2]
    early = replace(own, curves=replace(curves(1), start=None))
    names = [chart.name for chart in layer_charts(drawn(comparison(early, early)))]
    assert "start-gradient_norm" not in names


def test_one_page_for_both() -> None:
    assert isinstance(MANY, Comparison)
    assert comparison_page(MANY, "x.csv").count("<title>phoneprice report, price: ") == 1
