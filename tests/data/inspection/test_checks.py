from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phoneprice.config.schema import Config, ValidationConfig
from phoneprice.data.encoding.schema import infer_schema
from phoneprice.data.inspection.checks import check, totals_told
from phoneprice.data.inspection.findings import Finding
from phoneprice.data.inspection.leaks import leaks_told
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.table import Table
from tests.small_tables import table

NOISE = np.random.default_rng(0)


def config(kind: str = "multiclass", **data: Any) -> Config:
    loss = {"multiclass": "cross_entropy", "regression": "mse"}[kind]
    return Config.model_validate({"data": {"target": "y", **data}, "task": {"kind": kind}, "loss": {"name": loss}})


def numbers(rows: int) -> list[float]:
    """A feature in which nothing is to be found."""
    return NOISE.normal(100, 1, rows).tolist()


def labels(rows: int) -> list[str]:
    return [("p", "q")[i % 2] for i in range(rows)]


def found(cells: Table, settings: Config | None = None, reference: Any = None) -> list[tuple[Any, ...]]:
    findings = check(cells, settings or config(), reference)
    return [(finding.severity, finding.column, finding.code, finding.message, finding.count) for finding in findings]


def test_a_good_table_has_no_findings() -> None:
    assert found(table(a=numbers(40), b=[0.0, 1.0, 1.0, 0.0] * 10, os=["x", "y", "z", "z"] * 10, y=labels(40))) == []


def test_no_rows() -> None:
    empty = table(a=[1.0], y=["p"]).slice(0, 0)
    assert found(empty) == [("error", None, "no_rows", "found a header and no rows; add rows", 0)]


def test_no_features() -> None:
    what = "no column is left as a feature; add columns, or check data.id_columns and data.ignored_columns"
    assert found(table(y=labels(40))) == [("error", None, "no_features", what, 1)]


def test_too_many_labels() -> None:
    what = "1001 different labels, at most 1000 classes are allowed"
    for label, remedy in (("{}", "set task.kind = regression"), ("p{}", "choose another data.target")):
        cells = table(a=numbers(2002), y=[label.format(i) for i in range(1001)] * 2)
        assert found(cells)[0] == ("error", "y", "too_many_labels", f"{what}; {remedy}", 1001)
    quantity = "1,001 different numbers in 1,001 rows, 1,001 of them once: a quantity, not classes; to predict it use "
    quantity += "-c regression, or --target without -c; for classes set task.labels"
    cells = table(a=numbers(1001), y=[str(i) for i in range(1001)])
    assert found(cells)[0] == ("error", "y", "too_many_labels", quantity, 1001)
    binary = Config.model_validate(
        {"data": {"target": "y"}, "task": {"kind": "binary"}, "loss": {"name": "binary_cross_entropy"}}
    )
    cells = table(a=numbers(1001), y=[str(i) for i in range(1001)])
    what = "1001 different labels, task.kind = binary allows two; set task.kind = regression"
    assert found(cells, binary)[0] == ("error", "y", "too_many_labels", what, 1001)
    what = "3 different labels, task.kind = binary allows two; set task.kind = multiclass or ordinal"
    cells = table(a=numbers(60), y=["p", "q", "r"] * 20)
    assert ("error", "y", "too_many_labels", what, 3) in found(cells, binary)


def test_without_target() -> None:
    assert found(table(a=numbers(5), yy=["p"] * 4 + ["q"])) == [
        ("note", "y", "no_target", "no column 'y' (did you mean 'yy'?): checked as a table without a target", 1)
    ]


@pytest.mark.parametrize(
    ("names", "advice"), [(("a", "the y"), "such as --target 'the y'"), (("a",), "such as --target a")]
)
def test_no_target_is_given(names: tuple[str, ...], advice: str) -> None:
    cells = table(**{name: numbers(30) for name in names})
    what = f"no target given: checked as a table without one; name the column to predict, {advice}"
    assert found(cells, Config()) == [("note", None, "no_target", what, 1)]


def test_a_target_that_is_always_the_same_number() -> None:
    what = "column 'y' has one value only, 3.5 in all 30 rows, expected two or more; choose another target"
    assert found(table(a=numbers(30), y=[3.5] * 30), config("regression")) == [
        ("error", "y", "target_constant", what, 30)
    ]


def test_rows_without_a_target() -> None:
    a = numbers(22)
    cells = table(a=[*a[:20], None, None], y=[*labels(20), None, None])
    what = (
        "left out 2 rows without a value of the target 'y' (line 22 first); "
        'data.missing_target = "drop" does so, "fail" would stop there'
    )
    assert found(cells) == [("warning", "y", "target_missing", what, 2)]
    expected = ("error", "y", "target_missing", "2 rows without a target; fill it in or delete them", 2)
    assert found(cells, config(missing_target="fail"))[0] == expected


def test_no_row_has_a_target() -> None:
    expected = ("error", "y", "target_missing", "5 rows without a target; fill it in or delete them", 5)
    assert found(table(a=numbers(5), y=[None] * 5)) == [expected]


def test_rows_without_a_target_are_compared_but_not_compared_with() -> None:
    new, known = table(a=[1.0, 9.0], y=["p", None]), table(a=[1.0, 2.0, 9.0], y=["p", "q", None])
    codes = [(code, count) for _, _, code, _, count in found(new, reference=known) if code != "target_missing"]
    assert ("out_of_range", 1) in codes
    assert ("overlap", 1) in codes


@pytest.mark.parametrize(
    ("name", "called"), [("", "the first column, which has no name,"), ("rownames", "column 'rownames'")]
)
def test_an_index(name: str, called: str) -> None:
    cells = table(**{name: [float(i) for i in range(40)]}, a=numbers(40), y=labels(40))
    can = "passed through and never a feature (data.index_columns can say otherwise)"
    assert found(cells) == [("note", name, "index", f"{called} is taken for an index of the rows: {can}", 40)]
    assert found(cells, config(id_columns=[name])) == []


def test_columns_without_name_and_value() -> None:
    cells = replace(table(a=numbers(40), y=labels(40)), nameless_columns=2)
    what = "2 columns at the right edge without a name and without a value: left out"
    assert found(cells) == [("note", None, "nameless", what, 2)]


def test_text_as_the_target_of_a_regression() -> None:
    cells = table(a=numbers(3), y=["1", "cheap", "dear"])
    what = "found 'cheap' (phones.csv line 3), a regression needs numbers"
    assert found(cells, config("regression")) == [("error", "y", "target_not_numeric", what, 2)]


def test_one_class() -> None:
    what = "30 rows, all of class 'p'; add rows of another class"
    assert found(table(a=numbers(30), y=["p"] * 30)) == [("error", "y", "one_class", what, 30)]


def test_rare_and_unbalanced_classes() -> None:
    rare = "class 'q' (4 rows): held out in 4 of 5 folds"
    unbalanced = "40 rows of class 'p', 4 of class 'q'; look at balanced accuracy, or set loss.class_weights"
    assert found(table(a=numbers(44), y=["p"] * 40 + ["q"] * 4)) == [
        ("warning", "y", "rare_class", rare, 4),
        ("warning", "y", "imbalance", unbalanced, 2),
    ]


ONCE = "(1 row): held out in 1 of 5 folds, learned from in 4"


@pytest.mark.parametrize(
    ("y", "validation", "rare"),
    [
        ("p" * 9 + "q", {}, f"class 'q' {ONCE}"),
        ("p" * 9 + "qr", {}, f"class 'q' {ONCE}; class 'r' {ONCE}"),
        (
            "p" * 9 + "qrstuvwx",
            {},
            "; ".join(f"class {name!r} {ONCE}" for name in "qrstu") + "; and 3 more classes",
        ),
        (
            "p" * 9 + "qqsss",
            {},
            "class 'q' (2 rows): held out in 2 of 5 folds; class 's' (3 rows): held out in 3 of 5 folds",
        ),
        ("ppqqss", {}, "the most frequent class has 2 rows: 2 folds instead of 5"),
        ("p" * 9 + "q" * 5, {"scheme": "holdout"}, None),
        ("p" * 9 + "q", {"scheme": "holdout"}, "class 'q' (1 row): not held out"),
        ("p" * 9 + "q", {"scheme": "none"}, None),
    ],
)
def test_rare_classes_in_the_words_of_train(y: str, validation: dict[str, Any], rare: str | None) -> None:
    settings = config().model_copy(update={"validation": ValidationConfig.model_validate(validation)})
    findings = found(table(a=numbers(len(y)), y=list(y)), settings)
    assert [finding[3] for finding in findings if finding[2] == "rare_class"] == ([rare] if rare else [])


def test_numbers_as_labels_have_one_spelling() -> None:
    assert found(table(a=numbers(20), y=["1", "1.0"] * 10))[0][2] == "one_class"


def test_missing_cells() -> None:
    a, b, c = (np.array(numbers(40), dtype=object) for _ in range(3))
    a[:4], b[20:], c[:] = None, None, None
    assert found(table(a=list(a), b=list(b), c=list(c), y=labels(40))) == [
        ("warning", "b", "missing", "20 cells missing (50.0%): the column tells little", 20),
        ("warning", "c", "all_missing", "all cells missing; remove the column", 40),
        ("note", "a", "missing", "4 cells missing (10.0%); imputed", 4),
    ]


def test_constant_columns() -> None:
    cells = table(a=numbers(40), b=[7.0] * 40, c=["x", None, "x", "x"] * 10, y=labels(40))
    assert [finding for finding in found(cells) if finding[2] == "constant"] == [
        ("warning", "b", "constant", "all 40 values are '7': the column tells nothing", 40),
        ("warning", "c", "constant", "all 30 values are 'x': the column tells nothing", 30),
    ]


def test_ids() -> None:
    remedy = "if it is an id, add it to data.id_columns, or the order of the rows is learned"
    cells = table(
        a=numbers(40),
        serial=[f"s{i}" for i in range(40)],
        shot=[float(i) for i in range(1000, 1040)],
        week=[float(i) for i in range(40)],
        y=labels(40),
    )
    assert [finding for finding in found(cells) if finding[2] == "id_like"] == [
        ("warning", "serial", "id_like", f"text, and each row has its own: {remedy}", 40),
        ("warning", "shot", "id_like", f"rises by 1 from row to row: {remedy}", 40),
    ]
    assert found(cells, config(id_columns=["serial", "shot"])) == []


def test_duplicates_and_conflicts() -> None:
    a, y = numbers(40), labels(40)
    cells = table(id=[str(i) for i in range(43)], a=[*a, a[0], a[0], a[1]], y=[*y, y[0], y[0], y[0]])
    repeated = "2 rows like an earlier one; such rows may be trained on and held out at once"
    assert found(cells) == [
        ("warning", None, "duplicates", repeated, 2),
        ("warning", None, "conflicts", "1 row with the features of another row, but a different target", 1),
    ]  # fmt: skip


LEAK = "it alone determines the target; if it is known only afterwards, add it to data.ignored_columns"


@pytest.mark.parametrize(
    "leak",
    [
        [{"p": "cheap", "q": "dear"}[label] for label in labels(60)],
        [{"p": 1.0, "q": 0.0}[label] for label in labels(60)],
        [(100 if label == "p" else -100) + x for label, x in zip(labels(60), numbers(60), strict=True)],
    ],
)
def test_a_column_that_gives_the_class_away(leak: list[Any]) -> None:
    assert found(table(a=numbers(60), leak=leak, y=labels(60))) == [("warning", "leak", "leak", LEAK, 60)]


@pytest.mark.parametrize("honest", [["x", "y", "z"] * 20, [0.0, 1.0, 1.0] * 20, [f"t{i // 2}" for i in range(60)]])
def test_columns_that_do_not(honest: list[Any]) -> None:
    assert found(table(a=numbers(60), b=honest, y=labels(60))) == []


def test_a_column_that_gives_a_number_away() -> None:
    y = np.exp(NOISE.normal(0, 1, 60))
    cells = table(a=numbers(60), scaled=(3 * y + 1).tolist(), log=np.log(y).tolist(), y=y.tolist())
    assert found(cells, config("regression")) == [
        ("warning", "scaled", "leak", LEAK, 60),
        ("warning", "log", "leak", LEAK, 60),
    ]


def test_zeros_that_are_gaps() -> None:
    what = "3 cells with 0, which can hardly be measured; if it stands for a gap, leave it empty"
    weights = [0.0] * 3 + numbers(37)
    cells = table(
        far=weights,
        sc_w=[0.0] * 3 + [1.0, 2.0, 3.0, 4.0, 5.0] * 7 + [6.0, 7.0],
        fc=[0.0, 1.0, 2.0, 1.0, 0.0] * 8,
        y=labels(40),
    )
    assert found(cells) == [("warning", "far", "zero_gaps", what, 3), ("warning", "sc_w", "zero_gaps", what, 3)]


def test_numbers_with_typing_errors() -> None:
    what = "numbers but for 1 cell, such as '1,5' (phones.csv line 2); "
    what += "correct, or add the column to data.categorical_columns"
    cells = table(a=["1,5", *[str(i % 9) for i in range(39)]], b=numbers(40), y=labels(40))
    assert found(cells) == [("error", "a", "mostly_numbers", what, 1)]
    assert found(cells, config(categorical_columns=["a"])) == []


def test_an_order_that_nobody_gave() -> None:
    cells = table(a=numbers(40), y=["high", "low", "mid", "low"] * 10)
    ordinal = Config.model_validate({"data": {"target": "y"}})
    (finding,) = [finding for finding in check(cells, ordinal, None) if finding.code == "assumed_order"]
    assert finding.message.startswith("the classes are taken in alphabetical order, high < low < mid; ")


def test_spellings_that_count_as_one() -> None:
    cells = table(cores=["4", "8", "4.0", "8"] * 10, a=numbers(40), y=["1", "2", "1", "2.0"] * 10)
    merged = [finding for finding in check(cells, config(categorical_columns=["cores"])) if "spell" in finding.code]
    assert [(finding.severity, finding.column, finding.message, finding.count) for finding in merged] == [
        ("note", "cores", "'4' (10 rows) and '4.0' (10 rows) count as one value", 20),
        ("note", "y", "'2' (10 rows) and '2.0' (10 rows) count as one value", 20),
    ]
    codes = table(a=numbers(40), y=["01", "1", "4.1", "4.10"] * 10)
    assert [finding.code for finding in check(codes, config())] == []


TRAINING: dict[str, list[Any]] = {
    "ram": [99.0, 101.0, 100.0, 100.25],
    "wifi": ["yes", "no", "no", "yes"],
    "os": ["iOS", "Android", "x", "x"],
    "y": ["p", "q", "p", "q"],
}
LACKING = "no column 'os' (did you mean 'oss'?), which the training data has; add or rename"


def test_against_the_training_data() -> None:
    cells = table(ram=[5.0, 100.0, None, 100.5], wifi=["0", "maybe", "1", "YES"], oss=["iOS"] * 4)
    reference = table(**TRAINING)
    assert found(cells, None, reference) == [
        ("error", "wifi", "not_boolean", "1 cell neither yes nor no, such as 'maybe'; correct", 1),
        ("error", "os", "missing_column", LACKING, 1),
        ("warning", "oss", "constant", "all 4 values are 'iOS': the column tells nothing", 4),
        ("warning", "ram", "out_of_range", "1 cell outside the range of the training data, 99 to 101", 1),
        ("note", "y", "no_target", "no column 'y': checked as a table without a target", 1),
        ("note", "ram", "missing", "1 cell missing (25.0%); imputed", 1),
        ("note", "oss", "extra_column", "the training data lacks it; it is ignored", 1),
    ]  # fmt: skip


def test_against_the_schema_of_a_run() -> None:
    schema = infer_schema(table(**TRAINING), config())
    cells = table(
        ram=["99", "many", "100", "101"],
        wifi=[0.0, 1.0, 0.0, 1.0],
        os=["BeOS", "iOS", "x", None],
        y=["p", "q", "p", "q"],
    )
    assert [finding for finding in found(cells, None, schema) if finding[2] != "rare_class"] == [
        ("error", "ram", "not_numeric", "1 cell with text where training had numbers; correct", 1),
        ("warning", "os", "unseen_category", "1 cell of categories that training did not have, such as 'BeOS'", 1),
        ("note", "os", "missing", "1 cell missing (25.0%); imputed", 1),
    ]


def test_rows_of_the_training_data() -> None:
    reference = table(**TRAINING)
    ours = table(
        ram=["99", "100", "5000", "100.0"],
        wifi=["yes", "no", "no", "no"],
        os=["iOS", "x", "x", "x"],
        y=["p"] * 3 + ["q"],
    )
    what = "3 rows also in the training data; figures on them say nothing about new data"
    assert ("warning", None, "overlap", what, 3) in found(ours, None, reference)
    assert not [
        f for f in found(table(**{**TRAINING, "ram": [1.0, 2.0, 3.0, 4.0]}), None, reference) if f[2] == "overlap"
    ]


def test_numbers_as_categories_against_the_training_data() -> None:
    settings = config(categorical_columns=["cores"])
    reference = table(a=numbers(4), cores=["4", "8", "4", "8"], y=labels(4))
    unseen = [
        f
        for f in found(table(a=numbers(4), cores=[4.0, 8.0, 2.0, 2.0], y=labels(4)), settings, reference)
        if f[1] == "cores"
    ]
    assert unseen == [
        ("warning", "cores", "unseen_category", "2 cells of categories that training did not have, such as '2.0'", 2)
    ]


def test_small_or_empty_things_are_let_be() -> None:
    codes = [line[2] for line in found(table(id=["a", "b"], y=["p", "q"]), config(id_columns=["id"]))]
    assert codes[:2] == ["no_features", "rare_class"]
    gone = table(a=[None] * 30, y=[float(i) for i in range(30)])
    assert [finding[2] for finding in found(gone, config("regression"))] == ["all_missing", "conflicts"]
    few = table(width=[0.0, *numbers(4)], y=labels(5))
    assert "zero_gaps" not in {finding[2] for finding in found(few)}
    empty = table(a=[1.0], y=["p"]).slice(0, 0)
    assert "overlap" not in {finding[2] for finding in found(empty, None, table(a=[1.0, 2.0], y=["p", "q"]))}
    unknown_range = table(a=[None, None], y=["p", "q"])
    assert "out_of_range" not in {
        finding[2] for finding in found(table(a=[5.0, 7.0], y=["p", "q"]), None, unknown_range)
    }


@pytest.mark.parametrize("word", ["Total", "Summe", " GESAMT ", "Grand total", "合计"])
def test_a_last_row_that_sums_up_the_others(word: str) -> None:
    cells = table(a=numbers(31), shop=[*(f"s{i % 3}" for i in range(30)), word], y=labels(31))
    what = f"line 32, column 'shop': found {word!r} in the last row; if it sums up the others, delete it from the file"
    assert ("warning", None, "totals", what, 1) in found(cells)


@pytest.mark.parametrize(
    "shops",
    [
        [f"s{i % 3}" for i in range(31)],
        [*(f"s{i % 3}" for i in range(30)), "totally"],
        ["Total", *(f"s{i % 3}" for i in range(30))],
        [("a", "total")[i % 2] for i in range(32)],  # a category
        [*(f"s{i % 3}" for i in range(10)), "total"],
    ],
)
def test_other_last_rows(shops: list[str]) -> None:
    assert not totals_told(table(a=numbers(len(shops)), shop=shops))


@pytest.mark.parametrize(("leaks", "ignored"), [(1, ()), (2, ("note",))])
@pytest.mark.parametrize("rows", [60, 60_000])
def test_what_is_said_of_leaks_after_a_training(leaks: int, ignored: tuple[str, ...], rows: int) -> None:
    names = [f"leak {i}" for i in range(leaks)]
    config = Config.model_validate({"data": {"target": "y", "ignored_columns": ignored}})
    cells = table(a=numbers(rows), **{name: labels(rows) for name in names}, y=labels(rows))
    which = "column 'leak 0' alone determines" if leaks == 1 else "columns 'leak 0', 'leak 1' alone determine"
    setting = ", ".join(f'"{name}"' for name in (*ignored, *names))
    assert leaks_told(cells, ["a", *names], config) == (
        f"{which} the target 'y': if known only afterwards, the figures say nothing of new rows; "
        f"-s 'data.ignored_columns=[{setting}]' learns without"
    )
    assert not leaks_told(cells, ["a"], config)


def test_a_text_target_of_a_regression_has_no_leaks() -> None:
    cells = table(a=numbers(30), y=["x", *[str(i) for i in range(29)]])
    assert [finding[2] for finding in found(cells, config("regression"))] == ["target_not_numeric"]


def test_real_phones(real_data: Path) -> None:
    settings = Config()
    train = read_table(real_data / "mobile_price_train.csv", ReadOptions())
    gap = "cells with 0, which can hardly be measured; if it stands for a gap, leave it empty"
    assert check(train, settings) == [
        Finding("warning", "px_height", "zero_gaps", f"2 {gap}", 2),
        Finding("warning", "sc_w", "zero_gaps", f"180 {gap}", 180),
    ]
    assert {finding.code for finding in check(train, settings, train)} == {"zero_gaps", "overlap"}
    new = read_table(real_data / "mobile_price_test.csv", ReadOptions())
    assert {finding.code for finding in check(new, settings, train)} == {"zero_gaps", "out_of_range", "no_target"}


def test_real_used_phones(real_data: Path) -> None:
    cells = read_table(real_data / "used_phones.csv", ReadOptions())
    settings = Config.model_validate(
        {"data": {"target": "normalized_used_price"}, "task": {"kind": "regression"}, "loss": {"name": "mse"}}
    )
    findings = check(cells, settings)
    assert {finding.code for finding in findings} == {"missing"}
    assert sum(finding.count for finding in findings) == 202


def test_cells_that_stand_alone() -> None:
    cells = table(x=[*numbers(30), 1e12], y=[1e9, *numbers(30)], z=[*numbers(29), 0.0, 99.0])
    column, target = (what for what in found(cells, config("regression")) if what[2] == "standing_alone")
    assert (column[:3], column[4]) == (("warning", "x", "standing_alone"), 1)
    assert column[3].startswith("1e+12 in row 31 is ")
    assert column[3].endswith(" times as far from the median as any other cell; correct it, or set data.scaling=robust")
    assert target[3].startswith("1e+09 in row 1 is ")
    assert target[3].endswith(" times as far from the median as any other cell; correct it, or delete the row")
