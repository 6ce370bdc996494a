/** The local system as a process of its own, so that a test can kill it. Arguments: data folder, policy file. */
import { startSystem } from "../../local/system/system.ts";
import { QUICK } from "./loop-system.ts";

const [data = "", policy = ""] = process.argv.slice(2);
const system = await startSystem({ ...QUICK, data }, { OUTERLOOP_POLICY: policy });
process.once("SIGTERM", async () => {
  await system.stop();
  process.exit(0);
});
process.stdout.write(`${JSON.stringify({ addresses: system.addresses, cloud: system.cloud })}\n`);
