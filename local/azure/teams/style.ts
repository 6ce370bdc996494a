const weights = Array.from(
  { length: 20 },
  (_, index) => `.weight-of-${index + 1} { flex: ${index + 1} 1 0; }`,
);
const pixels = Array.from(
  { length: 20 },
  (_, index) => `.pixels-${(index + 1) * 20} { flex: none; width: ${(index + 1) * 20}px; }`,
);

/** How a card looks: type and spacing of Teams, in the palette of the page. */
export const CARD_STYLE = `
.card {
  max-width: 36rem; padding: 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--paper);
  font-size: 0.9rem; line-height: 1.4; overflow-wrap: anywhere;
}
.card p, .card h2, .card dl { margin: 0; }
.card h2 { font-size: 1.1rem; }
.card > :first-child, .box > :first-child { margin-top: 0; }
.gap-none { margin-top: 0; } .gap-small { margin-top: 0.25rem; } .gap-default { margin-top: 0.5rem; }
.gap-medium { margin-top: 1rem; } .gap-large { margin-top: 1.5rem; } .gap-extraLarge { margin-top: 2rem; }
.gap-padding { margin-top: 1rem; }
.separated { border-top: 1px solid var(--line); padding-top: 0.5rem; }
.size-small { font-size: 0.8rem; } .size-medium { font-size: 1rem; } .size-large { font-size: 1.15rem; }
.size-extraLarge { font-size: 1.4rem; }
.weight-bolder { font-weight: 600; } .weight-lighter { font-weight: 300; }
.monospace { font-family: ui-monospace, monospace; }
.subtle, .color-light { color: var(--muted); }
.color-accent { color: var(--link); } .color-good { color: var(--good); } .color-warning { color: var(--warn); }
.color-attention { color: var(--bad); }
.clip { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.italic { font-style: italic; } .struck { text-decoration: line-through; } .underlined { text-decoration: underline; }
.marked { background: var(--panel); outline: 1px solid var(--line); }
.align-center { text-align: center; } .align-right { text-align: right; }
.box { min-width: 0; }
.box-emphasis, .box-accent, .box-good, .box-warning, .box-attention { padding: 0.5rem 0.75rem; background: var(--panel); border-radius: 4px; }
.box-accent { border-left: 4px solid var(--link); } .box-good { border-left: 4px solid var(--good); }
.box-warning { border-left: 4px solid var(--warn); } .box-attention { border-left: 4px solid var(--bad); }
.columns { display: flex; gap: 0.5rem; }
.width-auto { flex: 0 1 auto; } .width-stretch { flex: 1 1 0; }
${weights.join("\n")}
${pixels.join("\n")}
@media (max-width: 30rem) { .width-auto { max-width: 45%; } }
.vertical-center { align-self: center; } .vertical-bottom { align-self: end; }
.facts { display: grid; grid-template-columns: fit-content(45%) 1fr; gap: 0.15rem 1rem; }
.facts dt { color: var(--ink); font-weight: 600; }
.images { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.image { max-width: 100%; } .image-small { width: 40px; } .image-medium { width: 80px; } .image-large { width: 160px; }
.image-stretch { width: 100%; } .person { border-radius: 50%; }
.absent { display: inline-block; width: auto; padding: 0.5rem; border: 1px dashed var(--muted); border-radius: 4px; color: var(--muted); }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 0.3rem 0.5rem; text-align: left; vertical-align: top; overflow-wrap: normal; }
.grid th, .grid td { border: 1px solid var(--line); }
.actions { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-top: 1rem; }
.action {
  display: inline-block; min-height: 2rem; padding: 0.3rem 0.9rem; border: 1px solid var(--muted); border-radius: 4px;
  color: var(--ink); font-weight: 600; text-decoration: none;
}
.action:hover { background: var(--panel); }
.action-positive { border-color: var(--link); background: var(--link); color: var(--paper); }
.action-positive:hover { background: var(--link); text-decoration: underline; }
.action-destructive { border-color: var(--bad); color: var(--bad); }
.off { color: var(--muted); border-style: dashed; }
.card details { width: 100%; } .card summary { min-height: 1.5rem; font-weight: 600; cursor: pointer; }
.card .card { margin-top: 0.5rem; }
`;
