/** The one stylesheet: system fonts, a light and a dark palette, nothing from elsewhere. */
export const STYLE_CSS = `:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f6f8fa; --line: #d0d7de;
  --ink: #1b1f24; --muted: #57606a;
  --link: #0b57b0; --candidate: #0b57b0; --champion: #8a5700;
  --good: #0b6b5b; --warn: #8a5700; --bad: #a8321f;
  --gutter: clamp(1rem, 4vw, 2.5rem);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161b; --panel: #1a2027; --line: #343c45;
    --ink: #e8edf2; --muted: #9aa7b4;
    --link: #7db4ff; --candidate: #7db4ff; --champion: #e5b454;
    --good: #5ecbb1; --warn: #e5b454; --bad: #ff9b85;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }

header { border-bottom: 1px solid var(--line); background: var(--panel); }
header, nav { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1.25rem; }
header { padding: .5rem max(var(--gutter), calc((100% - 68rem) / 2)); }
nav a { padding: .375rem 0; color: var(--ink); text-decoration: none; border-bottom: 2px solid transparent; }
nav a[aria-current] { border-color: var(--link); }
nav a:hover { text-decoration: underline; }
.pause { margin-left: auto; }

main { padding: 1.5rem max(var(--gutter), calc((100% - 68rem) / 2)) 4rem; }
h1 { max-width: 32em; margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.3; text-wrap: balance; }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.1875rem; line-height: 1.3; }
h3 { margin: 1.25rem 0 .25rem; font-size: 1rem; }
p, ul, dd, label, textarea { max-width: 72ch; }
p { margin: 0 0 .75rem; }
ul { margin: 0 0 .75rem; padding-left: 1.25rem; }
a { color: var(--link); }
code { font: .9em ui-monospace, monospace; }
.id { display: inline-block; max-width: 12ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: middle; user-select: all; }
small { font-size: .8125rem; }
.muted, .empty, small { color: var(--muted); }

.state { font-weight: 600; white-space: nowrap; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.attention { color: var(--warn); }
.busy, .candidate { color: var(--candidate); }
.quiet { color: var(--muted); }
.champion { color: var(--champion); }
.notice { padding: .5rem .75rem; border-left: 4px solid var(--warn); background: var(--panel); color: var(--ink); }
.notice.bad { border-color: var(--bad); }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; line-height: 1.4; font-variant-numeric: tabular-nums; overflow-wrap: normal; white-space: nowrap; }
th, td { padding: .5rem 1.25rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); font-weight: normal; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-size: .8125rem; }
.text { display: block; min-width: 15rem; max-width: 36rem; white-space: normal; overflow-wrap: anywhere; }
.brief { display: block; max-width: 11rem; white-space: normal; }
time { white-space: nowrap; }
td time small, th time small { display: block; }

dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .375rem 1.5rem; margin: 0; }
dt { color: var(--muted); }
dd { margin: 0; }
@media (max-width: 34rem) {
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .625rem; }
  th, td { padding-right: .875rem; }
}
summary { min-height: 1.5rem; cursor: pointer; }

.panel { margin-top: 2.25rem; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--panel); }
.panel h2 { margin-top: 0; }
label { display: block; margin-bottom: .25rem; }
textarea, button { font: inherit; border-radius: .375rem; }
textarea { display: block; width: 100%; padding: .5rem; border: 1px solid var(--muted); background: var(--paper); color: var(--ink); }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1rem; }
button { min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--link); background: var(--link); color: var(--paper); text-align: left; cursor: pointer; }
button.second { background: var(--paper); border-color: var(--bad); color: var(--bad); }
button.pause { min-height: 1.75rem; padding: 0 .75rem; border-color: var(--line); background: none; color: var(--muted); font-size: .8125rem; }
button:hover { text-decoration: underline; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }

.chart { max-width: 45rem; margin-bottom: 1rem; }
svg { display: block; width: 100%; min-width: 30rem; height: auto; font: 12px system-ui, sans-serif; fill: currentColor; }
svg .tick { fill: var(--muted); }
svg .grid { stroke: var(--line); }
svg .limit { stroke: var(--bad); stroke-dasharray: 4 3; }
svg .rule { stroke: var(--muted); stroke-dasharray: 1 3; }
svg .curve { fill: none; stroke: currentColor; stroke-width: 1.5; }
svg .curve.champion { stroke-dasharray: 5 4; }

@media print {
  :root { --paper: #ffffff; --panel: #ffffff; --ink: #000000; --muted: #444444; }
  nav, .pause, form { display: none; }
  .scroll { overflow: visible; }
  table, .id { max-width: none; white-space: normal; overflow-wrap: anywhere; }
  .text { min-width: 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
  tr, svg { break-inside: avoid; }
}
`;
