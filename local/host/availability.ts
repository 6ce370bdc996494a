/** Whether a host takes work: drained it takes no event, offline it serves nothing but its administration. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { HostLog } from "./contract.ts";
import type { DurableExtension } from "./durable-extension.ts";
import { messageOf } from "./errors.ts";
import type { Intake } from "./triggers/intake.ts";

const OFFLINE_FILE = "app_offline.htm";
const OFFLINE_PAGE = `<!DOCTYPE html>
<html><head><title>Host Offline</title></head><body>
<h1>This Functions app is down for maintenance</h1>
<p>Host is offline</p>
</body></html>
`;
const LOG_CATEGORY = "Host.General";

export interface AvailabilityOptions {
  readonly appFolder: string;
  readonly intake: Intake;
  readonly durable: DurableExtension | undefined;
  readonly log: HostLog;
}

export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #offlineFile: string;
  #isOffline = false;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
    this.#offlineFile = path.join(options.appFolder, OFFLINE_FILE);
  }

  get state(): "Running" | "Offline" {
    return this.#isOffline ? "Offline" : "Running";
  }

  get isDraining(): boolean {
    return this.#options.intake.isDraining;
  }

  /** What every caller but an administrator is told meanwhile; `undefined` while the host is online. */
  get offlinePage(): string | undefined {
    if (!this.#isOffline) return undefined;
    try {
      return readFileSync(this.#offlineFile, "utf8");
    } catch {
      return OFFLINE_PAGE;
    }
  }

  /** Takes events, unless the app's folder says that it is offline. Resolves when every listener does. */
  async open(): Promise<void> {
    if (existsSync(this.#offlineFile)) this.#shut();
    else await this.resume();
  }

  /** No timer, message or event is taken any more, and no orchestration goes on; requests and clients are served. */
  drain(): void {
    const { intake, durable, log } = this.#options;
    durable?.pause();
    void intake.drain().catch((error) => log("error", "Host.Drain", `Draining failed: ${messageOf(error)}`));
  }

  async resume(): Promise<void> {
    const { intake, durable } = this.#options;
    durable?.goOn();
    await intake.open();
  }

  /**
   * Writes the file that takes the app offline, here and wherever its folder is served next.
   *
   * @throws when the folder cannot be written to
   */
  goOffline(): void {
    if (!existsSync(this.#offlineFile)) writeFileSync(this.#offlineFile, OFFLINE_PAGE);
    this.#shut();
  }

  /** @throws when the file cannot be removed */
  async goOnline(): Promise<void> {
    rmSync(this.#offlineFile, { force: true });
    this.#isOffline = false;
    const difference =
      "Azure starts the app's process anew for that; here what the app keeps in memory is still there.";
    this.#options.log("warning", LOG_CATEGORY, `The host is online again. ${difference}`);
    await this.resume();
  }

  #shut(): void {
    this.#isOffline = true;
    this.drain();
    const remedy = 'Delete it before a start, or send "running" to PUT /admin/host/state.';
    this.#options.log(
      "warning",
      LOG_CATEGORY,
      `The host is offline because of '${this.#offlineFile}'. ${remedy}`,
    );
  }
}
