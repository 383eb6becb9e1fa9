"""Looking at tables, and getting some: what the ``data`` commands and ``config init`` do."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from phoneprice.artifact.loader import load_run
from phoneprice.artifact.runs import is_latest, resolve_run
from phoneprice.components.base import TaskKind
from phoneprice.config.asked import ToInfer
from phoneprice.config.fields import as_line
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.render import to_toml
from phoneprice.config.schema import Config
from phoneprice.data.encoding.schema import TableSchema, infer_columns, near_equal_texts, without_inputs
from phoneprice.data.inspection.checks import check, codes_told, told_of_splits
from phoneprice.data.inspection.describe import ColumnSummary, describe
from phoneprice.data.inspection.findings import OF_CLASSES, Finding, by_severity
from phoneprice.data.inspection.ids import is_id_name
from phoneprice.data.inspection.infer import Inferred, infer_config, is_quantity, require_target
from phoneprice.data.inspection.init_text import init_text
from phoneprice.data.inspection.mixed import columns_of_formatted_numbers
from phoneprice.data.inspection.recognised_columns import NOTHING_RECOGNISED, Recognised
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.rows.unlabelled import with_target
from phoneprice.data.samples import sample
from phoneprice.data.samples.fetch import FILES, fetch
from phoneprice.data.table import Table
from phoneprice.data.values import is_number_array
from phoneprice.errors import DataError
from phoneprice.places import is_directory
from phoneprice.wording import utf8_or_escaped
from phoneprice.workflows.destinations import open_output, refuse_foreign, refuse_replacing
from phoneprice.workflows.events import Noted, Warned
from phoneprice.workflows.inferring import as_recognised, given, numbered, read_and_infer
from phoneprice.workflows.inputs import refuse_output
from phoneprice.workflows.prepare import configured, left_out, read_options, read_options_of_run, told_of_file


@dataclass(frozen=True)
class CheckResult:
    """What is wrong or odd in a table, the gravest first."""

    source: str
    rows: int
    skipped_rows: int
    findings: tuple[Finding, ...]
    inferred: Inferred | None = None
    """How a training with this target would read the columns; None where the configuration says it."""

    @property
    def errors(self) -> int:
        """How many findings would keep a training from working."""
        return sum(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True)
class DescriptionResult:
    """What the columns of a table hold."""

    source: str
    rows: int
    skipped_rows: int
    columns: tuple[ColumnSummary, ...]
    warnings: tuple[str, ...] = ()
    """What was left out, and what is in doubt."""
    notes: tuple[str, ...] = ()
    """What was recognised in the file."""


@dataclass(frozen=True)
class FirstConfig:
    """A commented configuration, and what it was inferred from, if it was."""

    text: str
    inferred: Inferred | None = None
    warnings: tuple[str, ...] = ()
    """What the table has that a training leaves out, or warns of, too."""
    notes: tuple[str, ...] = ()
    """What was recognised in the file."""

    @property
    def reasons(self) -> dict[str, str]:
        """Why it is as it is, by dotted key."""
        return self.inferred.reasons if self.inferred else {}


def first_config(data: Path | None, target: str | None, name: str, reading: Reading = AS_CONFIGURED) -> FirstConfig:
    """A configuration to begin with: one inferred from a table, or all the defaults.

    ``name`` is what its file will be called. Raises ``DataError``.
    """
    if data is None or target is None:
        return FirstConfig(to_toml(Config()))
    table, inferred = read_and_infer(data, ToInfer(target), reading)
    text = init_text(inferred, table, read_options(Config().data, reading), name)
    config = ToInfer(target).config(inferred.settings)
    dates = [f"{table.source}: {doubt}" for doubt in (*inferred.doubts, *inferred.counters_told(as_line))]
    categories = _categories_told(table, inferred, config)
    notes, doubts = _told_of_file(table)
    warnings = (*doubts, *left_out(table), *dates, *categories, *told_of_splits(table, config))
    return FirstConfig(utf8_or_escaped(text), inferred, warnings, notes)


def _told_of_file(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was recognised in the file of a table: what is to be noted, and what is to be warned of."""
    told = tuple(told_of_file(table))
    notes, doubts = ([event.message for event in told if isinstance(event, kind)] for kind in (Noted, Warned))
    return tuple(notes), tuple(doubts)


def _categories_told(table: Table, inferred: Inferred, config: Config) -> Iterator[str]:
    """What to warn of labels and categories that are nearly equal or too many, and of what may be no category."""
    features = table.select(inferred.features.get("categorical", ()))
    columns = infer_columns(features, config)
    labels = None if inferred.kind == "regression" else inferred.target
    near = near_equal_texts(table, columns, labels, clean=config.data.clean_text)
    many = {name: what for name, (what, _) in without_inputs(features, columns).items()}
    formatted = columns_of_formatted_numbers(table, features.names, config)
    codes = codes_told(table, inferred.features.get("numeric", ()))
    for name, what in (*formatted.items(), *codes.items(), *near.items(), *many.items()):
        yield f"{table.source}, column {name!r}: {what}"


def check_table(
    data: Path | str,
    asked: Config | ToInfer,
    reference: Path | str | None = None,
    target: str | None = None,
    *,
    reading: Reading = AS_CONFIGURED,
) -> CheckResult:
    """Check a table, alone or against the table or the run that ``reference`` names.

    A run says itself what is its target and what are ids. ``target`` is a column that must be there, in the table or
    in the one to compare with: new rows have none. Where the configuration is to be inferred, the kind of task is.
    Raises ``DataError``, ``ModelError``.
    """
    how = _how_read(asked, reference, reading)
    config, known = how.config, how.reference
    table, recognised = _read(data, how), NOTHING_RECOGNISED
    if isinstance(asked, ToInfer) and known is None:
        table, recognised = as_recognised(table, config, asked)
    if target is not None and target not in how.reference_names:
        require_target(table, target)
    inferred, fault, told = None, "", list[Finding]()
    if isinstance(asked, ToInfer) and not isinstance(known, TableSchema):
        labelled = table if asked.target in table.names or known is None else known
        inferred, fault = _inferred_or_fault(labelled, config, asked, recognised)
        settings = _roles(inferred) if inferred else {"task": {"kind": _kind(labelled, asked.target)}}
        config = configured(asked.config(settings), reading)
        table = _target_as_numbers(table, config)
        told = [] if inferred is None or known is not None else list(_told_of_roles(inferred))
    findings = by_severity([*check(table, config, known), *told, *_number_formats(recognised)])
    if fault:  # what a training would say of classes is nothing to say of free text
        findings = [finding for finding in findings if finding.code not in OF_CLASSES]
    if fault and not any(finding.severity == "error" for finding in findings):
        findings.insert(0, Finding("error", config.data.target, "target_unusable", fault, table.rows))
    return CheckResult(table.source, table.rows, table.skipped_rows, tuple(findings), inferred)


@dataclass(frozen=True)
class _HowRead:
    """How a table is read, and what it is compared with."""

    config: Config
    text: Sequence[str]
    options: ReadOptions
    reference: Table | TableSchema | None = None
    all_written: bool = False
    """Whether all columns are needed as they are written, and not the target alone."""

    @property
    def reference_names(self) -> Collection[str]:
        """Columns that the table may lack, as the one to compare with has them."""
        if isinstance(self.reference, TableSchema):
            return (self.reference.target,)
        return () if self.reference is None else self.reference.names


def _how_read(asked: Config | ToInfer, reference: Path | str | None, reading: Reading) -> _HowRead:
    config = configured(asked.known() if isinstance(asked, ToInfer) else asked, reading)
    if reference is not None and (is_latest(reference) or is_directory(Path(reference))):
        run = load_run(resolve_run(reference))
        said = Reading.of(config.data)
        as_in_run = configured(run.config, said)
        options = read_options_of_run(run.config.data, said)
        return _HowRead(as_in_run, as_in_run.text_columns, options, run.schema)
    text, options = config.text_columns, read_options(config.data)
    if isinstance(asked, ToInfer):
        how = _HowRead(config, (*text, asked.target), options, all_written=reference is None)
    else:
        how = _HowRead(config, text, options)
    return how if reference is None else replace(how, reference=_read(reference, how))


def _number_formats(recognised: Recognised) -> Iterator[Finding]:
    """What a training with this target reads in its own way."""
    for what in recognised.remarks:
        yield Finding("warning", None, "number_format", what, 1)
    for name, why in recognised.reasons.items():
        what = f"{why}; train --target reads it so, and config init writes it down"
        yield Finding("warning", name, "number_format", what, 1)


def _inferred_or_fault(
    table: Table, config: Config, asked: ToInfer, recognised: Recognised
) -> tuple[Inferred | None, str]:
    """What a training with this target would infer, but for the order of its classes; or why it would not."""
    try:
        labelled = with_target(table, config.data)
        return infer_config(labelled, asked.target, given=given(asked, config), recognised=recognised), ""
    except DataError as fault:
        return None, str(fault).removeprefix(f"{table.source}: ")


def _kind(table: Table, target: str) -> TaskKind:
    """What a target is that nothing can be inferred for."""
    return "regression" if target in table.names and is_quantity(table, target) else "multiclass"


def _roles(inferred: Inferred) -> dict[str, dict[str, object]]:
    roles = ("id_columns", "ignored_columns", "categorical_columns")
    data = {name: value for name, value in inferred.settings["data"].items() if name in roles}
    return {"data": data, "task": {"kind": inferred.kind}}


def _told_of_roles(inferred: Inferred) -> Iterator[Finding]:
    """What a training with this target would not learn from."""
    for name, why in inferred.ids.items():
        yield Finding("note", name, "id_like", f"{why}: taken for an id, so it is no feature", 1)
    for what in inferred.counters_told():
        yield Finding("warning", None, "id_like", what, 1)
    for name, why in inferred.codes.items():
        yield Finding("note", name, "codes", f"{why}: codes, so text and no numbers (data.categorical_columns)", 1)
    for name, why in inferred.ignored.items():
        yield Finding("warning", name, "unused", f"{why}: not used", 1)


def _target_as_numbers(table: Table, config: Config) -> Table:
    """The table with the target of a regression as numbers, where it holds nothing else."""
    target = config.data.target
    if config.task.kind != "regression" or target not in table.columns or is_number_array(table.columns[target]):
        return table
    numbers = to_numbers(table.columns[target], frozenset())
    return replace(table, columns={**table.columns, target: numbers.values}) if numbers.clean else table


def describe_table(
    data: Path | str, config: Config, target: str | None = None, *, reading: Reading = AS_CONFIGURED
) -> DescriptionResult:
    """Describe every column of a table. Raises ``DataError``, also where it lacks the ``target``, if one is named."""
    config = configured(config, reading)
    # A target that is a number is described as one, whatever it will be predicted as.
    table = _read(data, _HowRead(config, config.data.text_columns, read_options(config.data)))
    if target is not None:
        require_target(table, target)
    columns = tuple(describe(table, config))
    notes, doubts = _told_of_file(table)
    warnings = (*doubts, *left_out(table))
    return DescriptionResult(table.source, table.rows, table.skipped_rows, columns, warnings, notes)


def write_sample(output: Path, rows: int | None = None, seed: int | None = None, *, labelled: bool = True) -> int:
    """Write synthetic phones as CSV and return how many: the bundled file, or ``rows`` drawn from ``seed``.

    Raises ``UsageError`` for a number of rows or a seed out of range, ``StorageError``.
    """
    if rows is None and seed is None:
        which: Literal["train", "new"] = "train" if labelled else "new"
        _copy(sample.sample_path(which), output)
        return sample.TRAIN_ROWS if labelled else sample.NEW_ROWS
    default_rows = sample.TRAIN_ROWS if labelled else sample.NEW_ROWS
    phones = sample.generate(rows or default_rows, sample.SEED if seed is None else seed, labelled=labelled)
    with open_output(output) as file:
        sample.write_csv(phones, file)
    return int(phones.num_rows)


def fetch_files(folder: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Download the files from Kaggle into ``folder``, over older ones with ``force`` only.

    Raises as ``fetch`` does, ``UsageError`` in a run and for files that are there, ``StorageError`` for
    anything else of their names.
    """
    for name in FILES:
        refuse_output(folder / name)
        refuse_foreign(folder / name)
        refuse_replacing(folder / name, force=force)
    return fetch(folder, partial(_copy, made_up=True))


def _copy(source: Path, output: Path, *, made_up: bool = False) -> None:
    with source.open("rb") as opened, open_output(output, made_up=made_up) as file:
        shutil.copyfileobj(opened, file)


def _read(source: Path | str, how: _HowRead) -> Table:
    written = None if how.all_written else [how.config.data.target]
    table = read_table(source, how.options, how.text, written=written, is_text_name=is_id_name)
    return numbered(table, how.text, how.config)
