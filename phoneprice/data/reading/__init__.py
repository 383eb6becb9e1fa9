"""Reading tables: CSV, JSON Lines (both also gzip or zstd) and Parquet, from files or standard input."""

from phoneprice.data.reading.byte_source import STDIN_NAME
from phoneprice.data.reading.cells import NUMBER, Numbers, parse_cell
from phoneprice.data.reading.columns import as_numbers
from phoneprice.data.reading.faults import infinite, no_number
from phoneprice.data.reading.options import ReadOptions
from phoneprice.data.reading.stream import CHUNK_ROWS, ChunkStream, open_chunks
from phoneprice.data.reading.whole import read_chunks, read_header, read_table

__all__ = [
    "CHUNK_ROWS",
    "NUMBER",
    "STDIN_NAME",
    "ChunkStream",
    "Numbers",
    "ReadOptions",
    "as_numbers",
    "infinite",
    "no_number",
    "open_chunks",
    "parse_cell",
    "read_chunks",
    "read_header",
    "read_table",
]
