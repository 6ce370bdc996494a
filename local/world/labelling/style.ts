/** The stylesheet of the labelling pages: the product's palette, light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f6f8fa; --line: #d0d7de; --ink: #1b1f24; --muted: #57606a; --link: #0b57b0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161b; --panel: #1a2027; --line: #343c45; --ink: #e8edf2; --muted: #9aa7b4; --link: #7db4ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
p { max-width: 72ch; }
a { color: var(--link); display: inline-block; min-height: 24px; }
a:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.muted { color: var(--muted); }
progress { display: block; width: 100%; max-width: 30rem; height: 0.75rem; accent-color: var(--link); }
.sample { display: grid; gap: 1rem 2rem; grid-template-columns: minmax(0, 1fr); margin: 1rem 0; }
@media (min-width: 48rem) { .sample.image { grid-template-columns: 18rem minmax(0, 1fr); } }
.picture { display: block; width: 18rem; max-width: 100%; border: 1px solid var(--line); border-radius: 6px; background: #ffffff; }
blockquote {
  margin: 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel);
  font-size: 1.15rem; overflow-wrap: anywhere;
}
.labels { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: 0.5rem; margin: 0 0 1rem; }
.labels.short { grid-template-columns: repeat(5, minmax(3rem, 1fr)); max-width: 30rem; }
button {
  font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
  min-height: 2.75rem; padding: 0.25rem 0.75rem; cursor: pointer;
}
button:hover { border-color: var(--link); }
.labels button { font-weight: 600; }
.list { list-style: none; margin: 1rem 0; padding: 0; border-top: 1px solid var(--line); }
.list li { padding: 0.6rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--muted); font-weight: 400; }
td .picture { width: 2.5rem; border-radius: 3px; }
td.text { min-width: 9rem; }
`;
