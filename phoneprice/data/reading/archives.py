"""ZIP archives: the one table that is in them, unpacked as it is read. An Excel workbook is one, too."""

import lzma
import zipfile
from typing import BinaryIO

from phoneprice.data.packing import Packing, Readable
from phoneprice.data.reading.byte_source import ByteSource
from phoneprice.data.reading.faults import file_fault
from phoneprice.wording import cut, first_of, printable

_WORKBOOK = "xl/workbook.xml"
_OTHER_SHEETS = ("xl/workbook.bin", "content.xml")
ZIP_FAULTS = (zipfile.BadZipFile, RuntimeError, lzma.LZMAError, UnicodeDecodeError)
"""What ``zipfile`` raises for damaged data and names, a password, and (``NotImplementedError``) an unknown method."""


class Archive:
    """An open archive. Raises ``DataError`` for what can't be read."""

    def __init__(self, opened: ByteSource) -> None:
        self._opened = opened
        self.file: BinaryIO = opened.seekable()
        try:
            self.zip = zipfile.ZipFile(self.file)
        except (*ZIP_FAULTS, OSError, ValueError, EOFError) as fault:
            raise self._damaged(fault) from None
        self._names = [entry.filename for entry in self.zip.infolist() if not entry.filename.endswith("/")]

    @property
    def is_workbook(self) -> bool:
        """Whether it is an Excel workbook; raises ``DataError`` for those of other programs."""
        if _WORKBOOK in self._names:
            return True
        if any(name in self._names for name in _OTHER_SHEETS):
            raise file_fault(self._opened.name, "found a workbook that is not .xlsx; save it as .xlsx or CSV")
        return False

    def table(self, member: str) -> ByteSource:
        """The bytes of the table called ``member``; of the only one where that is empty."""
        name = self._member(member)
        try:
            stream = self.zip.open(name)
        except (*ZIP_FAULTS, OSError) as fault:
            raise self._damaged(fault) from None
        return _Member(self._opened.name, stream, self._opened, name)

    def _member(self, member: str) -> str:
        tables = [name for name in self._names if not _is_bookkeeping(name)]
        if member:
            if member in tables:
                return member
            raise file_fault(self._opened.name, f"found no {member!r} in the archive; it has {_shown(tables)}")
        if not tables:
            raise file_fault(self._opened.name, "found a ZIP archive without a file, expected a table in it")
        if len(tables) > 1:
            what = f"found a ZIP archive of {len(tables)} files ({_shown(tables)}), expected one table"
            raise file_fault(self._opened.name, f"{what}; name one with '#', such as {self._opened.name}#{tables[0]}")
        return tables[0]

    def _damaged(self, fault: Exception) -> Exception:
        what = cut(printable(str(fault)), 80)
        return file_fault(self._opened.name, f"found a ZIP archive that can't be read ({what}); unpack it first")


class _Member(ByteSource):
    """The bytes of a file in an archive."""

    def __init__(self, name: str, stream: Readable, archive: ByteSource, member: str) -> None:
        self._archive = archive
        super().__init__(name, stream, format_name=member)

    def close(self) -> None:
        """Close the archive too."""
        super().close()
        self._archive.close()

    def unpacked(self, packing: Packing) -> ByteSource:
        """Never: an archive packs by itself."""
        raise file_fault(self.name, f"found {packing.name} data inside the ZIP archive; unpack it first")

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        try:
            return super().read(size)
        except ZIP_FAULTS as fault:
            raise file_fault(self.name, self._explained(fault)) from None

    def _explained(self, _: Exception) -> str:
        return "found damaged ZIP data; copy or download the file again"


def _is_bookkeeping(name: str) -> bool:
    """What macOS and others add."""
    last = name.rpartition("/")[2]
    return name.startswith("__MACOSX/") or last.startswith(".") or last.lower() in {"thumbs.db", "desktop.ini"}


def _shown(names: list[str]) -> str:
    return first_of([printable(name) for name in names]) if names else "no file"
