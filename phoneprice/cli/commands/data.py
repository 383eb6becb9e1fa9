"""``phoneprice data``."""

from pathlib import Path
from typing import Annotated

import typer

from phoneprice.cli.options import (
    ConfigFile,
    Data,
    Force,
    Output,
    Settings,
    configuration,
    configuration_to_learn,
    number_option,
    option,
    refuse_stdout,
)
from phoneprice.cli.session import Session
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.errors import DataError
from phoneprice.stream import STREAM
from phoneprice.wording import counted

KAGGLE_FOLDER = Path("mobile-price-classification")

Target = Annotated[
    str | None,
    option("--target", metavar="COL", help="Column to predict; short for -s data.target=COL."),
]
Reference = Annotated[
    str | None,
    option("--reference", metavar="PATH", help="Training table or run directory to compare with."),
]
Rows = Annotated[
    int | None,
    number_option(
        "--rows", least=1, most=100_000_000, text="Phones to generate; those of the bundled file if not given."
    ),
]
Seed = Annotated[
    int | None, number_option("--seed", least=0, most=2**64 - 1, text="Seed of the generator; 0 if not given.")
]
Unlabelled = Annotated[bool, typer.Option("--unlabelled", help="Phones to predict: with an id, without price_range.")]
Folder = Annotated[Path, option("--output", "-o", metavar="DIR", help="Directory to write to.", show_default=True)]


def check(
    session: Session,
    data: Data,
    target: Target = None,
    reference: Reference = None,
    config: ConfigFile = None,
    settings: Settings = None,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Report what is wrong or odd in a table.

    Missing cells, duplicate rows, constant and id-like columns, leaks of the target, imbalance; with --reference also
    values out of range and rows in both tables. Exit code 3 if anything would keep a training from working. With
    --target and without -c, what kind of task it is for is inferred from the table.

    For example:
      phoneprice data check phones.csv --target price_range
      phoneprice data check new_phones.csv --reference phones.csv
    """
    from phoneprice.workflows.inspect_tables import check_table

    asked = configuration_to_learn(session, config, settings, None, target)
    result = check_table(data, asked, reference, target, reading=reading)
    if session.json:
        read = {"inferred": result.inferred.settings} if result.inferred else {}
        facts = {"format": 1, "data": result.source, "rows": result.rows, "findings": result.findings}
        session.document(facts | read)
    elif session.shows_tables:
        from phoneprice.cli.rendering.data import show_table_findings

        show_table_findings(result)
    if result.errors:
        raise DataError(
            f"{result.source}: {counted(result.errors, 'finding')} of severity error; "
            "training or prediction would stop at them"
        )


def describe(
    session: Session,
    data: Data,
    target: Target = None,
    config: ConfigFile = None,
    settings: Settings = None,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Describe every column of a table: its kind, missing cells, range and most frequent values.

    For example:
      phoneprice data describe phones.csv
    """
    from phoneprice.workflows.inspect_tables import describe_table

    resolved = configuration(session, config, settings, target=target)
    result = describe_table(data, resolved, target, reading=reading)
    for message in result.notes:
        session.say(f"phoneprice: {message}")
    for message in result.warnings:
        session.say(f"phoneprice: warning: {message}")
    if session.json:
        session.document({"format": 1, "data": result.source, "rows": result.rows, "columns": result.columns})
    else:
        from phoneprice.cli.rendering.data import show_description

        show_description(result)


def sample(
    session: Session,
    output: Output = STREAM,
    rows: Rows = None,
    seed: Seed = None,
    unlabelled: Unlabelled = False,
    force: Force = False,
) -> None:
    """Write the bundled sample of synthetic phones, or as many of them as you like.

    For example:
      phoneprice data sample -o phones.csv
      phoneprice data sample --unlabelled -o new_phones.csv
      phoneprice data sample --rows 1000000 --seed 1 -o many_phones.csv
    """
    from phoneprice.workflows.destinations import refuse_other_than_csv, refuse_replacing
    from phoneprice.workflows.inputs import refuse_output
    from phoneprice.workflows.inspect_tables import write_sample

    refuse_stdout(session, output, "the sample")
    refuse_other_than_csv(output)
    refuse_output(output)
    refuse_replacing(output, force=force)
    written = write_sample(output, rows, seed, labelled=not unlabelled)
    if session.json:
        session.document({"format": 1, "output": output, "rows": written})
    elif output != STREAM:
        session.say(f"Wrote {counted(written, 'synthetic phone')} to {output}")


def fetch(session: Session, output: Folder = KAGGLE_FOLDER, force: Force = False) -> None:
    """Download the mobile price data from Kaggle.

    That is train.csv and test.csv; it needs the extra that pip install 'phoneprice[fetch]' brings. Files of these
    names are kept unless --force is given.

    For example:
      phoneprice data fetch -o kaggle
    """
    from phoneprice.workflows.inspect_tables import fetch_files

    files = fetch_files(output, force=force)
    if session.json:
        session.document({"format": 1, "files": files})
    else:
        session.tell(*files)
