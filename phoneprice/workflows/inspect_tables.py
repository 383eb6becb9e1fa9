"""Looking at tables, and getting some: what the ``data`` commands and ``config init`` do."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from phoneprice.artifact.loader import load_run
from phoneprice.artifact.runs import is_latest, resolve_run
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.render import to_toml
from phoneprice.config.schema import Config, DataConfig
from phoneprice.data import sample
from phoneprice.data.checks import Finding, check
from phoneprice.data.describe import ColumnSummary, describe
from phoneprice.data.fetch import FILES, fetch
from phoneprice.data.infer import infer_config, init_text, require_target
from phoneprice.data.reading import read_table
from phoneprice.data.schema import TableSchema
from phoneprice.data.table import Table
from phoneprice.data.unlabelled import with_target
from phoneprice.places import is_directory
from phoneprice.wording import utf8_or_escaped
from phoneprice.workflows.destinations import open_output, refuse_output
from phoneprice.workflows.prepare import configured, left_out, read_options, text_columns


@dataclass(frozen=True)
class CheckResult:
    """What is wrong or odd in a table, the gravest first."""

    source: str
    rows: int
    skipped_rows: int
    findings: tuple[Finding, ...]

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


@dataclass(frozen=True)
class FirstConfig:
    """A commented configuration; ``reasons`` say by dotted key why it is as it is."""

    text: str
    reasons: dict[str, str]
    ignored: tuple[str, ...] = ()
    """Columns that it leaves out."""
    warnings: tuple[str, ...] = ()
    """What the table has that a training leaves out, too."""


def first_config(data: Path | None, target: str | None, name: str, reading: Reading = AS_CONFIGURED) -> FirstConfig:
    """A configuration to begin with: one inferred from a table, or all the defaults.

    ``name`` is what its file will be called. Raises ``DataError``.
    """
    if data is None or target is None:
        return FirstConfig(to_toml(Config()), {})
    settings = DataConfig(target=target)
    options = read_options(settings, reading)
    table = with_target(read_table(data, options, [target, *settings.index_columns], written=[target]), settings)
    inferred = infer_config(table, target, _ordered)
    text = utf8_or_escaped(init_text(inferred, table, options, name))
    return FirstConfig(text, inferred.reasons, inferred.ignored_columns, tuple(left_out(table)))


def _ordered(table: Table, target: str) -> bool:
    # Trains two small models, so PyTorch is imported for this alone.
    from phoneprice.workflows.ordering import looks_ordered

    return looks_ordered(table, target)


def check_table(
    data: Path | str,
    config: Config,
    reference: Path | str | None = None,
    target: str | None = None,
    *,
    reading: Reading = AS_CONFIGURED,
) -> CheckResult:
    """Check a table, alone or against the table or the run that ``reference`` names.

    A run says itself what is its target and what are ids. ``target`` is a column that must be there, in the table or
    in the one to compare with: new rows have none. Raises ``DataError``, ``ModelError``.
    """
    config = configured(config, reading)
    known: Table | TableSchema | None = None
    expected = target
    if reference is not None and (is_latest(reference) or is_directory(Path(reference))):
        run = load_run(resolve_run(reference))
        known, config = run.schema, configured(run.config, Reading.of(config.data))
        expected = None if target == run.schema.target else target
    elif reference is not None:
        known = _read(reference, text_columns(config), config)
        expected = None if target in known.columns else target
    table = _read(data, text_columns(config), config)
    if expected is not None:
        require_target(table, expected)
    return CheckResult(table.source, table.rows, table.skipped_rows, tuple(check(table, config, known)))


def describe_table(
    data: Path | str, config: Config, target: str | None = None, *, reading: Reading = AS_CONFIGURED
) -> DescriptionResult:
    """Describe every column of a table. Raises ``DataError``, also where it lacks the ``target``, if one is named."""
    config = configured(config, reading)
    # A target that is a number is described as one, whatever it will be predicted as.
    table = _read(data, [*config.data.row_names, *config.data.categorical_columns], config)
    if target is not None:
        require_target(table, target)
    return DescriptionResult(table.source, table.rows, table.skipped_rows, tuple(describe(table, config)))


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


def fetch_files(folder: Path) -> tuple[Path, ...]:
    """Download the files from Kaggle into ``folder``; raises as ``data.fetch.fetch`` does, ``UsageError`` in a run."""
    for name in FILES:
        refuse_output(folder / name)
    return fetch(folder, _copy)


def _copy(source: Path, output: Path) -> None:
    with source.open("rb") as opened, open_output(output) as file:
        shutil.copyfileobj(opened, file)


def _read(source: Path | str, text: list[str], config: Config) -> Table:
    return read_table(source, read_options(config.data), text, written=[config.data.target])
