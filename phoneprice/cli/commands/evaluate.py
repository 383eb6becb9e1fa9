"""``phoneprice evaluate``."""

from typing import Annotated

import typer

from phoneprice.cli.options import Data, Run, option
from phoneprice.cli.session import Session
from phoneprice.cli.several_values import SeveralValues
from phoneprice.config.reading import AS_CONFIGURED, Reading

Require = Annotated[
    list[str] | None,
    option(
        "--require",
        metavar="CONDITION",
        help="Exit with code 9 unless this holds, such as 'accuracy>=0.95'; may be repeated.",
    ),
    SeveralValues(r"[a-z]\w*\s*[<>=]"),
]
TrainingRowsOk = Annotated[
    bool,
    typer.Option("--training-rows-ok", help="Let --require pass on the rows that the run was trained on, too."),
]


def evaluate(
    session: Session,
    run: Run,
    data: Data,
    require: Require = None,
    training_rows_ok: TrainingRowsOk = False,
    reading: Reading = AS_CONFIGURED,
) -> None:
    """Measure a run on labelled rows that it has not seen.

    Every metric comes with a 95% interval. What --require asks for has to hold on new rows: on those that the run was
    trained on it exits with code 9.

    For example:
      phoneprice evaluate runs/phones more_phones.csv
      phoneprice evaluate latest more_phones.csv --require 'accuracy>=0.95'
    """
    from phoneprice.cli.rendering.progress import listening
    from phoneprice.evaluation.requirements import judge, parse_requirements, refuse_missed, refuse_training_rows
    from phoneprice.workflows.evaluate import evaluate as evaluate_workflow

    requirements = parse_requirements(require or ())
    with listening(session) as on_event:
        result = evaluate_workflow(run, data, reading=reading, on_event=on_event)
    barred = result.learned and not training_rows_ok
    gates = judge(requirements, result.metrics.metrics, learned=barred)
    if session.json:
        facts = {"run": result.run, "rows": result.rows, "warnings": result.warnings, "learned": result.learned}
        session.document({**result.metrics.document(), **facts, "gates": gates})
    elif session.shows_tables:
        from phoneprice.cli.rendering.results import show_evaluation

        show_evaluation(result)
    if gates and barred:
        refuse_training_rows(result.source)
    refuse_missed(gates)
