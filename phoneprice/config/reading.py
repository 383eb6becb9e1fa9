"""How a table is to be read where that is not as configured."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

from phoneprice.errors import UsageError
from phoneprice.wording import is_unicode

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
    skip_lines: int | Literal["auto"] | None = None
    header: bool | None = None

    def __post_init__(self) -> None:
        for name in ("delimiter", "encoding", "on_bad_row"):
            if getattr(self, name) is not None:
                _refuse_no_text(name, getattr(self, name))
        if self.missing_values is not None:
            if not isinstance(self.missing_values, list | tuple):
                raise UsageError(
                    f"missing_values: found a {type(self.missing_values).__name__}, must be a list of texts"
                )
            for word in self.missing_values:
                _refuse_no_text("missing_values", word)
                if not is_unicode(word):
                    raise UsageError(f"missing_values: found {word!a}, must be valid Unicode")
            object.__setattr__(self, "missing_values", tuple(self.missing_values))
        if self.delimiter == r"\t":
            object.__setattr__(self, "delimiter", "\t")

    @staticmethod
    def of(data: DataConfig) -> Reading:
        """How a configuration says that tables are read; what it has at its default is left open."""
        usual = {name: field.default for name, field in type(data).model_fields.items()}
        names = (field.name for field in fields(Reading))
        return Reading(**{name: value for name in names if (value := getattr(data, name)) != usual[name]})

    def instead_of(self, data: DataConfig) -> DataConfig:
        """The section with what is given here in the place of its own; unchecked, see ``ReadOptions``."""
        return data.model_copy(update={name: value for name, value in vars(self).items() if value is not None})


def _refuse_no_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        shown = repr(value) if value is None or isinstance(value, int | float) else f"a {type(value).__name__}"
        raise UsageError(f"{name}: found {shown}, must be text")


AS_CONFIGURED = Reading()
