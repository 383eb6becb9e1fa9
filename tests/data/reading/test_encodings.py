"""Encodings are recognised from the bytes of tables as short as people's examples are."""

# ruff: noqa: RUF001

from pathlib import Path

import pytest

from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.reading.encodings import advice, escaped, fits, marked, plainly_utf_8, recognised, unmarked_utf_16
from phoneprice.data.reading.options import AUTO

WORDS = [
    ("高 低", "gb18030"),
    ("男 女", "gb18030"),
    ("苹果 华为 小米", "gb18030"),
    ("高 低 中", "big5"),
    ("價格 品牌 等級", "big5"),
    ("はい いいえ", "cp932"),
    ("高い 低い", "cp932"),
    ("スマホ タブレット", "cp932"),
    ("서울 부산", "cp949"),
    ("да нет", "cp1251"),
    ("высокий низкий", "koi8-r"),
    ("высокий низкий", "iso8859-5"),
    ("Москва Казань", "iso8859-5"),
    ("да нет", "iso8859-5"),
    ("ναι όχι", "cp1253"),
    ("Müller Schäfer", "cp1252"),
    ("José Muñoz", "cp1252"),
    ("25 °C", "cp1252"),
    ("5 € 10 €", "cp1252"),
    ("l’été œuvre", "cp1252"),
    ("średni niski", "cp1250"),
    ("vysoký nízký střední", "cp1250"),
    ("Łódź Kraków", "iso8859-2"),
    ("İstanbul Diyarbakır", "cp1254"),
    ("نعم لا", "cp1256"),
    ("žemas aukštas", "cp1257"),
    ("สูง ต่ำ", "cp874"),
]


def table(words: str) -> str:
    cells = words.split(" ")
    return "id,level,y\n" + "".join(f"{i},{cells[i % len(cells)]},{i * 7 % 10}\n" for i in range(40))


@pytest.mark.parametrize(("words", "encoding"), WORDS)
def test_short_tables_get_their_text(words: str, encoding: str) -> None:
    data = table(words).encode(encoding)
    found = recognised(data)
    assert found is not None
    assert data.decode(found.encoding) == table(words)
    assert all(fits(data, other) for other in found.others)


@pytest.mark.parametrize(("words", "encoding"), WORDS)
def test_advice_names_encodings_that_fit(words: str, encoding: str) -> None:
    data = table(words).encode(encoding)
    said = advice(data)
    named = said.partition("--encoding ")[2].split(" ")[0]
    assert data.decode(named) == table(words)
    assert "latin-1" not in said


@pytest.mark.parametrize(
    ("words", "encoding", "name"),
    [
        ("高い 低い", "iso2022_jp", "iso2022_jp"),
        ("ｶﾀｶﾅ 高い", "iso2022_jp_ext", "iso2022_jp_ext"),
        ("서울 부산", "iso2022_kr", "iso2022_kr"),
        ("hoch tief", "ascii", None),
        ("\x1b[31mred \x1b[0mblue", "ascii", None),  # colours of a terminal
        ("\x1b$Bx y", "ascii", None),
        ("高い \x1b$B", "utf-8", None),
    ],
)
def test_text_that_is_ascii_but_for_its_escapes(words: str, encoding: str, name: str | None) -> None:
    assert escaped(table(words).encode(encoding)) == name


def test_a_table_with_escapes_gets_its_text(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(table("高い 低い").encode("iso2022_jp"))
    found = read_table(file, ReadOptions(delimiter=AUTO, encoding=AUTO, skip_lines=AUTO))
    assert found.columns["level"].unique().to_pylist() == ["高い", "低い"]
    assert found.recognised == ("recognised iso2022_jp text; data.encoding sets it",)


def test_marks_at_the_beginning_are_taken_off(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    for marks in range(4):
        file.write_bytes(b"\xef\xbb\xbf" * marks + b"a,b\n1,2\n")
        assert read_table(file, ReadOptions(encoding=AUTO)).names == ("a", "b")


def test_a_cut_character_is_no_fault() -> None:
    data = table("高 低 中").encode("gb18030")
    cut = data[: data.rindex("中".encode("gb18030")) + 1]
    assert recognised(cut) is None or recognised(cut).encoding != "gb18030"
    assert recognised(cut, whole=False).encoding == "gb18030"


def test_bytes_that_fit_nothing() -> None:
    assert advice(b"\x81\xff\xff\x00\x98\x80\xa0\xfd\xff\n") == (
        "no encoding known here fits these bytes; save the file as UTF-8"
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks(encoding: str) -> None:
    assert marked("a,b\n1,2\n".encode(encoding)) == encoding.removesuffix("-sig")
    assert marked(b"a,b\n") is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("words", ["low high", "高 低"])
def test_utf_16_without_a_mark(encoding: str, words: str) -> None:
    assert unmarked_utf_16(table(words).encode(encoding)) == encoding


@pytest.mark.parametrize("data", [b"a,b\n1,2\n3,\x004\n", b"\x00", b"a,b\n", b""])
def test_a_few_nul_bytes_are_damage(data: bytes) -> None:
    assert unmarked_utf_16(data) is None


@pytest.mark.parametrize(
    ("text", "usual", "plainly"),
    [
        ("高低", "gb18030", True),  # three bytes each
        ("é", "utf-8", True),
        ("é", "cp1252", True),
        ("â", "gb18030", False),  # as GB18030 it is a common character
        ("âêîôû", "gb18030", True),
    ],
)
def test_few_characters_may_be_something_else_than_utf_8(text: str, usual: str, plainly: bool) -> None:
    assert plainly_utf_8(text.encode(), usual) is plainly


def test_other_bytes_are_not_utf_8() -> None:
    assert not plainly_utf_8("é".encode("cp1252"), "cp1252")
