"""What was inferred of a table as a configuration with comments: what ``config init`` writes."""

from collections.abc import Iterator, Mapping
from shlex import quote
from textwrap import wrap

from phoneprice.config.fields import toml_key, toml_value
from phoneprice.data.inspection.infer import COUNTED_KINDS, Inferred, listed_reasons
from phoneprice.data.reading.byte_source import STDIN_NAME
from phoneprice.data.reading.options import AUTO, ReadOptions
from phoneprice.data.table import Table
from phoneprice.stream import STREAM
from phoneprice.wording import as_name, counted, first_of, printable

_PORTFOLIO = (
    "Networks of several recipes learn from the same rows, and held-out rows say how much each counts; one that is "
    "hardly of use is left out. Without these tables one network learns as [model], [optimizer] and so on say."
)


def init_text(inferred: Inferred, table: Table, options: ReadOptions | None = None, name: str = "FILE") -> str:
    """A commented TOML configuration of what was inferred; all that is not in it keeps its default.

    ``options`` are those the table was read with, ``name`` is what the file will be called in the example commands.
    """
    return "\n".join(_lines(inferred, table, table.options or options or ReadOptions(), name)) + "\n"


def _lines(inferred: Inferred, table: Table, options: ReadOptions, name: str) -> Iterator[str]:
    reasons, source, file = inferred.reasons, quote(inferred.source), quote(name)
    again = str(STREAM) if inferred.source == STDIN_NAME else source
    yield from _comment(
        f"Made from {source} ({counted(table.rows, 'row')}) by `phoneprice config init`. What is not here keeps its "
        f"default: `phoneprice config show -c {file}` prints every setting. "
        f"Train with `phoneprice train {again} -c {file}`."
    )
    data = inferred.settings["data"]
    yield from ("", "[data]", f"target = {toml_value(data['target'])}", "")
    usual = '; "id" is here for tables to predict that have such a column'
    told = f"{reasons['data.id_columns']}{usual if inferred.id_columns and not inferred.ids else ''}"
    yield from _comment(f"Ids are no features; predictions keep them. {told}.")
    yield from (f"id_columns = {toml_value(data['id_columns'])}", "")
    yield from _comment(f"Columns that are not used at all. {reasons['data.ignored_columns']}.")
    yield from (f"ignored_columns = {toml_value(data['ignored_columns'])}", "")
    yield from _comment(_kinds_told(inferred))
    if inferred.codes:
        yield from _comment(f"Codes, whose digits are text: {reasons['data.categorical_columns']}.")
    yield f"categorical_columns = {toml_value(data.get('categorical_columns', ()))}"
    yield from _dates_told(inferred)
    yield from _reading(options)
    yield from _recognised(inferred)
    yield from ("", "[task]")
    yield from _comment(f"{reasons['task.kind']}. The loss follows.")
    yield f"kind = {toml_value(inferred.settings['task']['kind'])}"
    yield from _recipes(inferred)


def _kinds_told(inferred: Inferred) -> str:
    named = {COUNTED_KINDS[kind][1]: first_of([*map(as_name, names)]) for kind, names in inferred.features.items()}
    parts = [f"{kind}: {names}" for kind, names in named.items()]
    return f"Found {'; '.join(parts)}. Add those whose numbers are mere names, such as a shop's number."


def _dates_told(inferred: Inferred) -> Iterator[str]:
    data = inferred.settings["data"]
    if inferred.dates:
        yield ""
        found = inferred.reasons["data.date_columns"]
        yield from _comment(f"Dates and times become numbers of days and what comes again. {found}.")
        yield f"date_columns = {toml_value(data['date_columns'])}"
    for doubt in inferred.doubts:
        yield from _comment(f"{doubt[:1].upper()}{doubt[1:]}.")
    if "date_order" in data:
        yield f"date_order = {toml_value(data['date_order'])}"


def _reading(options: ReadOptions) -> Iterator[str]:
    if options.delimiter not in {AUTO, ReadOptions().delimiter}:
        yield f"delimiter = {toml_value(options.delimiter)}"
    if options.encoding not in {AUTO, ReadOptions().encoding}:
        yield f"encoding = {toml_value(options.encoding)}"
    if options.skip_lines not in {AUTO, ReadOptions().skip_lines}:
        yield f"skip_lines = {toml_value(options.skip_lines)}"
    if not options.header:
        yield "header = false"


def _recognised(inferred: Inferred) -> Iterator[str]:
    """How numbers are written, with the reasons."""
    recognised = inferred.recognised
    everywhere = {key: value for key, value in recognised.settings.items() if key != "columns"}
    if recognised.reasons:
        yield ""
        yield from _comment(f"How numbers and missing values are written. {listed_reasons(recognised.reasons)}.")
    for key, value in everywhere.items():
        yield f"{key} = {toml_value(value)}"
    single = recognised.settings.get("columns", {})
    for name, own in single.items() if isinstance(single, Mapping) else ():
        yield from ("", f"[data.columns.{toml_key(name)}]")
        yield from (f"{key} = {toml_value(value)}" for key, value in own.items())


def _recipes(inferred: Inferred) -> Iterator[str]:
    """The recipes, each with what differs from the defaults of the kind of task."""
    yield ""
    yield from _comment(_PORTFOLIO)
    for recipe in inferred.settings["portfolio"]:
        yield from ("", "[[portfolio]]")
        yield from (f"{key} = {toml_value(value)}" for key, value in recipe.items())


def _comment(text: str) -> Iterator[str]:
    text = printable(text)  # a line end in a name would end the comment
    yield from wrap(
        text, 100, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False
    )
