/**
 * The end of `npm ci`: makes what the first start would otherwise make. It may fail, and says nothing then: who starts or
 * builds is told. Plain JavaScript, so that any Node can read it: where the development packages are left out, there is
 * nothing to bundle with, and Node may be too old for the rest.
 */
import module from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Each program is launched by `run.js`, which makes its bundle anew whenever a source has changed. */
async function bundlePrograms() {
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
  module.enableCompileCache();
  const { buildAppOnce } = await import("../tools/build-app.ts");
  await Promise.all([buildAppOnce(), bundlePrograms()]);
} catch {}
