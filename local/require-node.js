/** Plain JavaScript, so that any Node can read it: says plainly when a script runs on one that is too old. */
const LEAST = [22, 18];
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  process.stderr.write(
    `Node ${process.versions.node} runs this, expected ${LEAST.join(".")} or later. ` +
      "`npm ci` brings one; if it was told to skip install scripts, run `npm rebuild node`.\n",
  );
  process.exit(1);
}
