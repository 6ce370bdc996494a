import { fileURLToPath } from "node:url";

/** The folder of a fixture app that does what a public test suite's app does, in our words. */
export function truthApp(name: string): string {
  return fileURLToPath(new URL(`./apps/${name}`, import.meta.url));
}
