/** `engines.node` of package.json: TypeScript runs directly from here on. */
const LEAST = [22, 18] as const;

/** Ends the process, saying so plainly, on a Node that cannot run this. */
export function requireNode(version = process.versions.node): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return;
  process.stderr.write(
    `Node ${version} is running this, expected ${LEAST.join(".")} or later. ` +
      "Run it with npm (`npm start`), which uses the Node that `npm ci` installed.\n",
  );
  process.exit(1);
}
