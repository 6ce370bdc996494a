/**
 * The end of `npm ci`: makes what the first start would otherwise make. It may fail, for want of the development packages
 * say: who starts or builds is told then.
 */
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Each program is launched by `run.js`, which makes its bundle anew whenever a source has changed. */
async function bundlePrograms(): Promise<void> {
  const [{ bundleOf }, { PROGRAMS }] = await Promise.all([
    import("./bundled.ts"),
    import("./system/system.ts"),
  ]);
  await Promise.all(
    ["local/start.ts", ...Object.values(PROGRAMS)].map((program) =>
      bundleOf(pathToFileURL(path.resolve(program))),
    ),
  );
}

try {
  const { buildAppOnce } = await import("../tools/build-app.ts");
  await Promise.all([buildAppOnce(), bundlePrograms()]);
} catch {}
