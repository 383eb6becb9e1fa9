"""The Kaggle file "Mobile Price Classification", fetched with kagglehub (the extra ``phoneprice[fetch]``)."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from phoneprice.errors import DataError, UsageError
from phoneprice.shortage import write_error

HANDLE = "iabhishekofficial/mobile-price-classification/versions/1"
PAGE = "https://www.kaggle.com/datasets/iabhishekofficial/mobile-price-classification"
FILES = ("train.csv", "test.csv")


def fetch(folder: Path, put: Callable[[Path, Path], object]) -> tuple[Path, ...]:
    """Download the two files; once both are whole, each is ``put`` from where it is under its name in ``folder``.

    Nothing is left elsewhere: kagglehub's cache is a temporary directory inside ``folder``. Raises ``UsageError``
    where kagglehub is not installed, ``DataError`` where the download fails, and ``StorageError`` for the disk.
    """
    targets = tuple(folder / name for name in FILES)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".fetch-", dir=folder) as cache:
            downloaded = [_download(name, Path(cache)) for name in FILES]
            for path, target in zip(downloaded, targets, strict=True):
                put(path, target)
            return targets
    except OSError as error:
        raise write_error(folder, error) from error


def _download(name: str, cache: Path) -> Path:
    with _kagglehub(cache) as dataset_download:
        try:
            return Path(dataset_download(HANDLE, path=name))
        except Exception as error:  # kagglehub lets the errors of several libraries through
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DataError(
                f"can't download {name} from Kaggle: {reason}; try later, or by hand from {PAGE}"
            ) from error


@contextlib.contextmanager
def _kagglehub(cache: Path) -> Iterator[Callable[..., str]]:
    """The download function of kagglehub, its cache here and its talk on stderr, since stdout is for data."""
    changed = {"KAGGLEHUB_CACHE": str(cache), "KAGGLEHUB_VERBOSITY": "error"}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            try:
                from kagglehub import dataset_download
            except ImportError:
                raise UsageError(
                    "data fetch needs kagglehub, which is not installed; run: pip install 'phoneprice[fetch]'"
                ) from None
            yield dataset_download
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
