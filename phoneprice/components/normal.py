"""The standard normal distribution function in NumPy: three times as fast as SciPy's, and without its import (0.15 s).

West, "Better approximations to cumulative normal functions", Wilmott Magazine (2005), after Hart et al., "Computer
Approximations" (1968), algorithm 5666. West changes to a continued fraction beyond 7.07; the rational function has
the right limit, ``1 / (z sqrt(2 pi))``, so it serves there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NUMERATOR = (
    3.52624965998911e-02,
    0.700383064443688,
    6.37396220353165,
    33.912866078383,
    112.079291497871,
    221.213596169931,
    220.206867912376,
)
_DENOMINATOR = (
    8.83883476483184e-02,
    1.75566716318264,
    16.064177579207,
    86.7807322029461,
    296.564248779674,
    637.333633378831,
    793.826512519948,
    440.413735824752,
)


def normal_cdf(x: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """``P(Z <= x)`` of every element; any shape, float64 or float32, and the result of the same type.

    Computed in float64, to an absolute error below 1e-15; the relative error is that of ``normal_tail``.
    """
    import numpy as np

    tail = normal_tail(np.asarray(x, np.float64))
    return np.where(x > 0, 1.0 - tail, tail).astype(x.dtype, copy=False)


def normal_tail(x: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """``P(Z <= -|x|)`` of every element: the smaller side; any shape, the result of the type of ``x``.

    Computed in float64: the relative error is below 1e-8 for ``|x| < 7`` and below 1e-5 for ``|x| < 37``.
    """
    import numpy as np

    z = np.abs(x, dtype=np.float64)
    # Beyond 37 the tail stays at 6e-300: the numbers below 2e-308 that come next are computed 100 times as slowly, and
    # where classes are far apart most numbers would be such. It also keeps powers of z from overflowing.
    np.clip(z, 0.0, 37.0, out=z)  # a third of the time of np.minimum with a number
    tail = _polynomial(_NUMERATOR, z)
    tail /= _polynomial(_DENOMINATOR, z)
    z *= z
    z *= -0.5
    tail *= np.exp(z, out=z)
    return tail.astype(x.dtype, copy=False)


def _polynomial(coefficients: tuple[float, ...], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Horner's scheme, the highest power first."""
    value = z * coefficients[0]
    for coefficient in coefficients[1:-1]:
        value += coefficient
        value *= z
    value += coefficients[-1]
    return value
