/** A storage of its own process, for the test that kills it: prints its connection string, then serves for ever. */
import { startStorage } from "../../../../local/azure/storage/index.ts";

const [data = ""] = process.argv.slice(2);
const storage = await startStorage({ port: 0, data });
process.stdout.write(`${storage.connectionString}\n`);
