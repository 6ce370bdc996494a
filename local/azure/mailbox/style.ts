import { BASE_STYLE } from "../front/page.ts";

/** The mailbox's one stylesheet. */
export const STYLE = `${BASE_STYLE}
.mails { list-style: none; margin: 1rem 0; padding: 0; border-top: 1px solid var(--line); }
.mails li { padding: 0.6rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.mails a { display: inline-block; min-height: 24px; font-weight: 600; }
.kind {
  display: inline-block; min-width: 2.75rem; padding: 0 0.4rem; border: 1px solid var(--line); border-radius: 4px;
  background: var(--panel); text-align: center; font-size: 0.8rem;
}
.source { margin-top: 1.5rem; } .source summary { min-height: 1.5rem; cursor: pointer; }
.mails div { font-size: 0.9rem; color: var(--muted); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 0.5rem 0 1rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
iframe { width: 100%; height: 34rem; min-height: 4rem; border: 1px solid var(--line); border-radius: 6px; background: #ffffff; }
pre {
  margin: 0; padding: 0.75rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel);
  white-space: pre-wrap; overflow-wrap: anywhere; font: 0.9rem/1.5 ui-monospace, monospace;
}
@media print { iframe { height: 60rem; } }
`;
