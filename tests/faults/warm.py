"""Imports what the commands import when they need it: once, before any child is forked.

A child of another user may not be able to: Python may be where only its owner can read it.
"""
# ruff: noqa: F401

import encodings.ascii
import encodings.unicode_escape
import encodings.utf_8_sig

import jinja2
import pyarrow.csv
import pyarrow.parquet
import rich.console
import rich.table
import safetensors
import sklearn.linear_model

import phoneprice.artifact.agreement
import phoneprice.artifact.held_out
import phoneprice.artifact.training_files
import phoneprice.cli.program
import phoneprice.cli.rendering.console
import phoneprice.cli.rendering.data
import phoneprice.cli.rendering.plots
import phoneprice.cli.rendering.progress
import phoneprice.cli.rendering.results
import phoneprice.cli.rendering.runs
import phoneprice.cli.startup
import phoneprice.data.reading.csv_reader
import phoneprice.data.samples.fetch
import phoneprice.model.devices
import phoneprice.report.page
import phoneprice.training.device
import phoneprice.training.loop
import phoneprice.training.memory
import phoneprice.workflows.cross_validate
import phoneprice.workflows.diff
import phoneprice.workflows.evaluate
import phoneprice.workflows.inspect_runs
import phoneprice.workflows.inspect_tables
import phoneprice.workflows.ordering
import phoneprice.workflows.predict
import phoneprice.workflows.report
import phoneprice.workflows.report_rows
import phoneprice.workflows.train
