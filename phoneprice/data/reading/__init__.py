"""Reading tables of every format in ``phoneprice.data.formats``, from files or standard input."""

from phoneprice.data.reading.options import ReadOptions
from phoneprice.data.reading.stream import CHUNK_ROWS, ChunkStream, open_chunks
from phoneprice.data.reading.whole import read_chunks, read_table

__all__ = [
    "CHUNK_ROWS",
    "ChunkStream",
    "ReadOptions",
    "open_chunks",
    "read_chunks",
    "read_table",
]
