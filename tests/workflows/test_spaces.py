"""What ``-x`` and a configuration file ask commands to vary, together."""

from pathlib import Path

import pytest

from phoneprice.config.load import load_config
from phoneprice.errors import ConfigError
from phoneprice.workflows.spaces import space_asked, variants_asked

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
    space = space_asked(base, ["optimizer.lr=1e-3..0.1:log", "model.hidden=[]|[8]"], file)
    assert [str(axis) for axis in space.axes] == [
        "optimizer.lr=0.001..0.1:log",
        "model.skip=true|false",
        "model.hidden=[]|[8]",
    ]
    space = variants_asked(base, ["model.hidden=[]"], file)
    assert [str(axis) for axis in space.axes] == ["optimizer.lr=0.1|0.2", "model.skip=false", "model.hidden=[]"]
    assert space_asked(base, ()).axes == variants_asked(base, ()).axes == ()


def test_faults_name_the_file_and_its_table(file: Path) -> None:
    file.write_text('[tune.space]\nmodel.skip = ["yes", true]\n[compare.variants]\nmodel.skip = "yes"\n')
    for asked, table in ((space_asked, "tune.space"), (variants_asked, "compare.variants")):
        with pytest.raises(ConfigError) as raised:
            asked(load_config(file), (), file)
        assert str(raised.value) == f'model.skip: found "yes", must be true or false ({file}, [{table}])'
