/**
 * The end of `npm ci`: makes what the first start would otherwise make. It may fail, for want of the development packages
 * say: who starts or builds is told then.
 */
try {
  const [{ buildAppOnce }, { bundleParts }] = await Promise.all([
    import("../tools/build-app.ts"),
    import("./system/system.ts"),
  ]);
  await Promise.all([buildAppOnce(), bundleParts()]);
} catch {}
