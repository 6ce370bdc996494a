/** The mailbox's one stylesheet: the product's palette, light and dark. */
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
a { color: var(--link); }
a:focus-visible, iframe:focus-visible, pre:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.muted, time { color: var(--muted); }
.mails { list-style: none; margin: 1rem 0; padding: 0; border-top: 1px solid var(--line); }
.mails li { padding: 0.6rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.mails a { display: inline-block; min-height: 24px; font-weight: 600; }
.mails div { font-size: 0.9rem; color: var(--muted); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 0.5rem 0 1rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
iframe { width: 100%; height: 34rem; border: 1px solid var(--line); border-radius: 6px; background: #ffffff; resize: vertical; }
pre {
  margin: 0; padding: 0.75rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel);
  white-space: pre-wrap; overflow-wrap: anywhere; font: 0.9rem/1.5 ui-monospace, monospace;
}
@media print { iframe { height: 60rem; } }
`;
