"""What every component and every section of the configuration has in common."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

TaskKind = Literal["ordinal", "multiclass", "binary", "regression"]


class Settings(BaseModel):
    """A frozen group of settings: no unknown keys, no NaN, no infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=False, defer_build=True
    )


class Component(Settings):
    """A named choice; subclasses narrow ``name`` to one literal.

    In a stack of members that differ in a number it is a tensor over them (``training.settings``): formulas broadcast.
    """

    name: str
    summary: ClassVar[str] = ""
    """What it is and where it comes from, in one sentence."""


def is_off(number: float) -> bool:
    """Whether a number that switches something on is zero for every member; a tensor, since members differ, is not."""
    return isinstance(number, float | int) and number == 0


Rate = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
