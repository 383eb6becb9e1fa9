"""Read a CSV file and write one like its predictions, with nothing but Arrow: ``arrow_copy.py INPUT OUTPUT``.

It reads the whole file with all threads, the fastest that Arrow offers, and computes nothing. It is kept from importing
pandas as the program keeps itself (see ``phoneprice.cli.startup``): otherwise it would take 0.4 s more.
"""

import sys

import numpy as np
import pyarrow as pa
from pyarrow import csv

from phoneprice.cli.startup import keep_pandas_out

keep_pandas_out()
source, target = sys.argv[1:]
table = csv.read_csv(source)
shares = np.round(np.random.default_rng(0).random((5, table.num_rows)), 6)
columns = {"id": table["id"], "prediction": pa.array(np.zeros(table.num_rows, np.int64))}
columns |= {f"share_{i}": pa.array(share) for i, share in enumerate(shares)}
csv.write_csv(pa.table(columns), target)
