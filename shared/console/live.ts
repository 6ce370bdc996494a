/**
 * The one script: keeps a console page fresh. It asks for the page again and puts in what changed, unless a person is
 * at work in it; without it, the page is complete and a reload does the same.
 */
export const LIVE_JS = `"use strict";
const everyMs = 3000;
let paused = false;
let shown = document.querySelector("main[data-live]").innerHTML;

const button = document.createElement("button");
button.type = "button";
button.className = "pause";
const label = () => { button.textContent = paused ? "Resume updates" : "Pause updates"; };
button.addEventListener("click", () => { paused = !paused; label(); });
label();
document.querySelector("header").append(button);

function isBusy(main) {
  return main.contains(document.activeElement) || !getSelection().isCollapsed;
}

function replace(main, html) {
  const open = new Set([...main.querySelectorAll("details[open]")].map(({ id }) => id));
  const scrolled = [...main.querySelectorAll(".scroll")].map(({ scrollLeft }) => scrollLeft);
  main.innerHTML = html;
  for (const part of main.querySelectorAll("details")) part.open = open.has(part.id);
  main.querySelectorAll(".scroll").forEach((box, index) => { box.scrollLeft = scrolled[index] ?? 0; });
}

async function refresh() {
  const main = document.querySelector("main[data-live]");
  if (paused || document.hidden || isBusy(main)) return;
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const html = fresh.querySelector("main[data-live]")?.innerHTML;
  if (html === undefined || html === shown || paused || isBusy(main)) return;
  replace(main, html);
  shown = html;
}

async function forever() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    // Whatever fails is tried again: the page just stays as old as it says.
    await refresh().catch(() => {});
  }
}
forever();
`;
