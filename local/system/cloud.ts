/** The simulated Azure and the world that moves in it, in one process: the local system runs it beside the host. */
import { importBundled } from "../bundled.ts";

await importBundled(new URL("./cloud-process.ts", import.meta.url));
