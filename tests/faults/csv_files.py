"""CSV files as hypothesis makes them: well formed, or with anything wrong; and such as break readers."""

from __future__ import annotations

from hypothesis import strategies as st

FEATURES = ("x0", "x1")
COLUMNS = ("id", *FEATURES, "note")

numbers = st.sampled_from(
    ["1", "-2.5", "+5", ".5", "5.", "1e2", " 7 ", "-0", "007", "NA", "nan", " Null", "", "\t1", "1E-3", '"3"', '"4.5"']
)
odd_numbers = st.sampled_from(
    [
        "0x10",
        "1_0",
        "1;5",
        "inf",
        "1e999",
        "x",
        "٣",
        '"',
        '"1',
        '1"',
        '"1"2',
        '"1,5"',
        "+-1",
        "1 2",
        "1e",
        "--",
        "1e400",
    ]
)
texts = st.sampled_from(
    ["a", "手机", "NA", "é ", '"q"', '"a,b"', '"x\ny"', '"x\r\ny"', '"say ""hi"""', '""', "", "=1+1", "0012"]
)
rows = st.tuples(texts, numbers, numbers, texts)
odd_rows = st.tuples(texts, st.one_of(numbers, odd_numbers), odd_numbers, texts)
lines = st.one_of(rows, odd_rows)
orders = st.sampled_from([COLUMNS, COLUMNS[::-1], ("x1", "note", "x0", "id")])
added = st.sampled_from(["", "more,x9"])
odd_added = st.sampled_from(["", "x0", '""', "x9"])
"""What is added to the header; only the first has cells in every record."""
ends = st.sampled_from(["\n", "\n", "\r\n"])
last = st.sampled_from(["\n", "", "\n\n", "\r\n", "\n\r\n\n"])
slips = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from([*'",\n\r\0 ;1', "", "\r\n", "\ufeff", "\udcff", '""'])),
    max_size=2,
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file that is well formed, or one in which anything may be wrong."""
    clean = draw(st.booleans())
    order, end, extra = draw(orders), draw(ends), draw(added if clean else st.one_of(added, odd_added))
    body = draw(st.lists(rows if clean else lines, max_size=5))
    records = [[dict(zip(COLUMNS, cells, strict=True))[name] for name in order] for cells in body]
    head = ",".join([*order, extra] if extra else order)
    filler = ",1,1" if extra == "more,x9" else ""
    text = end.join([head, *(",".join(record) + filler for record in records)]) + draw(last)
    for place, slip in [] if clean else draw(slips):
        at = place % (len(text) + 1)
        text = text[:at] + slip + text[at + (not slip) :]
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode("utf-8", "surrogateescape")


hostile_texts = st.one_of(
    texts,
    st.sampled_from(
        [
            *("#a", "\\", "a\\", "'", "'a'", "None", "NULL", "nan", "<NA>", "-", "N/A", "true", "TRUE"),
            *(
                " ",
                "\t",
                "  a  ",
                "\x0b",
                "\x0c",
                "\x1c",
                "\x1d",
                "\x1e",
                "\x85",
                "\u2028",
                "\u2029",
                "\ufeff",
                "\ufeffa",
            ),
            *('"\ufeff"', '"\n"', '"\r\n"', '"\n\n"', '"#"', '"a\\"', '"a""b\nc"', '""""', '" "', '"\r"'),
            *("\x1a", "\x7f", "é" * 40, "手机" * 30, "x" * 5_000, '"' + "y\n" * 1_500 + '"', "😀", "e\u0301"),
            *("1e5", "0x1", "1_000", "007", "2024-01-01", "12:00", "inf", "1.000", "=1+1", "+1", "@a"),
        ]
    ),
    st.text(st.characters(exclude_characters='",;\t|\r\n\0', exclude_categories=["Cs"]), max_size=6),
)
hostile_numbers = st.one_of(
    numbers,
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(["0.1", "5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "9007199254740993"]),
    st.tuples(st.integers(0, 10**30), st.integers(-340, 300)).map(lambda parts: f"{parts[0]}e{parts[1]}"),
    st.tuples(st.integers(0, 10**22), st.integers(0, 10**22)).map(lambda parts: f"{parts[0]}.{parts[1]}"),
)


@st.composite
def hostile_files(draw: st.DrawFn) -> tuple[bytes, str]:
    """A file that our reader is likely to take, with all that it may hold; and its delimiter."""
    delimiter = draw(st.sampled_from(",,;\t|"))
    kinds = draw(st.lists(st.booleans(), min_size=1, max_size=5))
    cells = st.tuples(*(hostile_numbers if numeric else hostile_texts for numeric in kinds))
    body = draw(st.lists(cells, max_size=12))
    if draw(st.integers(0, 49)) == 0:  # several blocks of every reader
        body = body * 300
    quoted = draw(st.booleans())
    head = [f"c{i}" for i in range(len(kinds))]
    lines = [delimiter.join(_cell(cell, delimiter, quoted) for cell in record) for record in [head, *body]]
    plain = draw(ends)
    mixed = len(lines) < 50 and draw(st.integers(0, 3)) == 0
    text = "".join(line + (draw(ends) if mixed else plain) for line in lines)
    start, end = draw(st.sampled_from(["", "", "\ufeff"])), draw(st.sampled_from(["", "", "\n", "\r\n\n"]))
    return (start + text + end).encode(), delimiter


def _cell(cell: str, delimiter: str, quoted: bool) -> str:
    if cell.startswith('"'):
        return cell
    return f'"{cell}"' if quoted or delimiter in cell else cell
