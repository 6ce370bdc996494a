/** `npm run bench [-- WORD]`: runs the benches whose path holds WORD, one after another; each prints its settings first. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const [word = "", ...args] = process.argv.slice(2);
const benches = globSync("test/**/*.bench.ts").filter((path) => path.includes(word));
if (benches.length === 0) {
  process.stderr.write(
    `No bench has '${word}' in its path, expected one of:\n${globSync("test/**/*.bench.ts").join("\n")}\n`,
  );
  process.exit(1);
}
for (const bench of benches) {
  process.stdout.write(`\n${bench}\n`);
  const { status } = spawnSync(process.execPath, [bench, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
