"""How a table is to be read where that is not as configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from phoneprice.config.schema import DataConfig


@dataclass(frozen=True)
class Reading:
    r"""What takes the place of the settings of the same names in ``[data]``; None leaves them as they are.

    As the delimiter, the two characters ``\t`` stand for a tab.
    """

    delimiter: str | None = None
    encoding: str | None = None
    on_bad_row: Literal["fail", "skip"] | None = None
    missing_values: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.delimiter == r"\t":
            object.__setattr__(self, "delimiter", "\t")

    @staticmethod
    def of(data: DataConfig) -> Reading:
        """How a configuration says that tables are read, with nothing left open."""
        return Reading(data.delimiter, data.encoding, data.on_bad_row, data.missing_values)

    def instead_of(self, data: DataConfig) -> DataConfig:
        """The section with what is given here in the place of its own; unchecked, see ``ReadOptions``."""
        return data.model_copy(update={name: value for name, value in vars(self).items() if value is not None})


AS_CONFIGURED = Reading()
