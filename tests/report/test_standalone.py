"""Charts as files: plain attributes, drawn the same by everybody."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from collections.abc import Callable
from functools import cache
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray

from phoneprice.artifact.loader import load_run
from phoneprice.data.samples.sample import sample_path
from phoneprice.report.page import charts
from phoneprice.report.png import MARK, png_file
from phoneprice.report.standalone import svg_file
from phoneprice.workflows.report import gather
from tests.report.reports import small_run
from tests.report.test_browser import CHROMIUM, FLAGS

KINDS = ("ordinal", "binary", "regression")
DRAWN_LIKE_THAT = {
    "class", "style", "viewBox", "role", "aria-labelledby", "id", "d", "width", "height", "x", "y", "x1", "y1", "x2",
    "y2", "cx", "cy", "r", "text-anchor", "font-family", "font-size", "fill", "fill-opacity", "opacity", "stroke",
    "stroke-width", "stroke-dasharray", "stroke-linejoin",
}  # fmt: skip


@cache
def files(kind: str) -> dict[str, str]:
    """The charts of a run as the text of files, by name."""
    facts = gather(load_run(small_run(kind)), sample_path("train"))
    return {chart.name: svg_file(chart) for chart in chain.from_iterable(charts(facts).values())}


@pytest.mark.parametrize("kind", KINDS)
def test_plain_attributes_alone(kind: str) -> None:
    for text in files(kind).values():
        assert not re.search(r"var\(|rgba|system-ui|<style|style=|url\(", text)
        root, *others = ET.fromstring(text).iter()
        names = {name for element in (root, *others) for name in element.attrib}
        assert names <= DRAWN_LIKE_THAT
        assert not any("class" in element.attrib for element in others)
        assert (root.attrib["width"], root.attrib["fill"]) == ("720", "#1b1f24")


def test_each_shape_has_the_ink_of_its_classes() -> None:
    texts = [element for text in files("ordinal").values() for element in ET.fromstring(text).iter()]
    lines = {frozenset(e.attrib.items()) for e in texts if e.tag.endswith("}path") and e.attrib.get("fill") == "none"}
    inks = {(dict(line)["stroke"], dict(line)["stroke-width"], dict(line).get("opacity")) for line in lines}
    assert {("#0072b2", "2", None), ("#c24e00", "1", ".45")} <= inks
    cells = [e.attrib for e in texts if e.attrib.get("fill") == "rgb(9, 105, 218)"]
    assert {cell["fill-opacity"] for cell in cells} <= {"0", ".06", ".11", ".16", ".21", ".26"}


Renderer = Callable[[Path, Path], None]


def by_chromium(svg: Path, png: Path) -> None:
    width, height = re.findall(r' (?:width|height)="(\d+)"', svg.read_text())[:2]
    page = svg.with_suffix(".html")
    page.write_text(f'<body style="margin:0"><img src="{svg.name}" style="display:block">')
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={png.parent / 'profile'}", "--hide-scrollbars"]
    command += [f"--window-size={width},{height}", f"--screenshot={png}", page.as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)


def by_librsvg(svg: Path, png: Path) -> None:
    subprocess.run(["rsvg-convert", str(svg), "-o", str(png)], check=True)


def by_resvg(svg: Path, png: Path) -> None:
    png.write_bytes(png_file(svg.read_text()))


RENDERERS = [
    pytest.param(by_chromium, marks=pytest.mark.skipif(CHROMIUM is None, reason="no chromium")),
    pytest.param(by_librsvg, marks=pytest.mark.skipif(not shutil.which("rsvg-convert"), reason="no librsvg2-bin")),
]


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize(("kind", "name"), [("ordinal", "loss"), ("ordinal", "confusion"), ("regression", "predicted")])
def test_renderers_agree(renderer: Renderer, kind: str, name: str, tmp_path: Path) -> None:
    svg = tmp_path / f"{name}.svg"
    svg.write_text(files(kind)[name])
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    by_resvg(svg, one)
    renderer(svg, other)
    assert difference(pixels(one), pixels(other)) < 0.02
    # Black where there should be a colour, the fault that this is about, is seen at once.
    black = tmp_path / "black.svg"
    black.write_text(re.sub(r' (fill|stroke)="[^"]*"', "", svg.read_text()))
    renderer(black, other)
    assert difference(pixels(one), pixels(other)) > 0.05


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The mean difference of two pictures, 0 to 1, seen in blocks of 8 x 8 pixels: letters differ a little."""
    assert one.shape == other.shape
    return float(np.abs(blurred(one) - blurred(other)).mean())


def blurred(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    height, width = (side // 8 * 8 for side in picture.shape[:2])
    blocks = picture[:height, :width].reshape(height // 8, 8, width // 8, 8, 3)
    return np.asarray(blocks.mean(axis=(1, 3)) / 255)


def pixels(png: Path) -> NDArray[np.uint8]:
    """Red, green and blue of a PNG of 8 bits without interlacing, ``(height, width, 3)``."""
    data, place, packed, header = png.read_bytes(), 8, b"", b""
    while place < len(data):
        size, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + size]
        header, packed = (body if kind == b"IHDR" else header), packed + (body if kind == b"IDAT" else b"")
        place += 12 + size
    width, height, bits, colours = (int.from_bytes(header[a:b]) for a, b in ((0, 4), (4, 8), (8, 9), (9, 10)))
    assert (bits, header[12]) == (8, 0)
    channels = {2: 3, 6: 4}[colours]
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)
    rows, before = np.empty((height, width, channels), np.uint8), np.zeros((width, channels), np.int64)
    for i, (filtered, line) in enumerate(zip(raw[:, 0].tolist(), raw[:, 1:], strict=True)):
        before = unfiltered(filtered, line.reshape(width, channels).astype(np.int64), before)
        rows[i] = before
    return rows[:, :, :3]


def unfiltered(kind: int, line: NDArray[np.int64], above: NDArray[np.int64]) -> NDArray[np.int64]:
    """A line of pixels from its differences (PNG specification, section 9.2)."""
    if kind == 0:
        return line
    if kind == 2:
        return (line + above) % 256
    left, corner, found = np.zeros_like(line[0]), np.zeros_like(line[0]), np.empty_like(line)
    for x, (value, up) in enumerate(zip(line, above, strict=True)):
        found[x] = left = (value + predicted(kind, left, up, corner)) % 256
        corner = up
    return found


def predicted(
    kind: int, left: NDArray[np.int64], up: NDArray[np.int64], corner: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Of a pixel, from its neighbours: the left one (1), the mean of two (3), or Paeth's choice (4)."""
    if kind == 1:
        return left
    if kind == 3:
        return (left + up) // 2
    from_left, from_up, from_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    nearest_up = np.where(from_up <= from_corner, up, corner)
    return np.where((from_left <= from_up) & (from_left <= from_corner), left, nearest_up)


def test_a_png_is_marked_as_ours(tmp_path: Path) -> None:
    by_resvg_of = png_file(files("ordinal")["loss"])
    assert by_resvg_of.startswith(b"\x89PNG\r\n\x1a\n")
    assert MARK.encode() in by_resvg_of[:64]
    file = tmp_path / "loss.png"
    file.write_bytes(by_resvg_of)
    assert pixels(file).shape == (624, 720, 3)


def test_a_machine_without_fonts_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from phoneprice.report import png
    from phoneprice.workflows.report import report

    assert png.has_letters()
    monkeypatch.setattr(png, "has_letters", lambda: False)
    written = report(small_run("none held out"), None, tmp_path / "r.html", plots=tmp_path / "plots")
    (warning,) = written.warnings
    assert warning == (
        f"{tmp_path / 'plots'}: this machine has no fonts, so the PNG files have no words; install some, such as "
        "fonts-dejavu-core, or take the SVG files"
    )
