"""Which encoding bytes are in, where nobody has said it: byte-order marks, UTF-8, then chardet and two rules.

chardet 7 was chosen by measuring: tables of names of countries and languages in 30 languages, each in its usual
encodings. Of 195 with 100 rows it named an encoding that gives the right text for all, with 10 rows for 95% (with the
rules 96%); charset-normalizer, allowed the same encodings, for 67% and 74%: it takes most of western Europe for cp1250.
Columns that repeat the same two words are what chardet is bad at (31 of 48 right, with the rules 43): there it helps
that western letters stand among letters, and that Chinese, Japanese and Korean tables need few of the characters that
their encodings have.
"""

# ruff: noqa: RUF001  (letters and marks that look like others are what this is about)

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

UTF_8 = "utf-8"
UTF_8_NAMES = {"utf-8", "utf-8-sig"}
"""By which Python knows it, without and with a byte-order mark."""
MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = (
    *("gb18030", "big5hkscs", "cp932", "cp949", "euc_jis_2004"),
    *(f"cp125{i}" for i in range(9)),
    *("cp874", "koi8-r", "iso8859-2", "iso8859-5", "mac-roman", "cp850", "cp866"),
)
"""What office programs have written, in the names of Python's codecs."""
_ISO_2022 = ("iso2022_jp", "iso2022_kr", "iso2022_jp_ext", "iso2022_jp_2")
"""Those whose bytes are all ASCII, and in which an escape sequence begins each other alphabet."""
_ALPHABET = re.compile(rb"\x1b\$[@AB()]|\x1b\([IJ]")
_USUAL = {"big5hkscs": "big5", "euc_jis_2004": "euc_jp"}
"""The smaller encoding that people know, named where the bytes fit it, too."""
_TWO_BYTES = {"gb18030", "gbk", "gb2312", "big5", "big5hkscs", "cp949", "euc_kr", "euc_jp"}
_WEAK = 0.04
"""Confidence of chardet below which the rules are asked first: short tables of any language are rarely above."""
_SAMPLE_BYTES = 1 << 16
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")

_LATIN = "A-Za-zÀ-ÏÑ-ÖØ-Ýß-ïñ-öø-ýÿ"  # no eth and no thorn: those are Turkish or Baltic letters gone wrong
_WESTERN = (
    rf"(?:[{_LATIN}’]|[Œœ](?=[uit])|[\x00-\x7f]|(?<![{_LATIN}])[€£§²³µ¥±×·•«“‘„–—…°½¼¾](?![{_LATIN}])|[»”®©™²³°])*+"
)
_WESTERN_SYMBOL_IN_WORD = rf"[{_LATIN}][²³°”»®©™][{_LATIN}]"
_LONE_LETTERS = r"(?<![A-Za-z])[À-ÿ]{2,}(?![A-Za-z])"
_COMMON = (
    ("cp932", r"[\x00-\x7fぁ-んァ-ヶー一-龠]*+"),
    ("gb18030", r"[\x00-\x7f一-龥]*+"),
    ("big5hkscs", r"[\x00-\x7f一-龥]*+"),
    ("cp949", r"[\x00-\x7f가-힣]*+"),
)
"""What Japanese, Chinese and Korean tables are made of; of many readings the first. Compiled when they are needed."""
_COMMON_LEADS = {"cp932": (0x82, 0x97), "gb18030": (0xB0, 0xD7), "big5hkscs": (0xA4, 0xC6), "cp949": (0xB0, 0xC8)}
"""First bytes of the characters in daily use: kana and the first level of each standard."""


@dataclass(frozen=True)
class Guess:
    """An encoding that the bytes fit, and others that they fit, likely ones first."""

    encoding: str
    others: tuple[str, ...] = ()


def marked(head: bytes) -> str | None:
    """The encoding that a byte-order mark names."""
    return next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)


def unmarked_utf_16(head: bytes) -> str | None:
    """UTF-16 without a mark: NUL is every other byte of what a table has most of, digits and delimiters."""
    pairs = len(head) // 2
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = (head[place : 2 * pairs : 2].count(0) for place in (first, 1 - first))
        if zeros >= max(3, 0.3 * pairs) and not others and fits(head, encoding, whole=False):
            return encoding
    return None


def escaped(data: bytes) -> str | None:
    """An encoding that tells its characters by escape sequences, as Japanese mail has them."""
    if not data.isascii() or not _ALPHABET.search(data):
        return None
    return next((encoding for encoding in _ISO_2022 if fits(data, encoding, whole=False)), None)


def fits(data: bytes, encoding: str, *, whole: bool = True) -> bool:
    """Whether the bytes are text in the encoding; without ``whole`` the last character may be cut."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final=whole).encode()
    except UnicodeError:
        return False
    return True


def plainly_utf_8(data: bytes, usual: str, *, whole: bool = True) -> bool:
    """Whether bytes beyond ASCII are UTF-8 and nothing else, though the ``usual`` encoding is another.

    Few two-byte characters may be Chinese, Japanese or Korean as well: of two characters of GB2312, 3% are.
    """
    if not fits(data, UTF_8, whole=whole):
        return False
    if codecs.lookup(usual).name in UTF_8_NAMES or not fits(data, usual, whole=whole):
        return True
    high = [character for character in data.decode(UTF_8, "ignore") if character > "\x7f"]
    doubles = codecs.lookup(usual).name in _TWO_BYTES
    return not doubles or len(high) >= 5 or any(character > "\u07ff" for character in high)


def recognised(data: bytes, *, whole: bool = True) -> Guess | None:
    """The encoding of bytes that are not UTF-8; None where none of those known fits them."""
    found = tuple(dict.fromkeys(_usual_name(encoding, data, whole) for encoding in _ranked(data, whole)))
    return Guess(found[0], found[1:3]) if found else None


def advice(data: bytes) -> str:
    """What to do about bytes that are not in the encoding named: an encoding that fits them, if there is one."""
    found = marked(data) or unmarked_utf_16(data)
    names = [found] if found else [UTF_8] if fits(data, UTF_8, whole=False) else []
    if not names and (guess := recognised(data, whole=False)):
        names = [guess.encoding, *guess.others]
    if not names:
        return "no encoding known here fits these bytes; save the file as UTF-8"
    also = f" ({' and '.join(names[1:])} fit, too)" if len(names) > 1 else ""
    return f"these bytes fit {names[0]}: use --encoding {names[0]}{also}"


def _ranked(data: bytes, whole: bool) -> Iterator[str]:
    import chardet

    sample = _sample(data if whole else data[: data.rfind(b"\n") + 1] or data)
    found = chardet.detect_all(sample, ignore_threshold=True, include_encodings=_LEGACY, compat_names=False)
    fitting = [each for each in found if each["encoding"] and fits(data, each["encoding"], whole=whole)]
    if not fitting or fitting[0]["confidence"] < _WEAK:
        yield from (name for name in _by_rule(sample) if fits(data, name, whole=whole))
    yield from (str(each["encoding"]) for each in fitting)


def _sample(data: bytes) -> bytes:
    """Whole lines around the first byte beyond ASCII: plain words tell the language, too."""
    first = _HIGH_BYTE.search(data)
    start = data.rfind(b"\n", 0, max((first.start() if first else 0) - _SAMPLE_BYTES // 8, 0)) + 1
    end = data.find(b"\n", start + _SAMPLE_BYTES)
    return data[start : end if end >= 0 else None]


def _by_rule(sample: bytes) -> Iterator[str]:
    if fits(sample, "cp1252") and _is_western(sample.decode("cp1252")):
        yield "cp1252"
    for encoding, characters in _COMMON:
        if fits(sample, encoding) and re.fullmatch(characters, text := sample.decode(encoding)):
            high = {character for character in text if character > "\x7f"}
            least, most = _COMMON_LEADS[encoding]
            if len(high) > 1 and all(least <= character.encode(encoding)[0] <= most for character in high):
                yield encoding


def _is_western(text: str) -> bool:
    symbol_in_word, lone = re.search(_WESTERN_SYMBOL_IN_WORD, text), re.search(_LONE_LETTERS, text)
    return bool(re.fullmatch(_WESTERN, text)) and not symbol_in_word and not lone


def _usual_name(encoding: str, data: bytes, whole: bool) -> str:
    usual = _USUAL.get(encoding)
    return usual if usual and fits(data, usual, whole=whole) else encoding
