"""What leans on private parts of PyTorch does so in the versions it was tested with, and in others goes the plain way.

The private parts give products by oneDNN (``kernels``: on AMD's processors half the time), and optimizers that don't
import the compiler (``training.optimization``: on two cores 1.3 s less until the first step).
"""

import torch

_TESTED = ("2.13.", "2.14.")


def are_private_parts_known(version: str = torch.__version__) -> bool:
    """Whether the tests have passed with this version of PyTorch."""
    return version.startswith(_TESTED)
