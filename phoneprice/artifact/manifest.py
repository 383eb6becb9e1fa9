"""The manifest of a run: format version, and the size and SHA-256 of every other file.

``manifest.sha256`` holds the hash of the manifest's exact bytes, in the format of ``sha256sum``. The hashes show
damage, not forgery: who can change a run can also change its hashes.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import MAXYEAR, UTC, datetime
from typing import Any

from phoneprice.artifact import strict_json
from phoneprice.artifact.layout import DAMAGED, FORMAT_VERSION, MANIFEST, limit, listed_with, needed_with
from phoneprice.errors import ModelError
from phoneprice.wording import cut

_KEYS = frozenset({"format_version", "package_version", "created", "files"})
BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Stands for a time that nobody knows."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FileEntry:
    """What the manifest says of a file."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """``files`` by name; ``created`` is the time of writing in UTC, ISO 8601."""

    package_version: str
    created: str
    files: Mapping[str, FileEntry]
    format_version: int = FORMAT_VERSION

    def time(self) -> datetime:
        """``created``, ``BEGINNING`` where that is no sensible time."""
        try:
            found = datetime.fromisoformat(self.created)
            return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC) if found.year < MAXYEAR else BEGINNING
        except (ValueError, OverflowError):
            return BEGINNING


def sha256(data: bytes) -> str:
    """The hash in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def render_manifest(manifest: Manifest) -> bytes:
    """The bytes of ``manifest.json``."""
    return strict_json.render({"format_version": manifest.format_version, **asdict(manifest)})


def render_manifest_hash(manifest: bytes) -> bytes:
    """The bytes of ``manifest.sha256`` for those of ``manifest.json``."""
    return f"{sha256(manifest)}  {MANIFEST}\n".encode()


def is_manifest_hash(data: bytes) -> bool:
    """Whether these bytes are what ``render_manifest_hash`` writes, for whatever manifest."""
    return _SHA256.fullmatch(data[:64].decode("latin-1")) is not None and data[64:] == f"  {MANIFEST}\n".encode()


def parse_manifest(data: bytes, source: str) -> Manifest:
    """The manifest in ``data``; raises ``ModelError`` for a newer format first of all."""
    document = strict_json.parse(data, source)
    _check_version(document, source)
    document = strict_json.parse_object(data, source, _KEYS)
    package, created, files = document["package_version"], document["created"], document["files"]
    if not isinstance(package, str) or not isinstance(created, str) or not isinstance(files, dict):
        raise _damaged(source, "expected texts and an object of files")
    return Manifest(package, created, _entries(files, source), document["format_version"])


def _check_version(document: Any, source: str) -> None:
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _damaged(source, f"found format_version {cut(repr(version), 80)}, expected {FORMAT_VERSION}")
    if version > FORMAT_VERSION:
        raise ModelError(
            f"{source}: found format_version {cut(repr(version), 80)}, this program reads up to {FORMAT_VERSION}; "
            "update it with pip install --upgrade phoneprice"
        )


def _entries(files: dict[str, Any], source: str) -> dict[str, FileEntry]:
    listed = listed_with(files)
    for name in files:
        if name not in listed:
            raise _damaged(source, f"found file {cut(repr(name), 80)}, which is no file of a run")
    needed = needed_with(files)
    for name in listed:
        if name in needed and name not in files:
            raise _damaged(source, f"file {name!r} is not listed")
    return {name: _entry(name, files[name], source) for name in files}


def _entry(name: str, document: Any, source: str) -> FileEntry:
    if not isinstance(document, dict) or document.keys() != {"bytes", "sha256"}:
        raise _damaged(source, f"expected bytes and sha256 for {name!r}")
    size, digest = document["bytes"], document["sha256"]
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= limit(name):
        raise _damaged(source, f"found {cut(repr(size), 80)} bytes for {name!r}, allowed are 0 to {limit(name)}")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise _damaged(source, f"found sha256 {cut(repr(digest), 80)} for {name!r}, expected 64 hexadecimal digits")
    return FileEntry(size, digest)


def _damaged(source: str, reason: str) -> ModelError:
    return ModelError(f"{source}: {reason}; {DAMAGED}")
