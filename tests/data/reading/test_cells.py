"""Words for missing are found in any case, in any script."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.data.reading.cells import null_missing

letters = st.sampled_from("aKsßẞ\u017fİ\u0131ΣςÄäÖЖж無€\ufb01\u212a\uff11 \t-")
texts = st.one_of(st.text(letters, max_size=5), st.text(max_size=5))


@given(st.lists(texts), st.sets(texts.map(str.casefold), max_size=4))
def test_missing_in_any_case(cells: list[str], words: set[str]) -> None:
    found = null_missing(pa.array(cells, pa.string()), frozenset(words))
    expected = [None if cell.strip(" \t").casefold() in words else cell for cell in cells]
    assert found.to_pylist() == expected


def test_every_letter_is_folded_as_python_does() -> None:
    letters = [chr(code) for code in range(0x80, 0x1_0000) if not 0xD800 <= code <= 0xDFFF]
    few = [letter for letter in letters if letter != letter.casefold()][:40]
    for cells in (letters, few):
        words = frozenset(f"a{cell.casefold()}" for cell in cells)
        assert null_missing(pa.array([f" A{cell}\t" for cell in cells]), words).null_count == len(cells)
