"""A call of every command of the program, and what it may make: none can be forgotten, see ``test_inodes.py``."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.faults.program import READ, Program

TINY = "-s training.epochs=1 model.hidden=[4] training.network_start=0"


@dataclass(frozen=True)
class Call:
    """A command line that works in a ``scratch`` directory; it writes to ``output``, which stands for ``{}`` in it."""

    words: str
    output: str = ""
    makes: tuple[str, ...] = ()
    """Patterns of the names that may be new or other afterwards; ``output`` alone if not given."""

    @property
    def allowed(self) -> tuple[str, ...]:
        return self.makes or ((self.output,) if self.output else ())

    @property
    def names_output(self) -> bool:
        """Whether the output's name is given on the command line."""
        return "{}" in self.words

    def program(
        self,
        folder: Path,
        output: str = "",
        streams: dict[int, tuple[str, int]] | None = None,
        user: int | None = None,
    ) -> Program:
        words = [word.format(output or self.output) for word in shlex.split(self.words)]
        given = {0: ("d.csv", READ)} if "-" in words else {}
        environment = {"HOME": str(folder / "home"), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
        return Program(tuple(words), str(folder), given | (streams or {}), user, environment)


_TRAINED = ("new", "new/*", "new.html")
_PLOTS = ("plots", "plots/*.svg", "plots/*.png")
_CV = f"cv {{data}} -c mine.toml --folds 2 --repeats 1 -q {TINY}"
_TUNE = f"tune {{data}} -c mine.toml -x model.skip=true|false --folds 2 -q {TINY}"
_INIT = "config init --from-data {data} --target price_range --force"
CALLS: dict[str, tuple[Call, ...]] = {
    "train": (
        Call(f"train d.csv -c mine.toml -o {{}} -q {TINY}", "new", _TRAINED[:2]),
        Call(f"train - -c mine.toml -o {{}} -q --json {TINY}", "new", _TRAINED[:2]),
        Call(f"train d.csv -c mine.toml -o new --report -q {TINY}", "new.html", _TRAINED),
        Call(f"train d.csv -c mine.toml -o run --force -q {TINY}", "", ("run", "run/*")),
    ),
    "compare": (
        Call(f"compare d.csv -c mine.toml -x model.skip=true|false -o {{}} -q {TINY}", "new", _TRAINED[:2]),
        Call(f"compare - -c mine.toml -x model.skip=true|false -o {{}} -q {TINY}", "new", _TRAINED[:2]),
    ),
    "tune": (
        Call(f"{_TUNE.format(data='d.csv')} -o {{}}", "new", _TRAINED[:2]),
        Call(f"{_TUNE.format(data='-')} -o {{}} --no-train", "new", _TRAINED[:2]),
        Call(f"{_TUNE.format(data='d.csv')} -o run --force", "", ("run", "run/*")),
    ),
    "evaluate": (Call("evaluate run d.csv"), Call("evaluate run - --json")),
    "predict": (
        Call("predict run d.csv -o {} -q", "out.csv"),
        Call("predict run - -o {} -q", "out.csv"),
        Call("predict run d.csv -o {} --keep-all -q", "out.parquet"),
        Call("predict run d.csv"),
        Call("predict run - -q"),
    ),
    "cv": (
        Call(f"{_CV.format(data='d.csv')} --predictions {{}}", "out.parquet"),
        Call(f"{_CV.format(data='-')} --predictions {{}}", "out.parquet"),
        Call(_CV.format(data="d.csv")),
    ),
    "report": (
        Call("report run d.csv -o {} --plots plots", "out.html", ("out.html", *_PLOTS)),
        Call("report run - -o {} -q", "out.html"),
        Call("report run d.csv -q", "run.html"),
        Call("report run -o out.html --plots plots", "plots/confusion.svg", ("out.html", *_PLOTS)),
        Call("report run --terminal"),
    ),
    "config explain": (Call("config explain relu"), Call("config explain optimizer.lr --json")),
    "config init": (
        Call("config init -o {} --force", "out.toml"),
        Call(f"{_INIT.format(data='d.csv')} -o {{}}", "out.toml"),
        Call(f"{_INIT.format(data='-')} -o {{}}", "out.toml"),
        Call(_INIT.format(data="d.csv")),
    ),
    "config show": (Call("config show -c mine.toml"),),
    "config check": (Call("config check mine.toml --json"), Call("config check -c mine.toml")),
    "config schema": (Call("config schema"),),
    "data check": (
        Call("data check d.csv --target price_range -c mine.toml"),
        Call("data check - --reference run"),
        Call("data check new.csv --reference d.csv"),
    ),
    "data describe": (Call("data describe d.csv -c mine.toml"), Call("data describe - --json")),
    "data sample": (Call("data sample -o {} --rows 9 --force", "out.csv"), Call("data sample --rows 9")),
    "data fetch": (
        Call("data fetch -o {}", "kaggle", ("kaggle", "kaggle/train.csv", "kaggle/test.csv")),
        Call("data fetch -o kaggle", "kaggle/train.csv", ("kaggle", "kaggle/train.csv", "kaggle/test.csv")),
    ),
    "runs list": (Call("runs list runs"), Call("runs list --best --json")),
    "runs show": (Call("runs show run"), Call("runs show latest --json")),
    "runs diff": (Call("runs diff run latest"),),
    "runs verify": (Call("runs verify run"), Call("runs verify latest --json")),
    "--install-completion": (
        Call(
            "--install-completion bash",
            "home/.bashrc",
            ("home/.bashrc", "home/.bash_completions", "home/.bash_completions/phoneprice.sh"),
        ),
        Call(
            "--install-completion zsh",
            "home/.zshrc",
            ("home/.zshrc", "home/.zfunc", "home/.zfunc/_phoneprice"),
        ),
        Call(
            "--install-completion fish",
            "home/.config/fish/completions/phoneprice.fish",
            ("home/.config", "home/.config/fish", "home/.config/fish/completions", "home/.config/fish/completions/*"),
        ),
    ),
    "--show-completion": (Call("--show-completion bash"),),
    "--version": (Call("--version"),),
    "--help": (Call("--help"),),
}


def make_scratch(folder: Path, golden: Path) -> Path:
    """Everything that the calls read."""
    folder.mkdir()
    shutil.copytree(golden / "ordinal" / "run", folder / "run")
    shutil.copytree(golden / "ordinal" / "run", folder / "runs" / "one")
    shutil.copyfile(golden / "ordinal" / "phones.csv", folder / "d.csv")
    shutil.copyfile(golden / "ordinal" / "phones.csv", folder / "new.csv")
    (folder / "mine.toml").write_text("# mine\n[training]\nseed = 1\n")
    (folder / "home").mkdir()
    (folder / "home" / ".bashrc").write_text("# mine\n")
    return folder
