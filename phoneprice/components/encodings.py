"""Encodings of numbers: what the hidden layers get in place of a standardised number.

A network that gets a number as it is learns steps and waves of it slowly; one that gets it spread over several inputs
learns them at once. ``torch`` maps the numbers ``(K, B, c)`` of K members to ``(K, B, outputs, c)``, differentiably,
``numpy`` numbers ``(K, c, n)``, rows last, to ``(K, outputs, c, n)``. Both are given the ``arrays`` of a component,
stacked on the member axis, by the names of ``shapes``. The skip path keeps the numbers as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from phoneprice.components.base import Component, Guide, Positive

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Generator, Tensor

    Array = NDArray[np.floating[Any]]


_EMBEDDINGS = "Gorishniy, Rubachev and Babenko 2022: On Embeddings for Numerical Features in Tabular Deep Learning"


class _Encoding(Component):
    active: ClassVar[bool] = True

    @property
    def outputs(self) -> int:
        """How many inputs of the hidden layers each number becomes."""
        return 1

    @property
    def widest(self) -> int:
        """The most numbers that are held for one on the way."""
        return self.outputs

    def shapes(self, columns: int) -> dict[str, tuple[int, ...]]:
        """Its arrays for ``columns`` numbers, by name, without the member axis; none is called ``edges`` but bins'."""
        return {}

    def fill(self, arrays: Mapping[str, Tensor], generator: Generator) -> None:
        """Overwrite one member's arrays, all zero, with what it starts from; in place."""

    def used(self, arrays: Mapping[str, Tensor]) -> Tensor | None:
        """Which outputs can differ from zero, bool ``(K, outputs, c)``; None: all."""
        return None

    def torch(self, z: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
        """``(K, B, c)`` to ``(K, B, outputs, c)``."""
        return z.unsqueeze(2)

    def numpy(self, z: Array, arrays: Mapping[str, Array]) -> Array:
        """``(K, c, n)`` to ``(K, outputs, c, n)``."""
        return z[:, None]


class NoEncoding(_Encoding):
    """Numbers as they are."""

    name: Literal["none"] = "none"
    summary = "numbers as they are, standardised"
    when = "the start: the skip path and a small network need no more"
    active: ClassVar[bool] = False


class PiecewiseLinear(_Encoding):
    """A ramp for each bin of a column: ``clip((x - lower) / (upper - lower), 0, 1)``.

    So the first layer's sum is a piecewise-linear function of each number, with kinks where bins meet. Outside the
    range of a member's training rows it stays what it is at the end (Gorishniy et al., equation 1, let the first and
    the last ramp go on); what goes on there is the skip path. Where a column has fewer bins than others the last edges
    are the same, and a bin without a width is always 0.
    """

    name: Literal["piecewise_linear"] = "piecewise_linear"
    summary = "a ramp for each bin of a number's range"
    formula = "e_i(x) = clip((x - lower_i) / (upper_i - lower_i), 0, 1)"
    when = "where the target has steps or bends along a number, and trees are better than the network"
    source = _EMBEDDINGS
    bins: Annotated[
        int,
        Field(ge=1, le=256, description="bins of each column; fewer where it has fewer values"),
        Guide("more where the target has many steps or bends along a number and there are rows enough"),
    ] = 12
    edges: Annotated[
        Literal["quantile", "tree"],
        Field(description="where bins meet: at quantiles of a member's rows, or where a tree on its targets splits"),
        Guide("tree where narrow parts of a column's range matter"),
    ] = "quantile"
    leaf_rows: Annotated[
        int, Field(ge=1, description="rows that a bin has at least (tree)"), Guide("more where targets are noisy")
    ] = 16

    @property
    def outputs(self) -> int:
        return self.bins

    def shapes(self, columns: int) -> dict[str, tuple[int, ...]]:
        return {"edges": (columns, self.bins + 1)}

    def used(self, arrays: Mapping[str, Tensor]) -> Tensor | None:
        return arrays["edges"].diff(dim=-1).transpose(1, 2) > 0

    def torch(self, z: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
        import torch

        # Columns last: along the 12 bins of a column the same takes twice as long.
        edges = arrays["edges"].transpose(1, 2).contiguous()
        width = edges[:, 1:] - edges[:, :-1]
        slope = torch.where(width > 0, 1 / width, 0)
        ramps = torch.addcmul((-edges[:, :-1] * slope)[:, None], z[:, :, None], slope[:, None])
        return ramps.clamp_(0, 1)

    def numpy(self, z: Array, arrays: Mapping[str, Array]) -> Array:
        import numpy as np

        edges = arrays["edges"].swapaxes(1, 2)
        width = np.diff(edges, axis=1)
        slope = np.divide(1, width, out=np.zeros_like(width), where=width > 0)
        ramps = z[:, None] * slope[..., None]
        ramps -= (edges[:, :-1] * slope)[..., None]
        return np.clip(ramps, 0, 1, out=ramps)


class Periodic(_Encoding):
    """Waves of learned frequencies, mixed: ``relu(projection * [cos(2 pi f x), sin(2 pi f x)] + bias)``.

    Gorishniy, Rubachev and Babenko 2022, section 3.3, with one linear layer for all columns as the authors' package has
    it as PLR(lite). Frequencies are a column's own and start as ``N(0, sigma**2)``, the linear layer starts as
    ``torch.nn.Linear`` does. ``sigma`` and the number of frequencies are RealMLP's (Holzmüller et al. 2024).
    """

    name: Literal["periodic"] = "periodic"
    summary = "sines and cosines of learned frequencies, mixed by a layer"
    formula = "relu(projection * [cos(2 pi f x), sin(2 pi f x)] + bias)"
    when = "where the target goes up and down along a number; sigma is the first thing to tune"
    source = _EMBEDDINGS
    frequencies: Annotated[
        int,
        Field(ge=1, le=256, description="frequencies of each column"),
        Guide("more where the target goes up and down in several ways"),
    ] = 16
    sigma: Annotated[
        Positive,
        Field(description="standard deviation of the frequencies before training"),
        Guide(
            "the first thing to tune: larger where the target goes up and down more often; 0.01 to 10",
            source=_EMBEDDINGS,
        ),
    ] = 0.1
    width: Annotated[int, Field(ge=1, le=256, description="inputs that each column becomes"), Guide("seldom")] = 8

    @property
    def outputs(self) -> int:
        return self.width

    @property
    def widest(self) -> int:
        return max(2 * self.frequencies, self.width)

    def shapes(self, columns: int) -> dict[str, tuple[int, ...]]:
        projection = (2 * self.frequencies, self.width)
        return {"frequencies": (columns, self.frequencies), "projection": projection, "bias": (1, self.width)}

    def fill(self, arrays: Mapping[str, Tensor], generator: Generator) -> None:
        bound = 1 / math.sqrt(2 * self.frequencies)
        arrays["frequencies"].normal_(0, self.sigma, generator=generator)
        for name in ("projection", "bias"):
            arrays[name].uniform_(-bound, bound, generator=generator)

    def torch(self, z: Tensor, arrays: Mapping[str, Tensor]) -> Tensor:
        import torch

        from phoneprice.components.waves import waves

        mixed = torch.baddbmm(arrays["bias"], waves(z, arrays["frequencies"]).flatten(1, 2), arrays["projection"])
        return mixed.relu_().view(*z.shape, self.width).transpose(2, 3)

    def numpy(self, z: Array, arrays: Mapping[str, Array]) -> Array:
        import numpy as np

        angles = z[:, :, None] * (2 * math.pi * arrays["frequencies"])[..., None]
        waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=2)
        mixed = np.matmul(arrays["projection"].swapaxes(1, 2)[:, None], waves)
        mixed += arrays["bias"].swapaxes(1, 2)[:, None]
        np.clip(mixed, 0, np.inf, out=mixed)
        turned: Array = mixed.swapaxes(1, 2)
        return turned


Encoding = Annotated[NoEncoding | PiecewiseLinear | Periodic, Field(discriminator="name")]
