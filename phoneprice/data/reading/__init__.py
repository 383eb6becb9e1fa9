"""Reading tables: CSV, JSON Lines (both also gzip or zstd) and Parquet, from files or standard input."""

from phoneprice.data.reading.byte_source import STDIN_NAME
from phoneprice.data.reading.cells import NUMBER, Numbers, parse_cell
from phoneprice.data.reading.columns import as_numbers
from phoneprice.data.reading.faults import infinite, no_number, shown
from phoneprice.data.reading.options import ReadOptions
from phoneprice.data.reading.stream import BLOCK_ROWS, BlockStream, open_blocks
from phoneprice.data.reading.whole import read_blocks, read_header, read_table

__all__ = [
    "BLOCK_ROWS",
    "NUMBER",
    "STDIN_NAME",
    "BlockStream",
    "Numbers",
    "ReadOptions",
    "as_numbers",
    "infinite",
    "no_number",
    "open_blocks",
    "parse_cell",
    "read_blocks",
    "read_header",
    "read_table",
    "shown",
]
