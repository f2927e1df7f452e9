"""The style of the report's page: light and dark, wide and narrow, on paper."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f6f9; --card: #fff; --ink: #17212d; --soft: #5a6878; --line: #dde3ea; --track: #e9edf2;
  --written: #2b6cd4; --superseded: #9fb8dd; --rejected: #d98200; --failed: #c5352b; --plain: #7387a0;
  --code: #f0f3f7; --warn: #fff6e5; --good: #1d7f4e; --off: #945800;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0f141a; --card: #171f28; --ink: #e7edf4; --soft: #9baabb; --line: #2a3642; --track: #232d38;
    --written: #5f9dff; --superseded: #45618c; --rejected: #f2a93b; --failed: #ff7468; --plain: #7d92ab;
    --code: #101720; --warn: #2b2415; --good: #5fc894; --off: #f2a93b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink); font-variant-numeric: tabular-nums;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  font-size: 15px; line-height: 1.5;
}
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px; }
header { margin-bottom: 28px; }
.eyebrow { margin: 0; color: var(--soft); font-size: 13px; letter-spacing: .06em; text-transform: uppercase; }
h1 { margin: 2px 0 14px; font-size: 19px; font-weight: 600; color: var(--soft); }
.headline { margin: 0; font-size: 29px; line-height: 1.28; font-weight: 650; letter-spacing: -.012em;
  text-wrap: balance; }
.headline span { display: block; }
.headline span + span { font-size: 21px; font-weight: 600; margin-top: 3px; }
h2 { margin: 44px 0 14px; font-size: 19px; font-weight: 650; letter-spacing: -.005em; }
h3 { margin: 0 0 2px; font-size: 15px; font-weight: 650; }
p { margin: 0; }
.note { color: var(--soft); font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px; }
.notable { border-left: 4px solid var(--rejected); background: var(--warn); }
.usual { border-left: 4px solid var(--good); }
.notable h2 { margin: 0; font-size: 15px; }
.notable ul { margin: 6px 0 0; padding-left: 20px; }
.notable li { margin: 3px 0; }
.tiles { display: grid; gap: 12px; margin-top: 14px;
  grid-template-columns: repeat(auto-fill, minmax(186px, 1fr)); }
.tile { padding: 14px 16px 12px; }
.tile .label { color: var(--soft); font-size: 13px; }
.tile .value { font-size: 25px; font-weight: 650; letter-spacing: -.015em; line-height: 1.25; }
.tile .bad { color: var(--failed); }
.tile .foot { color: var(--soft); font-size: 12.5px; }
.tile .above, .tile .below { color: var(--off); font-weight: 600; }
.tile svg { display: block; width: 100%; height: 30px; margin: 8px 0 6px; }
.charts { display: grid; gap: 12px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.chart .top { color: var(--soft); font-size: 12px; margin-top: 10px; border-bottom: 1px dashed var(--line); }
.chart svg.columns { display: block; width: 100%; height: 170px; border-bottom: 1px solid var(--plain); }
.axis { display: grid; color: var(--soft); font-size: 12px; text-align: center; padding-top: 4px; }
.axis.days { grid-template-columns: repeat(8, minmax(0, 1fr)); }
.axis.hours { grid-template-columns: repeat(8, minmax(0, 1fr)); text-align: left; }
.axis .today { color: var(--ink); font-weight: 650; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 8px; color: var(--soft);
  font-size: 12.5px; }
.legend svg { width: 10px; height: 10px; margin-right: 6px; }
.bars { display: grid; gap: 9px 12px;
  grid-template-columns: minmax(64px, max-content) minmax(0, 1fr) max-content;
  margin-top: 12px; align-items: center; }
.bars .name { overflow-wrap: anywhere; max-width: 13em; }
.bars svg { display: block; width: 100%; height: 14px; }
.bars .n { text-align: right; white-space: nowrap; }
.written { fill: var(--written); } .superseded { fill: var(--superseded); }
.rejected { fill: var(--rejected); }
.failed { fill: var(--failed); } .plain { fill: var(--plain); } .track { fill: var(--track); }
.dim { opacity: .45; }
.scroll { overflow-x: auto; padding: 4px 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 7px 16px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; font-size: 12.5px; white-space: nowrap; vertical-align: bottom; }
th.n, td.n { text-align: right; white-space: nowrap; }
td.name { overflow-wrap: anywhere; min-width: 11em; }
td small { display: block; color: var(--soft); font-size: 12px; }
td.bad { color: var(--failed); font-weight: 600; }
h2 + .note { margin: -8px 0 12px; }
.table + .pair { margin-top: 12px; }
.pair { display: grid; gap: 12px; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
.failures { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
.failure { border-left: 4px solid var(--failed); overflow-wrap: anywhere; }
.failure .error { color: var(--failed); font-weight: 650; }
.failure .where { color: var(--soft); font-size: 13px; margin: 2px 0 6px; }
pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: 10px 0 0; padding: 9px 12px; background: var(--code); border-radius: 8px; font-size: 12.5px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
td code { font-size: 12px; color: var(--soft); overflow-wrap: anywhere; }
footer { margin-top: 44px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--soft);
  font-size: 13px; }
footer p { margin: 0 0 6px; max-width: 75ch; overflow-wrap: anywhere; }
@media (max-width: 720px) {
  main { padding: 22px 14px 40px; }
  .headline { font-size: 24px; }
  .headline span + span { font-size: 18px; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }
  .tile .value { font-size: 21px; }
  .card { padding: 14px; }
  .table { padding: 4px 0; }
  th, td { padding: 7px 10px; }
  .bars .name { max-width: 8em; }
}
@media print {
  :root { --page: #fff; --warn: #fff; --code: #fff; }
  body { font-size: 11px; }
  main { max-width: none; padding: 0; }
  .headline { font-size: 19px; }
  .headline span + span { font-size: 14px; }
  h1, h2 { font-size: 14px; }
  h3 { font-size: 12px; }
  .note, .legend, .axis, .chart .top, .failure .where { font-size: 9.5px; }
  pre { margin-top: 6px; padding: 6px 8px; font-size: 9.5px; }
  h2 { margin: 22px 0 8px; }
  .card { padding: 10px 12px; border-radius: 8px; }
  .tiles { grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 8px; }
  .tile { padding: 8px 10px; }
  .tile .value { font-size: 15px; }
  .tile .label, .tile .foot { font-size: 9.5px; }
  .tile svg { height: 20px; }
  .chart svg.columns { height: 110px; }
  .card, tr, h2 { break-inside: avoid; }
  h2 { break-after: avoid; }
  .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .scroll { overflow: visible; }
  table { font-size: 10.5px; }
  th, td { padding: 4px 7px; }
  td.name { min-width: 7em; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
