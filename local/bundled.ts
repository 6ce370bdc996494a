/**
 * Loads the local parts as one file each. Read one by one, their hundred modules cost a start several times what they
 * do: Node looks for, strips and links each by itself. The bundle is a cache, made anew whenever a source has changed.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Metafile, Plugin } from "esbuild";
import { CACHE, type Made, madeOnce, writeWhole } from "./made.ts";

const ROOT = path.resolve(import.meta.dirname, "..");

/**
 * Imports a module through its bundle.
 *
 * @param entry - URL of a TypeScript module of this repository
 * @returns what importing `entry` itself gives; does just that where no bundle can be made or kept
 */
export async function importBundled<Module>(entry: URL): Promise<Module> {
  const bundle = await bundleOf(entry).catch(() => undefined);
  return import(bundle ? pathToFileURL(bundle).href : entry.href);
}

/**
 * Makes a module's bundle, unless there is one of the sources as they are.
 *
 * @returns path of the bundle
 * @throws when esbuild cannot bundle it, or the file cannot be written
 */
export async function bundleOf(entry: URL): Promise<string> {
  const file = fileURLToPath(entry);
  const [bundle] = await madeOnce(file, () => makeBundle(file));
  if (!bundle) throw new Error("esbuild made no entry");
  return bundle;
}

async function makeBundle(entry: string): Promise<Made> {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outdir: CACHE,
    entryNames: "[name]-[hash]",
    // Nothing beside them says what they are: Node would have to find out by reading each twice.
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    // The host itself provides the one to the app; the other looks for a program beside itself.
    external: ["@azure/functions-core", "esbuild"],
    // Bundled CommonJS packages still call `require` for Node's own modules.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    plugins: [KEEP_PLACES],
    logLevel: "silent",
    write: false,
    metafile: true,
  });
  refuseLateCommonJs(metafile);
  const from = path.relative(ROOT, entry);
  const first = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === from)?.[0];
  if (!first) throw new Error("esbuild made no entry");
  for (const { path: file, contents } of outputFiles) writeWhole(file, contents);
  const others = Object.keys(metafile.outputs).filter((file) => file !== first);
  return { files: [first, ...others], sources: [...Object.keys(metafile.inputs), import.meta.filename] };
}

/** Imported late, a CommonJS package comes out of esbuild with its default export alone; Node would give its names, too. */
function refuseLateCommonJs({ inputs }: Metafile): void {
  for (const [importer, { imports }] of Object.entries(inputs)) {
    if (importer.includes("node_modules/")) continue;
    const late = imports.find((one) => one.kind === "dynamic-import" && inputs[one.path]?.format === "cjs");
    if (late) {
      throw new Error(
        `${importer} imports '${late.original}' late, which is CommonJS: import it in a module that is imported late.`,
      );
    }
  }
}

/** Modules that look for files beside them go on finding them: each keeps the address it has as a source. */
const KEEP_PLACES: Plugin = {
  name: "keep-places",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      const places = { url: pathToFileURL(file).href, dirname: path.dirname(file), filename: file };
      const contents = text.replaceAll(
        /\bimport\.meta\.(url|dirname|filename)\b/g,
        (_, name: keyof typeof places) => JSON.stringify(places[name]),
      );
      return { contents, loader: "ts" };
    });
  },
};
