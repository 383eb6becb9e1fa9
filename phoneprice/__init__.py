"""phoneprice: train, evaluate and predict with a configurable MLP on any table."""

__version__ = "0.1.0"
