"""``phoneprice cv``: its tables say what its document says."""

from pathlib import Path

from phoneprice.wording import figure, span
from tests.cli.calling import Call

PORTFOLIO = '[{name="line", model={hidden=[]}}, {name="net", model={hidden=[4]}}]'
QUICK = ("--folds", "2", "--repeats", "1", "-s", "training.epochs=2", "-s", "model.hidden=[4]")


def test_every_fold_and_the_means_are_shown(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "phones.csv"
    table.write_text("x,price_range\n" + "".join(f"{row},{row // 10}\n" for row in range(40)))
    found = call("cv", table, *QUICK, "--json").document
    shown = call("cv", table, *QUICK)
    assert shown.code == 0
    lines = [line.split() for line in shown.err.splitlines()]
    names = ("accuracy", "mean_absolute_class_error", "log_loss")
    for number, fold in enumerate(found["folds"], 1):
        assert ["1", str(number), "20", *(figure(fold[name]) for name in names)] in lines
    assert ["std", *(figure(found["standard_deviation"][name]) for name in names)] in lines
    assert "Mean of 2 folds of 40 rows, with intervals corrected for shared training rows" in shown.err
    for name, mean in found["metrics"].items():
        assert [name, figure(mean["value"]), *span(mean["low"], mean["high"]).split()] in lines


def test_the_weights_of_a_portfolio_are_shown(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "phones.csv"
    table.write_text("x,price_range\n" + "".join(f"{row},{row // 10}\n" for row in range(40)))
    own = ("--folds", "2", "--repeats", "1", "-s", "training.epochs=2", "-s", f"portfolio={PORTFOLIO}")
    weights = call("cv", table, *own, "--json").document["portfolio"]
    first, second = sorted(weights, key=lambda name: -weights[name])
    assert (
        f"Portfolio, mean weights of the folds: {weights[first]:.0%} {first}, {weights[second]:.0%} {second}\n"
        in call("cv", table, *own).err
    )
