"""How the page looks: one style sheet for light, dark and paper. Text and lines keep WCAG AA contrast in each."""

_LIGHT = """
--bg:#ffffff;--fg:#1b1f24;--soft:#57606a;--edge:#d0d7de;--panel:#f6f8fa;--link:#0550ae;
--hit:9,105,218;--miss:207,34,46;
--c1:#0072b2;--c2:#c24e00;--c3:#00795a;--c4:#a8447f;--c5:#6f5b00;--c6:#2f7fb0;--c7:#7a4fbf;--c8:#5c6670;
"""
_DARK = """
--bg:#12161c;--fg:#e6edf3;--soft:#a4aeb9;--edge:#3a434e;--panel:#1a2028;--link:#79b8ff;
--hit:56,139,253;--miss:248,81,73;
--c1:#58b4f0;--c2:#f59e4b;--c3:#3fc99a;--c4:#e58fc0;--c5:#e0c341;--c6:#9ad0f5;--c7:#b99cf5;--c8:#aeb8c2;
"""

_CHART = (
    """
.chart{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--fg)}
.chart text{fill:var(--fg)}.chart .label{fill:var(--soft)}
.grid{stroke:var(--edge);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
.rule{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:4 3;fill:none}
.mark{stroke:var(--fg);stroke-width:1.2;stroke-dasharray:2 3;fill:none}
.whisker{stroke:var(--fg);stroke-width:1.5}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.thin{stroke-width:1;opacity:.45}
.area{stroke-width:1;fill-opacity:.45}.dot.faint{fill-opacity:.5}
"""
    + "".join(
        f".c{i}{{stroke:var(--c{i})}}.bar.c{i}{{fill:var(--c{i});stroke:none}}"
        f".dot.c{i}{{fill:var(--c{i});stroke:none}}.area.c{i}{{fill:var(--c{i})}}"
        for i in range(1, 9)
    )
    + "".join(
        f".{kind}.s{level}{{background:rgba(var(--{kind}),{opacity});fill:rgba(var(--{kind}),{opacity})}}"
        for kind in ("hit", "miss")
        for level, opacity in enumerate((0, 0.06, 0.11, 0.16, 0.21, 0.26))
    )
)

_PAGE = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--link)}
.skip{position:absolute;left:-99em}.skip:focus{position:static;display:inline-block;padding:.5em}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 15px}
header{padding-top:1.2rem}
h1{font-size:1.6rem;line-height:1.25;margin:.2em 0;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.2rem 0 .4rem;padding-top:.6rem;border-top:1px solid var(--edge)}
h3{font-size:1.02rem;margin:1.2rem 0 .3rem}
p{max-width:44rem;margin:.4rem 0}
.soft{color:var(--soft)}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1rem;padding:0;margin:.6rem 0}
nav a{display:inline-block;padding:.3rem 0}
.headline{display:flex;flex-wrap:wrap;gap:.6rem 2.2rem;margin:1rem 0}
.headline div{min-width:8rem}.headline dt{color:var(--soft);font-size:.9rem}
.headline dd{margin:0;font-size:1.7rem;font-weight:600;line-height:1.2}
.headline .range{font-size:.85rem;font-weight:400;color:var(--soft);display:block}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,360px),1fr));
gap:1.2rem 1.6rem;align-items:start;margin:.6rem 0}
figure{margin:0;max-width:520px}
figure svg{display:block;width:100%;height:auto}
figure h3{margin:0 0 .2rem}
figcaption{font-size:.9rem;color:var(--soft);margin-top:.2rem}
.keys{list-style:none;display:flex;flex-wrap:wrap;gap:0 1rem;padding:0;margin:.1rem 0;font-size:.85rem}
.keys svg{display:inline-block;width:22px;height:10px;vertical-align:middle;margin-right:.35rem}
.scroll{overflow-x:auto;max-width:100%;margin:.6rem 0}
.scroll:focus-visible,a:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.93rem}
caption{text-align:left;font-weight:600;padding:.2rem 0}
.scroll caption span{display:block;position:sticky;left:0;max-width:calc(100vw - 30px)}
th,td{padding:.28rem .7rem .28rem 0;text-align:right;border-bottom:1px solid var(--edge);white-space:nowrap}
th:first-child,td.text,th.text{text-align:left}
thead th{color:var(--soft);font-weight:600}tbody th{font-weight:500}
.facts th{color:var(--soft);vertical-align:top}.facts td{white-space:normal;overflow-wrap:anywhere;text-align:left}
.matrix td,.matrix thead th{text-align:center;padding:.35rem .6rem}.matrix small{display:block;color:var(--fg)}
pre{background:var(--panel);border:1px solid var(--edge);border-radius:6px;padding:.7rem .9rem;font-size:.85rem;
white-space:pre-wrap;overflow-wrap:anywhere;margin:.5rem 0}
code{font-size:.92em;overflow-wrap:anywhere}
.finding{border-left:4px solid var(--c2);background:var(--panel);padding:.5rem .9rem;margin:.7rem 0;max-width:46rem}
.finding h3{margin:.1rem 0}.fine{border-left-color:var(--c3)}
footer{padding-bottom:2rem;color:var(--soft);font-size:.9rem}
@media (max-width:480px){table{font-size:.84rem}th,td{padding-right:.5rem}thead th,td{white-space:normal}
td.text{min-width:9rem}.wide td{white-space:nowrap}.matrix td,.matrix thead th{padding:.3rem .25rem}}
"""

_PRINT = """
@media print{
nav,.skip{display:none}body{font-size:10.5pt}h2{break-after:avoid}figure,.finding,tr{break-inside:avoid}
.charts{grid-template-columns:repeat(2,1fr)}.scroll{overflow:visible}.hit,.miss{print-color-adjust:exact;-webkit-print-color-adjust:exact}table{font-size:8.5pt}a{color:inherit}
th,td{padding-right:.5rem;white-space:normal}
}
"""

_THEMES = f":root{{color-scheme:light dark;{_LIGHT}}}@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}"


def page_style() -> str:
    """The style sheet of the page."""
    return _packed(_THEMES + _CHART + _PAGE + _PRINT)


def chart_style() -> str:
    """The style sheet of a chart in a file of its own."""
    return _packed(_THEMES.replace("color-scheme:light dark;", "") + _CHART) + "svg{background:var(--bg)}"


def _packed(sheet: str) -> str:
    return sheet.replace("\n", "")
