import subprocess
import sys
from typing import get_type_hints

import pytest

import phoneprice

HEAVY = {"numpy", "pandas", "pyarrow", "pydantic", "sklearn", "torch"}


def modules_after(code):
    found = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], check=True, capture_output=True, text=True
    )
    return {name.partition(".")[0] for name in found.stdout.split()}


def test_import_is_light():
    assert not modules_after("import phoneprice; dir(phoneprice); phoneprice.__version__") & HEAVY


@pytest.mark.parametrize("name", ["train", "evaluate", "predict", "compare", "cross_validate", "load", "tune"])
def test_nothing_but_the_estimators_imports_scikit_learn(name):
    assert not modules_after(f"from phoneprice import {name}") & {"sklearn", "torch", "pandas"}


def test_names():
    assert phoneprice.__all__ == [
        "PhonePriceClassifier",
        "PhonePriceRegressor",
        "Reading",
        "compare",
        "cross_validate",
        "evaluate",
        "load",
        "predict",
        "train",
        "tune",
    ]
    assert set(phoneprice.__all__) <= set(dir(phoneprice))
    for name in phoneprice.__all__:
        found = getattr(phoneprice, name)
        assert found.__name__ == name
        assert getattr(phoneprice, name) is found


def test_functions_are_typed():
    for name in ("train", "evaluate", "predict", "compare", "cross_validate", "tune"):
        assert get_type_hints(getattr(phoneprice, name))["return"].__module__.startswith("phoneprice.")


def test_unknown_name():
    with pytest.raises(AttributeError, match=r"^module 'phoneprice' has no attribute 'fit'$"):
        phoneprice.fit  # noqa: B018
