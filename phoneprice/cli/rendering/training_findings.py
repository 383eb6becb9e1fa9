"""What went wrong in a training: at most three findings, each with what to try."""

from collections.abc import Sequence

from rich.text import Text

from phoneprice.cli.rendering.console import show, stderr
from phoneprice.records import TrainingFinding

MOST = 3


def show_training_findings(findings: Sequence[TrainingFinding]) -> None:
    """The findings at the end of a training; nothing for a healthy one."""
    console = stderr()
    for finding in findings[:MOST]:
        text = Text.assemble(
            (finding.summary, "yellow"),
            f"\n  Seen by: {finding.evidence}\n  Try: ",
            (f"-s {finding.setting}", "bold"),
        )
        show(console, text)
    if len(findings) > MOST:
        show(console, f"{len(findings) - MOST} more in the report")
