"""The templates of pages, with the words that they use.

Whatever they print is made printable and escaped, but for the SVG elements that ``svg.element`` has made.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from phoneprice import wording
from phoneprice.metrics.catalogue import METRICS
from phoneprice.report.prediction_charts import shade

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """The templates with the words they use; a name that is given nowhere is a bug and raises."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    words = (wording.count, wording.counted, wording.figure, wording.share, wording.span)
    own = (shade, _metric_title, _metric_description)
    made.filters.update({function.__name__.lstrip("_"): function for function in (*words, *own)})
    made.globals["NONE"] = wording.NONE
    return made


def _printable(value: object) -> str:
    """What a template prints as it may stand on the page; what is markup already stays, and the lines of a text do."""
    if isinstance(value, Markup):
        return value
    return "\n".join(map(wording.printable, str(value).split("\n")))


def _metric_title(name: str) -> str:
    return METRICS[name].title if name in METRICS else name


def _metric_description(name: str) -> str:
    return METRICS[name].description if name in METRICS else ""
