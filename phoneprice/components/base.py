"""What every component and every section of the configuration has in common."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

TaskKind = Literal["ordinal", "multiclass", "binary", "regression"]


class Settings(BaseModel):
    """A frozen group of settings: no unknown keys, no NaN, no infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=False, defer_build=True
    )


@dataclass(frozen=True)
class Guide:
    """Stands in the annotation of a setting, beside its description and its bounds."""

    when: str
    """When to set it, or to what."""
    source: str = ""
    """As a component's."""
    formula: str = ""


class Component(Settings):
    """A named choice; subclasses narrow ``name`` to one literal.

    In a stack of members that differ in a number it is a tensor over them (``training.settings``): formulas broadcast.
    """

    name: str
    summary: ClassVar[str] = ""
    """What it is, in a few words."""
    formula: ClassVar[str] = ""
    """What it computes, as plain text; empty where it computes nothing."""
    when: ClassVar[str] = ""
    """When to use it."""
    source: ClassVar[str] = ""
    """``Authors year: title``; empty where nobody in particular has come up with it."""

    @classmethod
    def in_a_line(cls) -> str:
        """What it is, its formula and who has come up with it."""
        authors = cls.source.partition(":")[0]
        return "; ".join(filter(None, (cls.summary, cls.formula))) + (f" ({authors})" if authors else "")


def is_off(number: float) -> bool:
    """Whether a number that switches something on is zero for every member; a tensor, since members differ, is not."""
    return isinstance(number, float | int) and number == 0


Rate = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
