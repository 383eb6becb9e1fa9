"""``phoneprice config``."""

from pathlib import Path
from typing import Annotated

from phoneprice.cli.completion import complete_explained
from phoneprice.cli.options import (
    ConfigFile,
    Delimiter,
    Encoding,
    Force,
    Header,
    Settings,
    SkipLines,
    argument,
    configuration,
    option,
    path_option,
    refuse_stdout,
)
from phoneprice.cli.session import Session
from phoneprice.config.reading import Reading
from phoneprice.errors import UsageError
from phoneprice.stream import STREAM

FromData = Annotated[Path | None, path_option("--from-data", metavar="FILE", help="Table to look at; needs --target.")]
Output = Annotated[
    Path | None, path_option("--output", "-o", metavar="FILE", help="Where to write; stdout if not given.")
]
Target = Annotated[str | None, option("--target", metavar="COL", help="Column of that table to predict.")]
File = Annotated[
    str | None, argument(metavar="FILE", help="Configuration file (TOML), or the name of a ready-made one.")
]
Name = Annotated[
    str, argument(metavar="NAME", help="Such as relu, dropout or optimizer.lr.", autocompletion=complete_explained)
]


def init(
    session: Session,
    from_data: FromData = None,
    target: Target = None,
    output: Output = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    skip_lines: SkipLines = None,
    header: Header = None,
    force: Force = False,
) -> None:
    """Write a commented configuration, fitted to a table if one is given.

    With --from-data the task, the id columns and the columns of no use are inferred from the table, as train --target
    does it; a table of them goes to stderr, and the comments say why.

    For example:
      phoneprice config init -o phones.toml
      phoneprice config init --from-data phones.csv --target price -o phones.toml
    """
    if (from_data is None) != (target is None):
        raise UsageError("--from-data FILE and --target COL go together; give both or none")
    refuse_stdout(session, output, "the configuration")
    from phoneprice.workflows.destinations import open_output, refuse_replacing
    from phoneprice.workflows.inputs import refuse_output
    from phoneprice.workflows.inspect_tables import first_config

    refuse_output(output or STREAM, from_data)
    refuse_replacing(output or STREAM, force=force)
    reading = Reading(delimiter, encoding, skip_lines=skip_lines, header=header)
    made = first_config(from_data, target, str(output or "FILE"), reading)
    if output or not session.json:
        with open_output(output or STREAM) as file:
            file.write(made.text.encode())
    if session.json:
        told = {"reasons": made.reasons, "warnings": made.warnings, "notes": made.notes}
        session.document({"format": 1, "output": output, "toml": made.text, **told})
        return
    for message in made.notes:
        session.say(f"phoneprice: {message}")
    for message in made.warnings:
        session.say(f"phoneprice: warning: {message}")
    if made.inferred and session.shows_tables:
        from phoneprice.cli.rendering.inferred import show_inferred

        show_inferred(made.inferred)
    if output and output != STREAM:
        session.say(f"Wrote {output}")


def show(session: Session, config: ConfigFile = None, settings: Settings = None) -> None:
    """Show the full configuration: defaults, file, environment and -s together.

    For example:
      phoneprice config show
      phoneprice config show -c textbook -s optimizer.name=sgd
    """
    resolved = configuration(session, config, settings)
    if session.json:
        session.document({"format": 1, "config": resolved.model_dump(mode="json")})
        return
    from phoneprice.config.render import to_toml

    session.write(*to_toml(resolved).splitlines())


def check(session: Session, file: File = None, config: ConfigFile = None, settings: Settings = None) -> None:
    """Check a configuration file; every fault is listed, with exit code 2.

    What it says to tune and compare, in [tune.space] and [compare], is checked too.

    For example:
      phoneprice config check phones.toml
    """
    if file and config:
        raise UsageError(f"found two configurations, {file} and {config}; give one of them")
    name = file or config
    from phoneprice.workflows.spaces import check_file

    check_file(name, lambda: configuration(session, name, settings))
    if session.json:
        session.document({"format": 1, "file": name, "valid": True})
    else:
        session.say(f"{name or 'defaults, environment and -s'}: valid")


def schema(session: Session) -> None:
    """Print the JSON Schema of configuration files, for editors to complete and check them.

    For example:
      phoneprice config schema > phoneprice.schema.json
    """
    from phoneprice.config.render import json_schema

    session.document(json_schema())


def explain(session: Session, name: Name) -> None:
    """Explain a setting, a component or a metric: formula, values, default, when to use it, source.

    Names are those of -s, whole or their last part, and those of other libraries.

    For example:
      phoneprice config explain relu
      phoneprice config explain optimizer.lr
      phoneprice config explain log_loss
    """
    from phoneprice.workflows.explain import explain as explain_name

    found = explain_name(name)
    if session.json:
        session.document({"format": 1, "name": name, "found": found})
        return
    from phoneprice.cli.rendering.explained import show_explanations

    show_explanations(found)
