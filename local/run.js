/**
 * Runs a program of this repository: `node local/run.js PROGRAM.ts [its arguments]`. Plain JavaScript, so that Node keeps
 * compiled code before the first line of TypeScript is read: of the next start on it needs neither its compiler for that
 * nor a hundred small files.
 */
import "./require-node.js";
import module from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

module.enableCompileCache();
const { importBundled } = await import("./bundled.ts");
const [node, , program, ...args] = process.argv;
if (program === undefined) {
  process.stderr.write("No program is named, expected `node local/run.js PROGRAM.ts [its arguments]`.\n");
  process.exit(1);
}
process.argv = [node, path.resolve(program), ...args];
await importBundled(pathToFileURL(process.argv[1]));
