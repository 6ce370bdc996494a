/** `node local/host/main.ts --app DIR …`: the host's command line on any Node that reads TypeScript, without `npm run host`. */
import module from "node:module";
import { importBundled } from "../bundled.ts";

// Compiled code is kept in Node's cache folder for the next start, so everything else is loaded after this.
module.enableCompileCache();
await importBundled(new URL("./command.ts", import.meta.url));
