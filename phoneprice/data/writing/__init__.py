"""Rows of an output to files: the writer of each format."""
