import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { DatabaseSync } from "node:sqlite";
import type { AuthLevel } from "./routes.ts";

/** `host` holds the master key (`_master`), `functionKeys`, `systemKeys` and each function's own (`function:<name>`) theirs. */
export type KeyScope = "host" | "functionKeys" | "systemKeys" | `function:${string}`;

export interface Key {
  readonly name: string;
  readonly value: string;
}

/** The access keys of an app. They live in the host's state, and are made when first asked for. */
export class KeyRing {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get master(): string {
    return this.#obtain("host", "_master");
  }

  system(extension: string): string {
    return this.#obtain("systemKeys", `${extension}_extension`);
  }

  list(scope: KeyScope): Key[] {
    if (scope === "functionKeys" || scope.startsWith("function:")) this.#obtain(scope, "default");
    return this.#database
      .prepare("SELECT name, value FROM keys WHERE scope = ? ORDER BY name")
      .all(scope)
      .map(({ name, value }) => ({ name: String(name), value: String(value) }));
  }

  /** Sets or makes a key. */
  put(scope: KeyScope, name: string, value: string = newKey()): Key {
    this.#database
      .prepare("INSERT OR REPLACE INTO keys (scope, name, value) VALUES (?, ?, ?)")
      .run(scope, name, value);
    return { name, value };
  }

  /** @returns whether there was such a key */
  remove(scope: KeyScope, name: string): boolean {
    return (
      this.#database.prepare("DELETE FROM keys WHERE scope = ? AND name = ?").run(scope, name).changes > 0
    );
  }

  allowsFunction(given: string | undefined, functionName: string, level: AuthLevel): boolean {
    if (level === "anonymous" || this.isMaster(given)) return true;
    if (level === "admin") return false;
    return [...this.list("functionKeys"), ...this.list(`function:${functionName.toLowerCase()}`)].some(
      ({ value }) => isSame(given, value),
    );
  }

  allowsWebhook(given: string | undefined, extension: string): boolean {
    return this.isMaster(given) || isSame(given, this.system(extension));
  }

  isMaster(given: string | undefined): boolean {
    return isSame(given, this.master);
  }

  #obtain(scope: KeyScope, name: string): string {
    const found = this.#database
      .prepare("SELECT value FROM keys WHERE scope = ? AND name = ?")
      .get(scope, name);
    return typeof found?.value === "string" ? found.value : this.put(scope, name).value;
  }
}

/** The key a request carries; the header wins over the query. */
export function keyOf(request: IncomingMessage, url: URL): string | undefined {
  const header = request.headers["x-functions-key"];
  return typeof header === "string" ? header : (url.searchParams.get("code") ?? undefined);
}

function newKey(): string {
  return randomBytes(40).toString("base64url");
}

/** Compares digests, so that neither length nor place of a difference shows in the time it takes. */
function isSame(given: string | undefined, expected: string): boolean {
  if (given === undefined) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
