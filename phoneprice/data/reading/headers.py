"""The names of a table's columns: which columns may lack one, and what is wrong with a header.

Writers of tables give their index no name where it has none (``DataFrame.to_csv``, R's ``write.csv``): a *first*
column may be called the empty text, and ``data.index_columns`` says what it is. Spreadsheets write columns that only
look empty: the columns *at the right edge* may have no name, if they have no value either. Any other needs a name.
"""

from collections import Counter
from collections.abc import Sequence

from phoneprice.data.reading.faults import file_fault, line_fault
from phoneprice.wording import quoted


def named_part(found: Sequence[str]) -> tuple[str, ...]:
    """The names without those of columns at the right edge that have none; the first column always stays."""
    count = len(found)
    while count > 1 and not found[count - 1].strip():
        count -= 1
    return tuple(found[:count])


def edge_keys(count: int) -> tuple[str, ...]:
    """Distinct short keys for the columns at the right edge: nothing but white space, as no name is."""
    return tuple("\n" + f"{i:b}".replace("0", " ").replace("1", "\t") for i in range(count))


def numbered_columns(count: int) -> tuple[str, ...]:
    """Names for the columns of a table without a header."""
    return tuple(f"column_{position}" for position in range(1, count + 1))


def checked_header(source: str, header: tuple[str, ...], line: int = 1) -> tuple[str, ...]:
    """The ``named_part`` of the line of names, if each name but the first is there and none is there twice."""
    first: dict[str, int] = {}
    for position, name in enumerate(header, start=1):
        if not name.strip() and (name or position > 1):
            what = f"found no name for column {position}, expected one for every column"
            below = f"or use --skip-lines {line} if the names are in the next line"
            raise line_fault(source, line, f"{what}; write it in the header, {below}")
        if first.setdefault(name, position) < position:
            what = f"found the name {quoted(name)} for columns {first[name]} and {position}, expected distinct names"
            raise line_fault(source, line, f"{what}; rename one of them, or use --no-header if they are a row of data")
    return header


def names_and_edge(source: str, cells: Sequence[str], line: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names in a line of a header, and keys for the nameless columns at the right edge; raises ``DataError``."""
    found = (cells[0] if cells[0].strip() else "", *cells[1:])
    names = named_part(found)
    return checked_header(source, names, line), edge_keys(len(found) - len(names))


def require_distinct(source: str, names: Sequence[str], edge: Sequence[str] = ()) -> None:
    """The same for a table without lines; the names at its ``edge`` may be empty, but are distinct, too."""
    faulty = [name for name, count in Counter((*names, *edge)).items() if count > 1]
    faulty += [name for i, name in enumerate(names) if not name.strip() and (name or i)]
    if faulty:
        raise file_fault(
            source, f"found the column name {quoted(faulty[0])}, expected distinct names; rename the column"
        )
