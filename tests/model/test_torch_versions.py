"""Which versions of PyTorch get more than the plain way."""

import pytest

from phoneprice.model.torch_versions import are_private_parts_known


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("2.13.0+cpu", True),
        ("2.14.1", True),
        ("2.1.3", False),
        ("2.12.1", False),
        ("2.130.0", False),
        ("3.13.0", False),
    ],
)
def test_known_versions(version: str, known: bool) -> None:
    assert are_private_parts_known(version) == known
