"""From the options of a command to the configuration."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from phoneprice.cli.options import setting

if TYPE_CHECKING:
    from phoneprice.config.schema import Config


def configuration(file: Path | None, settings: Sequence[str] | None, device: str | None = None) -> "Config":
    """Defaults < file < environment < ``-s`` < the option ``--device``; raises ``ConfigError``."""
    from phoneprice.config.load import load_config

    options = [] if device is None else [setting("training.device", device)]
    return load_config(file, [*(settings or ()), *options], os.environ)
