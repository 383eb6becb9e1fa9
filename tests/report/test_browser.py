"""The page in a real browser, from disk, without a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.report.reports import comparison_of_variants, page, summary

CHROMIUM = os.environ.get("PHONEPRICE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def text_of(kind: str) -> str:
    """A page: of a run of a kind, or of several trainings."""
    return comparison_of_variants() if kind == "comparison" else page(kind)


PROBE = """<script>addEventListener('load', () => {
  const wide = document.documentElement.scrollWidth > innerWidth;
  const cut = [];
  for (const svg of document.querySelectorAll('svg.chart')) {
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll('text')) {
      const t = text.getBoundingClientRect();
      if (t.left < box.left - 1 || t.right > box.right + 1 || t.top < box.top - 1 || t.bottom > box.bottom + 1)
        cut.push(text.textContent);
    }
  }
  const out = performance.getEntriesByType('resource').length;
  document.title = `wide ${wide} cut [${cut}] requests ${out} sections ${document.querySelectorAll('section').length}`;
})</script>"""


@pytest.mark.parametrize("kind", ["ordinal", "binary", "regression", "comparison", "after a search"])
def test_nothing_is_cut_and_nothing_is_asked_for(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    # Frames of the widths that are wanted: headless chromium's own window has a least width.
    file.write_text(text_of(kind).replace("</body>", f"{PROBE}</body>"))
    frames = "".join(
        f'<iframe src="report.html" style="width:{width}px;height:900px;border:0"></iframe>' for width in (390, 1280)
    )
    frame = tmp_path / "frame.html"
    frame.write_text(
        f"{frames}<script>addEventListener('load', () => setTimeout(() => {{document.title = "
        "[...document.querySelectorAll('iframe')].map(own => own.contentDocument.title).join('; ')}, 200))</script>"
    )
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--allow-file-access-from-files"]
    command += ["--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom", frame.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    title = done.stdout.split("<title>")[1].split("</title>")[0]
    sections = {"ordinal": 14, "binary": 14, "regression": 11, "comparison": 4, "after a search": 15}[kind]
    assert title == "; ".join([f"wide false cut [] requests 0 sections {sections}"] * 2)
    assert "CONSOLE" not in done.stderr


@pytest.mark.parametrize("kind", ["ordinal", "binary", "regression"])
def test_the_summary_is_one_sheet(kind: str, tmp_path: Path) -> None:
    file, printed = tmp_path / "summary.html", tmp_path / "summary.pdf"
    file.write_text(summary(kind))
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer"]
    subprocess.run([*command, f"--print-to-pdf={printed}", file.as_uri()], capture_output=True, timeout=120, check=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) == 1
    (size,) = set(re.findall(rb"/MediaBox\s*\[0 0 (\d+)[\d.]* (\d+)", printed.read_bytes()))
    assert size in {(b"594", b"841"), (b"595", b"841"), (b"595", b"842")}


AXE = os.environ.get("PHONEPRICE_AXE")
AUDIT = """<script>addEventListener('load', () => axe.run(document).then(found => {
  const grave = found.violations.filter(v => ['serious', 'critical'].includes(v.impact));
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  document.title = `${dark ? 'dark' : 'light'} passes ${found.passes.length > 20} ` + grave.map(v => v.id).join(' ');
}))</script>"""


@pytest.mark.skipif(AXE is None, reason="no axe-core: npm install axe-core, PHONEPRICE_AXE=.../axe-core/axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["ordinal", "binary", "regression", "comparison", "after a search"])
def test_accessibility(kind: str, scheme: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    rules = Path(str(AXE)).read_text()
    file.write_text(text_of(kind).replace("</body>", f"<script>{rules}</script>{AUDIT}</body>"))
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    command = [str(CHROMIUM), *FLAGS, *dark, f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=20000", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split("<title>")[1].split("</title>")[0].strip() == f"{scheme} passes true"
