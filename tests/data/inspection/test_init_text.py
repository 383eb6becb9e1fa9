from dataclasses import replace
from pathlib import Path

import pytest

from phoneprice.config.load import config_from_toml
from phoneprice.data.encoding.schema import infer_schema
from phoneprice.data.inspection.infer import infer_config
from phoneprice.data.inspection.init_text import init_text
from phoneprice.data.reading import ReadOptions, read_table
from tests.small_tables import table


def test_text_of_the_configuration() -> None:
    cells = table(
        phone_id=[float(i) for i in range(30)],
        ram=[float(i % 9) for i in range(30)],
        wifi=["yes", "no", "yes"] * 10,
        os=["iOS", "Android", "x"] * 10,
        y=[1.0, 2.0, 3.0] * 10,
    )
    assert init_text(
        infer_config(cells, "y"), cells, ReadOptions(delimiter=";", encoding="latin-1"), "my phones.toml"
    ) == (
        """\
# Made from phones.csv (30 rows) by `phoneprice config init`. What is not here keeps its default:
# `phoneprice config show -c 'my phones.toml'` prints every setting. Train with `phoneprice train
# phones.csv -c 'my phones.toml'`.

[data]
target = "y"

# Ids are no features; predictions keep them. phone_id: named like an id, and each row has its own
# value.
id_columns = ["phone_id"]

# Columns that are not used at all. None found.
ignored_columns = []

# Found numbers: ram; yes or no: wifi; categories: os. Add those whose numbers are mere names, such
# as a shop's number.
categorical_columns = []
delimiter = ";"
encoding = "latin-1"

[task]
# 3 different whole numbers, 1 to 3: classes with an order; if theirs means nothing, choose
# "multiclass". The loss follows.
kind = "ordinal"

# Networks of several recipes learn from the same rows, and held-out rows say how much each counts;
# one that is hardly of use is left out. Without these tables one network learns as [model],
# [optimizer] and so on say.

[[portfolio]]
name = "penalised"

[[portfolio]]
name = "ramps"
model = {hidden = [128, 128], dropout = 0.15, encoding = {name = "piecewise_linear", bins = 12}}
penalty = {name = "none"}
optimizer = {name = "adam", lr = 0.005, skip_lr = 0.02, beta2 = 0.99}
scheduler = {warmup_epochs = 15.0}
training = {batch_rows = 256, epochs = 300}

[[portfolio]]
name = "penalised-ramps"
model = {hidden = [64], encoding = {name = "piecewise_linear", bins = 12}}
penalty = {name = "adaptive", skip = 0.1, inputs = 0.02, outputs = 0.02, eps = 0.01}
optimizer = {name = "adam", lr = 0.015, skip_lr = 0.05, beta2 = 0.99}
scheduler = {warmup_epochs = 15.0}
training = {batch_rows = 256, epochs = 300}
"""
    )


def test_the_usual_id_column_is_explained() -> None:
    cells = table(ram=[float(i % 9) for i in range(30)], y=[1.0, 2.0, 3.0] * 10)
    text = init_text(infer_config(cells, "y"), cells)
    told = 'None found; "id" is here for tables to predict that have such a column.'
    assert told in " ".join(text.replace("\n# ", " ").split())
    assert 'id_columns = ["id"]' in text


def test_the_command_for_a_table_from_standard_input_can_be_typed() -> None:
    cells = replace(table(ram=[float(i % 9) for i in range(30)], y=[1.0, 2.0, 3.0] * 10), source="<stdin>")
    text = " ".join(init_text(infer_config(cells, "y"), cells, name="phones.toml").replace("\n# ", " ").split())
    assert "Made from '<stdin>' (30 rows)" in text
    assert "Train with `phoneprice train - -c phones.toml`." in text


def test_any_name_gives_valid_toml() -> None:
    odd = 'a"\\\n#\x7f\u2028'
    cells = table(**{odd: ["p", "q"] * 20, "id": ["same"] * 40})
    config = config_from_toml(init_text(infer_config(cells, odd), cells), "test")
    assert config.data.target == odd
    assert config.data.id_columns == ()


@pytest.mark.parametrize(
    ("file", "target", "kind", "loss"),
    [
        ("used_phones.csv", "normalized_used_price", "regression", "mse"),
        ("used_phones.csv", "os", "multiclass", "cross_entropy"),
        ("used_phones.csv", "4g", "binary", "binary_cross_entropy"),
        ("mobile_price_train.csv", "four_g", "binary", "binary_cross_entropy"),
        ("mobile_price_train.csv", "price_range", "ordinal", "ordinal"),
        ("mobile_price_train.csv", "ram", "regression", "mse"),
    ],
)
def test_real_files(real_data: Path, file: str, target: str, kind: str, loss: str) -> None:
    cells = read_table(real_data / file, ReadOptions())
    config = config_from_toml(init_text(infer_config(cells, target), cells), "test")
    assert (config.task.kind, config.loss.name) == (kind, loss)
    assert config.data.id_columns == ("id",)
    assert config.data.ignored_columns == ()
    schema = infer_schema(cells, config)
    assert len(schema.columns) == len(cells.names) - 1
