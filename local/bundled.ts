/**
 * Loads the local parts as one file each. Read one by one, their hundred modules cost a start several times what they
 * do: Node looks for, strips and links each by itself. The bundle is a cache, made anew whenever a source has changed.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";

const ROOT = path.resolve(import.meta.dirname, "..");
const CACHE = path.join(ROOT, "node_modules", ".cache", "outerloop");
/** Changes with every package that is installed: their files need not be looked at one by one. */
const INSTALLED = path.join("node_modules", ".package-lock.json");
/** What a process that still runs may load later is not thrown away under it. */
const KEPT_DAYS = 7;

/** A bundle, and the sources it was made of as they were then. */
interface Bundle {
  readonly file: string;
  readonly sources: Readonly<Record<string, string>>;
}

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
  const manifest = path.join(CACHE, `${digest(file)}.json`);
  const { file: bundle } = readBundle(manifest) ?? (await makeBundle(file, manifest));
  return bundle;
}

const digest = (text: string | Uint8Array): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 16);

/** @returns undefined when there is none, and when a source is no longer what it was */
function readBundle(manifest: string): Bundle | undefined {
  try {
    const bundle: Bundle = JSON.parse(readFileSync(manifest, "utf8"));
    const isFresh = Object.entries(bundle.sources).every(([source, stamp]) => stamp === stampOf(source));
    return isFresh && existsSync(bundle.file) ? bundle : undefined;
  } catch {
    return undefined;
  }
}

/** Tells one state of a file from another without reading it. */
function stampOf(source: string): string {
  const { mtimeMs, size } = statSync(path.join(ROOT, source));
  return `${mtimeMs} ${size}`;
}

async function makeBundle(entry: string, manifest: string): Promise<Bundle> {
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
    // The host itself provides it to the app.
    external: ["@azure/functions-core"],
    // Bundled CommonJS packages still call `require` for Node's own modules.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    plugins: [KEEP_PLACES],
    logLevel: "silent",
    write: false,
    metafile: true,
  });
  const sources = [
    ...Object.keys(metafile.inputs).filter((input) => !input.startsWith("node_modules/")),
    INSTALLED,
  ];
  const from = path.relative(ROOT, entry);
  const made = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === from);
  if (!made) throw new Error("esbuild made no entry");
  const bundle: Bundle = {
    file: path.join(ROOT, made[0]),
    sources: Object.fromEntries(sources.map((source) => [source, stampOf(source)])),
  };
  mkdirSync(CACHE, { recursive: true });
  dropOld();
  for (const { path: file, contents } of outputFiles) writeWhole(file, contents);
  writeWhole(manifest, JSON.stringify(bundle));
  return bundle;
}

/** Modules that look for files beside them go on finding them: each keeps the address it has as a source. */
const KEEP_PLACES: Plugin = {
  name: "keep-places",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      if (!text.includes("import.meta.")) return undefined;
      const contents = text
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(file).href))
        .replaceAll("import.meta.dirname", JSON.stringify(path.dirname(file)));
      return { contents, loader: "ts" };
    });
  },
};

/** Several processes may start at once: nobody sees a file half-written. */
function writeWhole(file: string, contents: string | Uint8Array): void {
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, contents);
  renameSync(whole, file);
}

function dropOld(): void {
  const before = Date.now() - KEPT_DAYS * 86_400_000;
  for (const name of globSync("*", { cwd: CACHE })) {
    const file = path.join(CACHE, name);
    if (statSync(file).mtimeMs < before) rmSync(file, { force: true });
  }
}
