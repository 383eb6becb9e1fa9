"""``phoneprice predict``."""

from pathlib import Path
from typing import Annotated

import typer

from phoneprice.cli.options import Data, Device, Run, number_option, option, path_option, refuse_stdout
from phoneprice.cli.session import Session
from phoneprice.cli.several_values import SeveralValues
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.errors import UsageError
from phoneprice.stream import STREAM, StreamFormat

Output = Annotated[
    Path,
    path_option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write: a .csv, .jsonl or .parquet file (.csv and .jsonl also with .gz or .zst); - is stdout.",
        show_default=True,
    ),
]
Format = Annotated[
    StreamFormat | None,
    option("--format", metavar="csv|jsonl|parquet", help="What stdout is written in; CSV if not given."),
]
Keep = Annotated[
    list[str] | None,
    option("--keep", metavar="COL", help="Input column to copy to the output; may be repeated."),
    SeveralValues(r".", after_arguments=True),
]
KeepAll = Annotated[bool, typer.Option("--keep-all", help="Copy all input columns to the output.")]
ChunkRows = Annotated[
    int | None,
    number_option(
        "--chunk-rows",
        least=1,
        most=2**31 - 1,
        text="Rows in memory at a time; so many of stdin are answered as soon as they are there.",
    ),
]
SpreadsheetSafe = Annotated[
    bool, typer.Option("--spreadsheet-safe", help="Quote text and names that a spreadsheet would take for formulas.")
]


def predict(
    session: Session,
    run: Run,
    data: Data,
    output: Output = STREAM,
    stream_format: Format = None,
    keep: Keep = None,
    keep_all: KeepAll = False,
    chunk_rows: ChunkRows = None,
    device: Device = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Predict the target of every row of a table.

    One line a row, in order: id columns, kept columns, prediction, confidence and the probability of each class (for
    a regression: the prediction alone). The target may be in the table or not; it is not used.

    For example:
      phoneprice predict runs/phones new_phones.csv -o predictions.csv
      phoneprice predict latest new_phones.csv --keep ram battery_power -o p.parquet
      phoneprice predict latest - < new_phones.csv > predictions.csv
      phoneprice predict latest - --chunk-rows 1 --format jsonl
    """
    _refuse_contradictions(session, output, keep, keep_all)
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.workflows.predict import predict as predict_workflow

    with listening(session) as on_event:
        result = predict_workflow(
            run,
            data,
            output,
            keep="all" if keep_all else tuple(keep or ()),
            device=device or "auto",
            chunk_rows=chunk_rows,
            spreadsheet_safe=spreadsheet_safe,
            stream_format=stream_format,
            reading=reading,
            on_event=on_event,
        )
    if session.json:
        facts = {"run": run, "output": output, "rows": result.rows, "predictions": result.counts}
        session.document({"format": 1, **facts, "warnings": result.warnings})
    else:
        from phoneprice.wording import counted

        place = "" if output == STREAM else f" to {output}"
        session.say(f"Wrote {counted(result.rows, 'prediction')}{place}")


def _refuse_contradictions(session: Session, output: Path, keep: list[str] | None, keep_all: bool) -> None:
    refuse_stdout(session, output, "the predictions")
    if keep and keep_all:
        raise UsageError("--keep and --keep-all contradict each other; give one of them")
