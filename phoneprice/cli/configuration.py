"""From the options of a command to the configuration."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from phoneprice.cli.options import Reading, setting

if TYPE_CHECKING:
    from phoneprice.config.schema import Config


def configuration(
    file: Path | None, settings: Sequence[str] | None, reading: Reading | None = None, device: str | None = None
) -> "Config":
    """Defaults < file < environment < ``-s`` < the options that have a setting's meaning; raises ``ConfigError``."""
    from phoneprice.config.load import load_config

    options = list((reading or Reading()).settings())
    if device is not None:
        options.append(setting("training.device", device))
    return load_config(file, [*(settings or ()), *options], os.environ)


def configuration_name(file: Path | None) -> str:
    """What a run of this configuration is called."""
    return file.stem if file else "default"
