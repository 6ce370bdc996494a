/** The one stylesheet: system fonts, a light and a dark palette, nothing from elsewhere. */
export const STYLE_CSS = `:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f6f8fa; --line: #d0d7de;
  --ink: #1b1f24; --muted: #57606a;
  --link: #0b57b0; --candidate: #0b57b0; --champion: #8a5700;
  --good: #0b6b5b; --warn: #8a5700; --bad: #a8321f;
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
html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header {
  display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.25rem;
  padding: .75rem clamp(1rem, 4vw, 2.5rem); border-bottom: 1px solid var(--line); background: var(--panel);
}
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
nav a { display: inline-block; padding: .25rem 0; color: var(--ink); text-decoration: none; border-bottom: 2px solid transparent; }
nav a[aria-current] { border-bottom-color: var(--link); }
nav a:hover { text-decoration: underline; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 4rem; }
h1 { max-width: 40em; margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.3; font-weight: 650; text-wrap: pretty; }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.125rem; line-height: 1.3; }
p, dd { max-width: 72ch; }
p { margin: 0 0 .75rem; }
a { color: var(--link); }
.muted, .empty, small { color: var(--muted); }
code { font: .9em ui-monospace, monospace; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; overflow-wrap: normal; }
th, td { padding: .5rem 1.25rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); font-weight: normal; }
thead th { color: var(--muted); font-size: .8125rem; white-space: nowrap; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
`;
