"""What ``-x`` and a configuration file ask commands to vary, together."""

from pathlib import Path

import pytest

from phoneprice.config.load import load_config
from phoneprice.errors import ConfigError
from phoneprice.workflows.spaces import SearchedSpace, variants_asked

FILE = """
[tune.space]
optimizer.lr = "0.1..0.2"
model.skip = [true, false]
[compare.variants]
optimizer.lr = [0.1, 0.2]
model.skip = false
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(FILE)
    return path


def test_what_is_typed_lies_over_the_file(file: Path) -> None:
    base = load_config(file)
    space = SearchedSpace.of(["optimizer.lr=1e-3..0.1:log", "model.hidden=[]|[8]"], file, ()).around(base)
    assert [str(axis) for axis in space.axes] == [
        "optimizer.lr=0.001..0.1:log",
        "model.skip=true|false",
        "model.hidden=[]|[8]",
    ]
    space = variants_asked(base, ["model.hidden=[]"], file)
    assert [str(axis) for axis in space.axes] == ["optimizer.lr=0.1|0.2", "model.skip=false", "model.hidden=[]"]
    assert variants_asked(base, ()).axes == ()


def test_faults_name_the_file_and_its_table(file: Path) -> None:
    file.write_text('[tune.space]\nmodel.skip = ["yes", true]\n[compare.variants]\nmodel.skip = "yes"\n')
    base = load_config(file)
    space, variants = (lambda: SearchedSpace.of(None, file, ()).around(base)), (lambda: variants_asked(base, (), file))
    for asked, table in ((space, "tune.space"), (variants, "compare.variants")):
        with pytest.raises(ConfigError) as raised:
            asked()
        assert str(raised.value) == f'model.skip: found "yes", must be true or false ({file}, [{table}])'


def test_the_usual_space_leaves_out_what_is_set() -> None:
    base = load_config()
    usual = SearchedSpace.of(None, None, ()).around(base)
    asked = SearchedSpace.of((), None, ["model.hidden=[8]", 'penalty = {name="adaptive"}', "optimizer={lr=0.1}"])
    assert {axis.key for axis in usual.axes} - {axis.key for axis in asked.around(base).axes} == {
        "model.hidden",
        *(axis.key for axis in usual.axes if axis.path[0] in {"penalty", "optimizer"}),
    }


def test_nothing_is_left_to_search() -> None:
    keys = ["model", "optimizer", "penalty"]
    with pytest.raises(ConfigError) as raised:
        SearchedSpace.of(None, None, [f"{key}={{}}" for key in keys]).around(load_config())
    assert str(raised.value) == (
        "-x: every setting of the default space is set by -s (model, optimizer, penalty); "
        "say what to search, such as -x optimizer.lr=1e-3..0.1:log"
    )


def test_a_mapping_is_as_a_table() -> None:
    space = SearchedSpace.of({"optimizer.lr": "1e-3..0.1:log", "model.hidden": [[], [8]]}, None, ()).around(
        load_config()
    )
    assert [str(axis) for axis in space.axes] == ["optimizer.lr=0.001..0.1:log", "model.hidden=[]|[8]"]
