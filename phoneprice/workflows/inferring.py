"""A configuration that a table tells: what ``config init`` writes down, and ``train --target`` uses at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from phoneprice.config.asked import Overrides, ToInfer, override_texts, target_text
from phoneprice.config.load import Say, load_config, override_config
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config, DataConfig
from phoneprice.data.encoding.dates import open_orders
from phoneprice.data.inspection.ids import id_reason, is_id_name, is_measured
from phoneprice.data.inspection.infer import Given, Inferred, are_codes, infer_config, is_quantity
from phoneprice.data.inspection.mixed import settle_named
from phoneprice.data.inspection.recognised_columns import Recognised, Settled, codes_as_text, recognise
from phoneprice.data.inspection.recognition import words_among_labels
from phoneprice.data.reading import read_table
from phoneprice.data.reading.columns import text_in_plain_words
from phoneprice.data.rows.unlabelled import with_target
from phoneprice.data.table import Table
from phoneprice.data.values import is_number_array
from phoneprice.workflows.events import Noted, OnEvent, Warned, ignore
from phoneprice.workflows.prepare import Prepared, configured, prepare, prepare_table, read_options


def asked_for(
    config: Config | ToInfer | Path | str | None,
    target: str | None = None,
    overrides: Overrides | None = None,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> Config | ToInfer:
    """The configuration, with the target, the overrides and the reading laid over it; to infer where a target is all.

    Raises ``ConfigError``, ``UsageError`` for what is wrong whatever the table holds.
    """
    texts = override_texts(overrides)
    if config is None and target is not None:
        config = ToInfer(target, tuple(texts))
    if isinstance(config, ToInfer):
        configured(config.known(), reading)
        return config
    texts += [] if target is None else [target_text(target)]
    if isinstance(config, Config):
        return configured(override_config(config, texts, _noting(on_event)) if texts else config, reading)
    return configured(load_config(config, texts, say=_noting(on_event)), reading)


def _noting(on_event: OnEvent) -> Say:
    return lambda message: on_event(Noted(message))


def prepare_as_asked(source: Path | str, asked: Config | ToInfer, reading: Reading, on_event: OnEvent) -> Prepared:
    """Read and encode a table for training; what is to be inferred from it is inferred and said first.

    The table is read once, as standard input can be. Raises ``DataError``, ``ConfigError``.
    """
    if isinstance(asked, Config):
        return prepare(source, configured(asked, reading), on_event)
    table, inferred = read_and_infer(source, asked, reading)
    for line in inferred.summary:
        on_event(Noted(line))
    config = configured(asked.config(inferred.settings, _noting(on_event)), reading)
    still_open = [doubt for _, doubt in open_orders(inferred.dates, config.data.date_order)]
    doubts = [doubt for doubt in inferred.doubts if doubt not in still_open]  # those the training says
    for doubt in (*doubts, *inferred.counters_told()):
        on_event(Warned(f"{inferred.source}: {doubt}"))
    return replace(prepare_table(table, config, on_event), inferred=inferred)


def read_and_infer(source: Path | str, asked: ToInfer, reading: Reading) -> tuple[Table, Inferred]:
    """A table, and what it tells of its columns and its target. Raises ``DataError``.

    The target, an index, and the ids and categories that are asked for, come as text whatever they hold. Rows without
    a target are left out, with a remark.
    """
    known = configured(asked.known(), reading)
    said = given(asked, known)
    text = [known.data.target, *said.config.data.text_columns]
    options, ignored = read_options(known.data), known.data.ignored_columns
    table = read_table(source, options, text, ignored, written=None, is_text_name=is_id_name)
    table, recognised = as_recognised(numbered(table, {*text, *ignored}, known), known, asked)
    table = with_target(table, known.data)
    table = replace(table, remarks=(*table.remarks, *recognised.remarks))
    return table, infer_config(table, known.data.target, _ordered, said, recognised)


def as_recognised(table: Table, known: Config, asked: ToInfer) -> tuple[Table, Recognised]:
    """A table with the numbers that are written in their own way, but for columns of text, ids and classes.

    It has all its columns as they are written, of which the target's and those of ``row_columns`` are left. Where no
    kind of task is given, a target holds classes if the numbers that it would become are some.
    """
    said, target = given(asked, known), known.data.target
    classes = said.kind and known.task.kind != "regression"
    text = frozenset(said.config.data.text_columns) - {target}
    settled = Settled(
        marks=asked.asks_for("data.decimal") or asked.asks_for("data.thousands"),
        words=asked.asks_for("data.missing_values"),
    )
    kept = {*text, *([target] if classes else [])}
    if target not in kept:
        table = _target_as_asked(table, known.data, sure=said.kind)
    read, recognised = recognise(table, known.data, kept, settled)
    names = {name for name in recognised.reasons if is_id_name(name) and not is_measured(read, name)}
    if not said.kind and _as_text(read, recognised, target):
        names.add(target)
    if names:
        read, again = recognise(table, known.data, {*kept, *names}, settled)
        # A target of labels whose marks are open may be numbers nevertheless, so that doubt stays.
        recognised = replace(again, doubts={**recognised.doubts, **again.doubts})
    decided = asked.asks_for("data.categorical_columns")
    codes = {name: why for name, why in read.codes.items() if not decided and name not in known.row_columns}
    read = codes_as_text(replace(read, codes=codes), are_codes)
    written = {name: read.written[name] for name in (target, *known.row_columns) if name in read.written}
    return replace(read, written=written), recognised


def _as_text(table: Table, recognised: Recognised, target: str) -> bool:
    """Whether a target holds labels, though it was read as numbers of some format or has words for missing."""
    if target not in table.names:
        return False
    labels = words_among_labels(table.columns[target])
    return bool(target in recognised.reasons or labels) and not is_quantity(table, target)


def _target_as_asked(table: Table, data: DataConfig, *, sure: bool) -> Table:
    """The table with the numbers of the target, which is text, read as settings say; one of classes keeps its text."""
    if data.target not in table.columns or is_number_array(table.columns[data.target]):
        return table
    how = read_options(data).rules(data.target).number_format
    cells = text_in_plain_words(table, data.target, table.columns[data.target], how, certain=sure)
    read = replace(table, columns={**table.columns, data.target: cells})
    return read if sure or is_quantity(read, data.target) else table


def numbered(table: Table, settled: Collection[str], config: Config) -> Table:
    """The table with columns of numbers as such that were read as text for their names, but are no ids after all."""
    named = [name for name in table.names if is_id_name(name) and name not in settled]
    return settle_named(table, [name for name in named if not id_reason(table, name)], config.data)


def given(asked: ToInfer, known: Config) -> Given:
    """What is known, but for what stands there by default alone and is to be inferred."""
    kind, ids, ignored = map(asked.asks_for, ("task.kind", "data.id_columns", "data.ignored_columns"))
    data = known.data if ids else known.data.model_copy(update={"id_columns": ()})
    return Given(known.model_copy(update={"data": data}), kind, ids, ignored)


def _ordered(table: Table, target: str) -> bool:
    # Trains two small models, so PyTorch is imported for this alone.
    from phoneprice.workflows.ordering import looks_ordered

    return looks_ordered(table, target)
