import { h } from "preact";
import { renderPage } from "./page.ts";
import { cut } from "./words.ts";

/** Says what is not there; `kind` is the word for it, such as `model`. */
export function missingPage(kind: "model" | "operation", id: string): string {
  return renderPage(
    { title: "Not found", inConsole: true },
    h("h1", null, `There is no ${kind} “${cut(id)}”.`),
    h("p", null, h("a", { href: "/console" }, `The overview lists every known ${kind}.`)),
  );
}
