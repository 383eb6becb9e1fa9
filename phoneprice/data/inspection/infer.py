"""A first configuration for a table: what to predict it as, which columns are ids, and why."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from phoneprice.components.base import TaskKind
from phoneprice.config.fields import Written, as_option
from phoneprice.config.recipes import portfolio
from phoneprice.config.schema import INDEX_COLUMNS, Config, DataConfig, DateForm, DateOrder
from phoneprice.data.encoding.dates import Dates, dates_in, find_dates, open_orders
from phoneprice.data.encoding.labels import FEW_LABELS, MAX_CLASSES, means_yes_or_no, quoted_labels
from phoneprice.data.encoding.schema import ColumnKind, kind_of, require_target_column
from phoneprice.data.inspection.ids import ENOUGH_TO_COUNT, counts_by_chance, id_reason, is_time_name
from phoneprice.data.inspection.mixed import formatted_numbers, mostly_numbers, text_in_target
from phoneprice.data.inspection.recognised_columns import NOTHING_RECOGNISED, Recognised
from phoneprice.data.inspection.recognition import has_point
from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.reading.codes import code_reason, is_version_name
from phoneprice.data.reading.faults import file_fault, infinite
from phoneprice.data.table import Table
from phoneprice.data.values import Names, canonical_number, is_number_array, names_of, one_spelling, truth
from phoneprice.errors import DataError
from phoneprice.wording import MOST_NAMED, as_name, count, counted, first_of, quoted

ROWS_A_LABEL = 5
"""Fewer rows a number than this on average, and the numbers are a quantity, not classes."""
FREE_TEXT = 0.5
"""A text column with more different values than this share of its rows (and than 100) is free text."""
_CLOCK = r"^(?:[01]\d|2[0-3])[0-5]\d$|^2400$"
"""The time of a day in four digits: of other numbers every seventh looks like one."""
_SURELY_CLOCK = 10
"""Of so many different ones all look so by a chance of less than one in a hundred million."""
_LONG_CODE = 7
"""Digits that no measurement is padded to; a phone number, an account, a part number have as many."""
_INDEX = "an index of the rows, as pandas and R call it"
COUNTED_KINDS: dict[ColumnKind, tuple[str, str]] = {
    "numeric": ("number", "numbers"),
    "boolean": ("yes or no", "yes or no"),
    "date": ("date", "dates"),
    "categorical": ("category", "categories"),
}
"""What columns of each kind are called, one and several."""
TARGET_NAME = re.compile(r"(?:.*[_\s.-])?(?:target|labels?|class|y|outcome|response)", re.IGNORECASE)


@dataclass(frozen=True)
class Given:
    """What somebody has said of a table already, so that it is not inferred."""

    config: Config
    """What is known of the columns; it has ids, ignored columns and a kind of task where these are given."""
    kind: bool = False
    ids: bool = False
    ignored: bool = False

    @property
    def roles(self) -> frozenset[str]:
        """The columns whose part somebody has named, but for those that ``config.row_columns`` are."""
        data = self.config.data
        named = (data.id_columns, data.ignored_columns, data.categorical_columns, data.date_columns)
        return frozenset(name for names in named for name in names)


NOTHING_GIVEN = Given(Config(data=DataConfig(id_columns=())))
_GIVEN = "given"


@dataclass(frozen=True)
class Inferred:
    """The choices for a table, and the reasons for them."""

    source: str
    target: str
    rows: int
    """Those to learn from."""
    kind: TaskKind
    kind_reason: str
    ids: Mapping[str, str]
    """Columns of the table that tell rows apart, each with the reason."""
    ignored: Mapping[str, str]
    """Columns that are not used at all, each with the reason."""
    features: Mapping[ColumnKind, tuple[str, ...]]
    """The columns to learn from, of the kinds that there are."""
    has_usual_id: bool
    """Whether the table has a column called "id", whatever it is."""
    recognised: Recognised = NOTHING_RECOGNISED
    """Columns whose numbers are not written plainly."""
    dates: Mapping[str, Dates] = field(default_factory=dict)
    """Those of the features that are dates or times."""
    date_order: DateOrder = "auto"
    """The order of day, month and year that was asked for."""
    row_settings: Mapping[str, str] = field(default_factory=dict)
    """The settings that were asked for of columns that say something of rows, and these columns: no features."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Columns of numbers that are codes, each with the reason; those that are features are categories."""

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The ids; without any the usual name, which keeps those of tables to predict and does no harm here."""
        return tuple(self.ids) or (() if self.has_usual_id else DataConfig().id_columns)

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        """The columns that are not used at all."""
        return tuple(self.ignored)

    @property
    def settings(self) -> dict[str, Any]:
        """The choices as sections of a configuration, and the recipes for such a table."""
        roles = {"id_columns": self.id_columns, "ignored_columns": self.ignored_columns}
        data = {"target": self.target, **roles, **self._categorical, **self._dates, **self.recognised.settings}
        recipes = portfolio(self.kind, self.rows, sum(map(len, self.features.values())))
        return {"data": data, "task": {"kind": self.kind}, "portfolio": recipes}

    @property
    def _categorical(self) -> dict[str, object]:
        used = {name for names in self.features.values() for name in names}
        codes = tuple(name for name in self.codes if name in used)
        return {"categorical_columns": codes} if codes else {}

    @property
    def _dates(self) -> dict[str, object]:
        dates: dict[str, object] = {"date_columns": tuple(self.dates)} if self.dates else {}
        order = self._open_order
        return dates | ({"date_order": order} if order else {})

    @property
    def _open_order(self) -> DateForm | None:
        """The order chosen for columns that leave it open, where nobody has said it; None where they differ."""
        chosen = {found.form for found in self.dates.values() if found.doubt(self.date_order)}
        return next(iter(chosen)) if len(chosen) == 1 else None

    @property
    def doubts(self) -> tuple[str, ...]:
        """What to say of each column of dates whose cells allow another order of day, month and year."""
        return tuple(what for _, what in open_orders(self.dates, self.date_order))

    def counters_told(self, written: Written = as_option) -> Iterator[str]:
        """What to warn of each column that is an id for nothing but counting the rows, as a dose or a depth may do."""
        for name, reason in self.ids.items():
            if counts_by_chance(name, reason):
                setting = written("data.id_columns", tuple(other for other in self.ids if other != name))
                what = f"column {name!r} counts the rows, so it is taken for an id and not learned from"
                yield f"{what}; if it tells something of them, as a dose or a depth does, {setting} keeps it"

    @property
    def reasons(self) -> dict[str, str]:
        """A sentence for each key such as ``task.kind``."""
        ids, ignored = listed_reasons(self.ids), listed_reasons(self.ignored)
        reasons = {"task.kind": self.kind_reason, "data.id_columns": ids, "data.ignored_columns": ignored}
        if self.codes:
            reasons["data.categorical_columns"] = listed_reasons(self.codes)
        if self.dates:
            reasons["data.date_columns"] = listed_reasons({name: found.reason for name, found in self.dates.items()})
        return reasons | {f"data.columns.{name}": why for name, why in self.recognised.reasons.items()}

    @property
    def summary(self) -> tuple[str, ...]:
        """Two lines: the task, and the roles of the columns; more for codes and numbers not written plainly."""
        kind = f'task.kind = "{self.kind}" for {self.target!r}'
        reason = f"{self.kind_reason[:1].lower()}{self.kind_reason[1:]}"
        task = f"{kind}, as given" if reason == _GIVEN else f"inferred {kind} (or -s task.kind=...): {reason}"
        kinds = ", ".join(counted(len(names), *COUNTED_KINDS[kind]) for kind, names in self.features.items())
        columns = [f"features: {kinds}"]
        columns += [f"ids: {listed_reasons(self.ids)}"] if self.ids else ["no ids"]
        columns += [f"{name}: {setting}, no feature" for setting, name in self.row_settings.items()]
        columns += [f"not used: {listed_reasons(self.ignored)}"] if self.ignored else []
        read_so = f"codes, so text and no numbers (or -s data.categorical_columns=[]): {listed_reasons(self.codes)}"
        codes = [f"{self.source}: {read_so}"] if self.codes else []
        reasons = self.recognised.reasons
        formats = [f"{self.source}: recognised {listed_reasons(reasons)}"] if reasons else []
        return f"{self.source}: {task}", f"{self.source}: inferred {'. '.join(columns)}", *codes, *formats


def infer_config(
    table: Table,
    target: str,
    ordered: Callable[[Table, str], bool] | None = None,
    given: Given = NOTHING_GIVEN,
    recognised: Recognised = NOTHING_RECOGNISED,
) -> Inferred:
    """Infer the task and the roles of the columns, but for what is ``given``.

    Task: two different values are ``binary``, and so are words for yes and no; text of more is ``multiclass``. Whole
    numbers are classes where they are few (at most 20, five rows or more each on average): ``ordinal``, since numbered
    classes mostly have an order, unless ``ordered(table, target)`` says otherwise. All other numbers are a
    ``regression``.

    Ids: an index that pandas or R wrote, columns named like an id (id, phone_id, CustomerID, index, ...) in which each
    row but a few has its own value, which is no measurement, numbers that count the rows and not days or years, and
    text with its own value in each row. Ignored: columns without a value, numbers written for readers, and free text.

    Raises ``DataError`` without the target column, without rows, for a target that is constant or free text, and where
    no column is left to learn from.
    """
    require_target(table, target)
    if not table.rows:
        raise file_fault(table.source, "found a header and no rows, expected rows to infer a configuration from")
    known = given.config
    others, doubt = {target, *known.row_columns}, recognised.doubts.get(target, "")
    dates = find_dates(table.without(others), known)
    ids, ignored = _roles(table.without(others), given, dates, recognised.doubts)
    texts = (name for name in table.codes if name not in given.roles and not is_number_array(table.columns[name]))
    codes = {name: table.codes[name] for name in texts}
    used = table.without({*ids, *ignored, *known.row_columns})
    kind, reason = (
        (known.task.kind, _GIVEN)
        if given.kind
        else _kind(used, target, ordered, clean=known.data.clean_text, doubt=doubt)
    )
    features = _feature_kinds(used.without({target}), frozenset({*known.data.categorical_columns, *codes}), dates)
    if not features:
        raise file_fault(table.source, _nothing_left(target, {**ids, **ignored}))
    used_dates = {name: dates[name] for name in features.get("date", ())}
    row_settings = {setting: name for setting, name in known.row_settings.items() if name in table.names}
    return Inferred(
        table.source, target, table.rows, kind, reason, ids, ignored, features, "id" in table.names, recognised,
        used_dates, known.data.date_order, row_settings, codes,
    )  # fmt: skip


def _roles(
    features: Table, given: Given, dates: Mapping[str, Dates], doubts: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The ids and the columns that are not used, each with its reason; ``doubts`` are reasons not to use a column."""
    data = given.config.data
    index = frozenset(data.index_among(features.names))
    free = {name: cells for name, cells in features.columns.items() if name not in given.roles}
    if given.ids:
        known = {**dict.fromkeys(index, _INDEX), **dict.fromkeys(data.id_columns, _GIVEN)}
        ids = {name: known[name] for name in features.columns if name in known}
    else:
        sure = [name for name in free if name not in doubts and name not in dates]
        found = ((name, _INDEX if name in index else id_reason(features, name)) for name in sure)
        ids = {name: why for name, why in found if why}
    if given.ignored:
        ignored = {name: _GIVEN for name in data.ignored_columns if name in features.columns}
    else:
        doubts = {name: f"of the type {kind}" for name, kind in features.other_types.items()} | dict(doubts)
        rest = {name: cells for name, cells in free.items() if name not in ids and name not in dates}
        unusable = {name: _unusable(cells, code=name in features.codes) for name, cells in rest.items()}
        ignored = {name: why for name in rest if (why := doubts.get(name) or unusable[name])}
    return ids, ignored


def _feature_kinds(
    features: Table, categorical: frozenset[str], dates: Mapping[str, Dates]
) -> dict[ColumnKind, tuple[str, ...]]:
    kinds: dict[str, ColumnKind] = {
        name: "date" if name in dates else _kind_of_feature(name, cells, categorical)
        for name, cells in features.columns.items()
    }
    found = {kind: tuple(name for name in kinds if kinds[name] == kind) for kind in COUNTED_KINDS}
    return {kind: names for kind, names in found.items() if names}


def _kind_of_feature(name: str, cells: pa.Array, categorical: frozenset[str]) -> ColumnKind:
    """A column with some typing errors is still one of numbers; a training stops at them, or leaves the rows out."""
    kind = kind_of(name, cells, categorical)
    mistyped = kind == "categorical" and name not in categorical and mostly_numbers(cells)
    return "numeric" if mistyped else kind


def _nothing_left(target: str, unused: Mapping[str, str]) -> str:
    others = f" ({listed_reasons(unused)})" if unused else ""
    return f"no column is left to learn {target!r} from{others}; add columns that tell something of it"


def require_target(table: Table, target: str) -> None:
    """Raise ``DataError`` where a table lacks the column that ``--target`` names."""
    require_target_column(table, target, "correct --target")


def listed_reasons(reasons: Mapping[str, str], most: int = MOST_NAMED) -> str:
    """``id: named like an id; nr: counts the rows``, of many the first ``most``."""
    told = [f"{as_name(name) or 'the column without a name'}: {why}" for name, why in reasons.items()]
    return first_of(told, most, "; ") or "None found"


def is_quantity(table: Table, target: str) -> bool:
    """Whether a target is a number to predict, by its cells."""
    try:
        return _kind(table, target, None)[0] == "regression"
    except DataError:
        return mostly_numbers(table.columns[target], quantity=True)


def suggest_target(table: Table) -> str | None:
    """The column that a table is most likely made to predict: one that is called so, else the last that can be."""
    index = frozenset(INDEX_COLUMNS)
    names = [name for name in table.names if name not in index]
    named = [name for name in names if TARGET_NAME.fullmatch(name.strip())]
    return next((name for name in (*named, *reversed(names)) if _may_be_target(table, name)), None)


def _may_be_target(table: Table, name: str) -> bool:
    if id_reason(table, name):
        return False
    try:
        _kind(table, name, None)
    except DataError:
        return False
    return True


def _kind(
    table: Table, target: str, ordered: Callable[[Table, str], bool] | None, *, clean: bool = False, doubt: str = ""
) -> tuple[TaskKind, str]:
    _require_finite(table, target)
    names = names_of(table.columns[target], clean=clean)
    counts = names.counts
    yes_or_no = all(map(means_yes_or_no, counts))
    if len(set(map(truth, counts)) if yes_or_no else counts) < 2:
        what = f"has {'no value' if not counts else 'one value only'}, expected two or more"
        raise file_fault(table.source, f"column {target!r} {what}; choose another --target")
    if len(counts) == 2:
        return "binary", f"Two different values: {quoted_labels(sorted(counts))}"
    if yes_or_no:
        return "binary", f"Words for yes and no, in any case: {quoted_labels(sorted(counts))}"
    if not all(map(canonical_number, counts)):
        return "multiclass", _text_reason(table, target, counts, doubt)
    code = _why_codes(table, target)
    if code and len(counts) * ROWS_A_LABEL <= table.rows and are_codes(target, table.columns[target]):
        return "multiclass", f"{len(counts)} different codes ({code}), and no numbers"
    kind, reason = _kind_of_numbers(table, target, names, ordered)
    return kind, f"{reason}, though with {code}" if code else reason


def _kind_of_numbers(
    table: Table, target: str, names: Names, ordered: Callable[[Table, str], bool] | None
) -> tuple[TaskKind, str]:
    counts = names.counts
    # As quantities `0.5` and `0.50` are one, but whole numbers may be too large to stay apart as float64.
    distinct = counts if names.spelling == "whole" else {one_spelling(text, "number") for text in counts}
    values = sorted(map(float, distinct))
    whole = all(value.is_integer() for value in values)
    if not whole or len(values) > FEW_LABELS or len(values) * ROWS_A_LABEL > table.rows:
        what = counted(len(values), "different whole number" if whole else "different number")
        return "regression", f"{what} in {counted(table.rows, 'row')}: a quantity"
    few = f"{counted(len(values), 'different whole number')}, {values[0]:g} to {values[-1]:g}"
    if ordered is not None and len(table.names) > 1 and not ordered(table, target):
        return "multiclass", f"{few}, and they are predicted better without an order"
    return "ordinal", f'{few}: classes with an order; if theirs means nothing, choose "multiclass"'


def _why_codes(table: Table, target: str) -> str:
    """Why the numbers of a target are codes; empty where they are quantities."""
    cells = table.columns[target]
    return "" if is_number_array(cells) else code_reason(target, cells, to_numbers(cells, frozenset()).values)


def are_codes(name: str, written: pa.Array) -> bool:
    """Whether numbers ``(rows,)`` that are written as codes are no quantities, whatever is known of their column.

    Ratings and prices that people type have ``4.10`` beside ``4.9``, as versions do, which have a name. What passes is
    counted, also with zeros before it. Others padded to a few digits, and nearly all different, are measured.
    """
    present = written.drop_null()
    texts = present.unique()
    if has_point(texts):
        return is_version_name(name)
    if is_time_name(name) or (len(texts) >= _SURELY_CLOCK and pc.all(pc.match_substring_regex(texts, _CLOCK)).as_py()):
        return False
    long = (pc.max(pc.binary_length(texts)).as_py() or 0) >= _LONG_CODE
    return long or len(texts) <= max(ENOUGH_TO_COUNT, FREE_TEXT * len(present))


def _most_classes(table: Table) -> float:
    return min(MAX_CLASSES, table.rows / 2)


def _require_finite(table: Table, target: str) -> None:
    """Raise ``DataError`` for the first number that is not finite in a target of nothing but numbers."""
    cells = table.columns[target]
    if is_number_array(cells):
        return
    numbers = to_numbers(cells, frozenset())
    if len(numbers.infinite_rows) and not len(numbers.text_rows):
        row = int(numbers.infinite_rows[0])
        raise infinite(table.place(row, target), cells[row].as_py())


def _text_reason(table: Table, target: str, counts: dict[str, int], doubt: str) -> str:
    if len(counts) > _most_classes(table):
        if doubt:
            raise file_fault(table.source, f"column {target!r}: {doubt}")
        if fault := text_in_target(table, target):
            raise fault
        if dates_in(table.columns[target]):
            what = "holds dates or times, expected classes or numbers; give it as a number, such as days or minutes"
            raise file_fault(table.source, f"column {target!r} {what}")
        what = f"{count(len(counts))} different texts in {counted(table.rows, 'row')}"
        remedy = "choose another --target"
        if all(any(map(str.isdecimal, text)) for text in counts):
            what += f", such as {quoted(next(iter(counts)))}"
            remedy = f"if they are numbers, set in data.columns how they are written, else {remedy}"
        raise file_fault(table.source, f"column {target!r} has {what}, expected classes or numbers; {remedy}")
    names = quoted_labels(sorted(counts))
    return (
        f'{len(counts)} different texts ({names}); if they have an order, choose "ordinal" and set labels in that order'
    )


def _unusable(cells: pa.Array, *, code: bool = False) -> str:
    if cells.null_count == len(cells):
        return "no value at all"
    if written := formatted_numbers(cells):
        return written
    present = len(cells) - cells.null_count
    distinct = len(cells.drop_null().unique())
    if is_number_array(cells) or distinct <= 100 or distinct <= FREE_TEXT * present:
        return ""
    if mostly_numbers(cells) and not code:
        return ""
    return f"{'codes' if code else 'free text'}, {counted(distinct, 'different value')} in {counted(present, 'row')}"
