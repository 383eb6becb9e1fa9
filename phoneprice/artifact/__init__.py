"""Run directories: one writer, one loader, and the atomic replacement of single files."""
