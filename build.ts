/** Bundles the app into `dist/`: what runs here and what is deployed are the same files. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";

const OUT = resolve(import.meta.dirname, "dist");

const { outputFiles } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["functions/index.ts"],
  outdir: OUT,
  outbase: ".",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  sourcemap: "linked",
  // The Functions worker provides it; it is not a package.
  external: ["@azure/functions-core"],
  // Bundled CommonJS packages still call `require` for Node's own modules.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
  logLevel: "warning",
  write: false,
});

// A host may be running from the same folder: it never sees a file half-written, nor one gone that is still meant.
for (const { path, contents } of outputFiles) {
  const present = await readFile(path).catch(() => null);
  if (present?.equals(contents)) continue;
  await mkdir(dirname(path), { recursive: true });
  const whole = `${path}.${process.pid}`;
  await writeFile(whole, contents);
  await rename(whole, path);
}
const meant = new Set(outputFiles.map(({ path }) => path));
const found = await readdir(OUT, { recursive: true, withFileTypes: true });
for (const file of found.filter((entry) => entry.isFile())) {
  const path = join(file.parentPath, file.name);
  if (!meant.has(path)) await rm(path, { force: true });
}
