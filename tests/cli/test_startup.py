"""Quick commands stay quick: what they import, seen from outside."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from phoneprice import __version__

HEAVY = {"torch", "pandas", "sklearn", "pyarrow", "pydantic", "numpy", "rich", "scipy"}
SCRIPT = """
import sys
from phoneprice.cli import main
code = main(sys.argv[1:])
print("MODULES", *sorted(name for name in sys.modules if "." not in name or name == "numpy.random"), file=sys.stderr)
sys.exit(code)
"""


def start(*arguments: str, stdout: int = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def imported(process: subprocess.CompletedProcess[str]) -> set[str]:
    return set(process.stderr.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(argument: str) -> None:
    process = start(argument)
    assert process.returncode == 0
    assert process.stdout
    assert imported(process) & HEAVY == set()


@pytest.mark.parametrize("arguments", [["config", "show"], ["runs", "list"], ["train", "--help"]])
def test_what_looks_at_no_table_imports_no_torch_and_no_pandas(arguments: list[str], tmp_path: Path) -> None:
    process = start(*arguments)
    assert process.returncode == 0
    assert imported(process) & {"torch", "pandas", "sklearn", "scipy"} == set()


def test_config_show_imports_neither_arrays_nor_tables_nor_rich(tmp_path: Path) -> None:
    """Nor where stdout leads to a file, which might be one that a command reads."""
    with (tmp_path / "out.toml").open("w") as file:
        for process in (start("config", "show"), start("config", "show", stdout=file.fileno())):
            assert process.returncode == 0
            assert imported(process) & (HEAVY - {"pydantic"}) == set()


def test_predict_imports_neither_what_trains_nor_random_numbers(tmp_path: Path) -> None:
    golden = Path(__file__).parents[1] / "golden" / "ordinal"
    process = start("predict", str(golden / "run"), str(golden / "phones.csv"), "-o", str(tmp_path / "out.csv"), "-q")
    assert process.returncode == 0
    assert imported(process) & {"torch", "pandas", "sklearn", "scipy", "numpy.random"} == set()


def test_completion_imports_no_rich() -> None:
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "phoneprice"],
        capture_output=True,
        text=True,
        env={**os.environ, "_PHONEPRICE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "phoneprice ev"},
        check=False,
    )
    assert '"evaluate"' in process.stdout
    assert "rich.console" not in process.stderr
    assert "torch" not in process.stderr


def test_python_m_is_the_same_program() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "phoneprice", "--version"], capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, f"phoneprice {__version__}\n", "")


def shell(script: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PHONEPRICE": f"{sys.executable} -m phoneprice"}
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, check=False)


def test_a_reader_that_leaves_early_ends_the_program_quietly() -> None:
    process = shell("$PHONEPRICE data sample --rows 200000 | head -n 1; exit ${PIPESTATUS[0]}")
    assert process.stdout.startswith("battery_power,")
    assert process.stderr == ""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["config show", "data sample"])
def test_a_full_disk_behind_stdout(arguments: str) -> None:
    process = shell(f"$PHONEPRICE {arguments} > /dev/full")
    what = "standard output: can't be written: no space left on device; free some space and run again"
    assert (process.returncode, process.stderr) == (5, f"phoneprice: error: {what}\n")


def test_closed_streams() -> None:
    assert shell("$PHONEPRICE config show -o /dev/null >&-").returncode == 2
    assert shell("$PHONEPRICE config show 2>&-").returncode == 0
    assert shell("$PHONEPRICE config show -s nonsense=1 2>&-").returncode == 2


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    ended = shell(f"cd {gone} && rmdir {gone} && {sys.executable} -m phoneprice config init -o x.toml")
    reason = os.strerror(errno.ENOENT).lower()
    expected = f"phoneprice: error: the working directory: {reason}; change to another one\n"
    assert (ended.returncode, ended.stderr.splitlines(keepends=True)[-1]) == (2, expected)


def test_a_stream_that_can_show_ascii_only(tmp_path: Path) -> None:
    data = tmp_path / "手机.csv"
    data.write_text("größe,price_range\n1,2\n")
    script = f"PYTHONIOENCODING=ascii $PHONEPRICE data describe {data}"
    process = shell(script)
    assert (process.returncode, process.stderr) == (0, "")
    assert "\\u624b\\u673a.csv" in process.stdout
    assert "gr\\xf6\\xdfe" in process.stdout
    document = json.loads(shell(f"{script} --json").stdout)
    assert [column["name"] for column in document["columns"]] == ["größe", "price_range"]


def after_start(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    begin = "import os, sys\nfrom phoneprice.cli.startup import set_up_process\nset_up_process()\n"
    command = [sys.executable, "-c", begin + script]
    inherited = {name: value for name, value in os.environ.items() if name not in {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}}
    return subprocess.run(command, capture_output=True, text=True, env=inherited | environment, check=False)


def test_arrow_and_scikit_learn_do_without_pandas() -> None:
    process = after_start("""
import numpy as np, pyarrow as pa
from sklearn.dummy import DummyClassifier
pa.array(np.zeros(2)).to_numpy()
DummyClassifier().fit(np.zeros((2, 1)), [0, 1])
print("pandas" in sys.modules)
import pandas
""")
    assert process.stdout == "False\n"
    assert process.stderr.endswith("ModuleNotFoundError: phoneprice runs without pandas\n")


def test_who_asks_for_pandas_gets_an_answer() -> None:
    """PyTorch's compiler does, which releases that we have not tested import for each training."""
    script = (
        "from importlib.util import find_spec\nfrom phoneprice.cli.startup import keep_pandas_out\nkeep_pandas_out()\n"
        "assert find_spec('pandas').origin is None\nimport torch._dynamo"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_pandas_that_is_there_stays() -> None:
    script = "import pandas\nfrom phoneprice.cli.startup import keep_pandas_out\nkeep_pandas_out()\nimport pandas.api"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, "passive 1000"),
        ({"GOMP_SPINCOUNT": "5"}, "passive 5"),
        ({"OMP_WAIT_POLICY": "active"}, "active None"),
    ],
)
def test_threads_soon_fall_asleep_unless_told_otherwise(chosen: dict[str, str], expected: str) -> None:
    script = "print(os.environ['OMP_WAIT_POLICY'], os.environ.get('GOMP_SPINCOUNT'))"
    assert after_start(script, **chosen).stdout == f"{expected}\n"
