import { BASE_STYLE } from "../front/page.ts";

export const STYLE_PATH = "/_identity/style.css";

/** The stylesheet of the sign-in pages. */
export const STYLE = `${BASE_STYLE}
main { max-width: 36rem; padding-top: 2rem; }
.tenant { margin: 0; color: var(--muted); font-size: 0.9rem; }
.personas { list-style: none; margin: 1.25rem 0; padding: 0; border-top: 1px solid var(--line); }
.personas li { border-bottom: 1px solid var(--line); }
button { font: inherit; color: inherit; cursor: pointer; }
.personas button {
  display: flex; gap: 0.9rem; align-items: center; width: 100%; padding: 0.7rem 0.5rem; border: 0;
  background: none; text-align: left;
}
.personas button:hover, .personas .hinted { background: var(--panel); }
.sign {
  flex: none; display: grid; place-items: center; width: 2.5rem; height: 2.5rem; border-radius: 50%;
  background: var(--link); color: var(--paper); font-weight: 600;
}
.who { display: grid; min-width: 0; }
.who span { font-size: 0.9rem; overflow-wrap: anywhere; }
.quiet { min-height: 2.25rem; padding: 0.25rem 1rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); }
.failure { padding: 0.75rem; border-left: 4px solid var(--bad); background: var(--panel); overflow-wrap: anywhere; }
`;
