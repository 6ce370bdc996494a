import { readConfig } from "../shared/config.ts";
import { openServices, type Services } from "../shared/services.ts";

let opened: Services | undefined;

/** The adapters of this app instance, opened at first use and shared by all its functions. */
export function services(): Services {
  opened ??= openServices(readConfig(process.env));
  return opened;
}
