"""Nothing in the package can run code that comes from a file: what lint bans, looked up here without lint."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import phoneprice

PACKAGE = Path(phoneprice.__file__).parent
CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
MODULES = {"pickle", "cPickle", "_pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve", "runpy", "code", "imp"}
DOTTED = {"torch.load", "torch.save", "torch.jit.load", "torch.hub.load", "importlib.import_module", "yaml.load",
          "numpy.load", "np.load", "pd.read_pickle", "pandas.read_pickle", "os.system", "os.popen"}  # fmt: skip
LOOKS = {"is_file", "is_dir", "exists"}
"""Methods of a path that raise where a folder may not be searched; ``phoneprice.places`` asks the same."""
ALLOWED = {"places.py": ["exists"], "__init__.py": ["importlib.import_module"]}
"""Public names are imported when they are first used, from the module that a table in the source gives."""
FILES = sorted(PACKAGE.rglob("*.py"))


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of an attribute or name, as it is written."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def banned(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                found.append(name)
            case ast.Import(names=names):
                found += [alias.name for alias in names if alias.name.split(".")[0] in MODULES]
            case ast.ImportFrom(module=str(module), names=names):
                found += [module] if module.split(".")[0] in MODULES else []
                found += [f"{module}.{a.name}" for a in names if f"{module}.{a.name}" in DOTTED]
            case ast.Attribute() if dotted(node) in DOTTED:
                found.append(dotted(node))
            case ast.Attribute(attr=name) if name in LOOKS:
                found.append(name)
            case ast.keyword(arg="shell" | "allow_pickle"):
                found.append(str(node.arg))
            case _:
                pass
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_nothing_runs_code_from_a_file(file: Path) -> None:
    found = banned(ast.parse(file.read_text(encoding="utf-8")))
    assert found == ALLOWED.get(str(file.relative_to(PACKAGE)), [])


BAD = {
    "eval(text)": "S307",
    "exec(text)": "S102",
    "import pickle": "TID251",
    "import joblib": "TID251",
    "from importlib import import_module": "TID251",
    "import torch\n\ntorch.load(path)": "TID251",
    "import torch\n\ntorch.save(model, path)": "TID251",
}
"""Source, and the rule by which ruff refuses it."""
LOOKING = ("path.is_file()", "nearest_path(path, Path.is_dir)", "any(p.exists() for p in paths)")
OURS = ("compile(text, name, 'exec')", "__import__(name)", "import marshal", "np.load(path, allow_pickle=True)")
"""What ruff has no rule for."""


@pytest.mark.parametrize("source", [*BAD, *OURS, *LOOKING])
def test_this_test_finds_what_it_looks_for(source: str) -> None:
    assert banned(ast.parse(source))


def test_lint_bans_the_same() -> None:
    pyproject = PACKAGE.parent / "pyproject.toml"
    if not pyproject.is_file():
        pytest.skip("the installed package has no lint configuration")
    lint = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert not {code for code in lint["ignore"] if code.startswith(("S102", "S30", "S40"))}
    api = lint["flake8-tidy-imports"]["banned-api"]
    assert {"pickle", "joblib", "torch.load", "torch.save", "importlib.import_module"} <= api.keys()


@pytest.mark.parametrize("source", list(BAD))
def test_ruff_refuses_it(source: str, tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    pyproject = PACKAGE.parent / "pyproject.toml"
    options = ["--config", str(pyproject), "--no-cache", "--output-format", "concise"]
    words = [sys.executable, "-m", "ruff", "check", *options, "--stdin-filename", str(PACKAGE / "x.py"), "-"]
    done = subprocess.run(words, input=f'"""Doc."""\n\n{source}\n', capture_output=True, text=True, check=False)
    assert f" {BAD[source]} " in done.stdout
