"""``python -m phoneprice`` is the same program as ``phoneprice``."""

import sys

from phoneprice.cli import main

if __name__ == "__main__":
    sys.exit(main())
