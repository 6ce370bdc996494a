import { randomUUID } from "node:crypto";
import { invalidHeader, StorageError } from "../errors.ts";

/** A lease as it is stored. Times are in ms since the epoch; `null` is for ever. */
export interface Lease {
  readonly id: string;
  /** -1 for an infinite one. */
  readonly durationSeconds: number;
  readonly expiresAtMs: number | null;
  /** When it stops holding after `break`; absent while it is not being broken. */
  readonly brokenAtMs?: number;
}

export type LeaseState = "available" | "leased" | "expired" | "breaking" | "broken";

type Headers = Readonly<Record<string, string>>;

const SHORTEST_SECONDS = 15;
const LONGEST_SECONDS = 60;
const INFINITE = -1;

export function leaseState(lease: Lease | undefined, nowMs: number): LeaseState {
  if (!lease) return "available";
  if (lease.brokenAtMs !== undefined) return nowMs < lease.brokenAtMs ? "breaking" : "broken";
  return lease.expiresAtMs !== null && nowMs >= lease.expiresAtMs ? "expired" : "leased";
}

/** `x-ms-lease-*` of a blob or container. */
export function leaseHeaders(lease: Lease | undefined, nowMs: number): Record<string, string> {
  const state = leaseState(lease, nowMs);
  const headers = { "x-ms-lease-state": state, "x-ms-lease-status": isHeld(state) ? "locked" : "unlocked" };
  if (state !== "leased" || !lease) return headers;
  return { ...headers, "x-ms-lease-duration": lease.durationSeconds === INFINITE ? "infinite" : "fixed" };
}

export const isHeld = (state: LeaseState) => state === "leased" || state === "breaking";

/**
 * Whether a write (or a read that names a lease) may go on.
 *
 * @param resource - the word in the error codes: LeaseIdMismatchWith`Blob`Operation
 * @throws {StorageError} 412 when the lease is not the caller's
 */
export function checkLease(
  lease: Lease | undefined,
  headers: Headers,
  nowMs: number,
  resource: "Blob" | "Container",
  isWrite = true,
): void {
  const named = headers["x-ms-lease-id"];
  const state = leaseState(lease, nowMs);
  if (named === undefined) {
    if (isWrite && isHeld(state))
      throw refused(412, "LeaseIdMissing", "There is a lease and no lease ID was given");
    return;
  }
  if (!lease) throw refused(412, `LeaseNotPresentWith${resource}Operation`, "There is no lease on it");
  if (!isSame(named, lease.id)) {
    throw refused(
      412,
      `LeaseIdMismatchWith${resource}Operation`,
      "The lease ID given is not that of the lease",
    );
  }
  if (!isHeld(state)) throw refused(412, "LeaseLost", `The lease is ${state}`);
}

export interface LeaseOutcome {
  readonly status: number;
  readonly lease: Lease | undefined;
  readonly headers: Record<string, string>;
}

/**
 * Carries out `x-ms-lease-action`.
 *
 * @throws {StorageError} 400 when a header is missing or out of range, 409 when the lease is in another state
 * @see https://learn.microsoft.com/rest/api/storageservices/lease-blob: the table of states
 */
export function actOnLease(lease: Lease | undefined, headers: Headers, nowMs: number): LeaseOutcome {
  const action = headers["x-ms-lease-action"] ?? "";
  const act = ACTIONS[action];
  if (!act) throw invalidHeader("x-ms-lease-action", action, "acquire, renew, change, release or break");
  return act(lease, headers, nowMs);
}

type Action = (lease: Lease | undefined, headers: Headers, nowMs: number) => LeaseOutcome;

const ACTIONS: Record<string, Action> = { acquire, renew, change, release, break: breakLease };

function acquire(lease: Lease | undefined, headers: Headers, nowMs: number): LeaseOutcome {
  const id = headers["x-ms-proposed-lease-id"] ?? randomUUID();
  const state = leaseState(lease, nowMs);
  const isOwn = lease !== undefined && isSame(id, lease.id);
  if (isHeld(state) && !isOwn) throw refused(409, "LeaseAlreadyPresent", "There is already a lease present");
  if (state === "breaking") {
    throw refused(409, "LeaseIsBreakingAndCannotBeAcquired", "The lease is being broken");
  }
  return held(201, { id, ...term(readDuration(headers), nowMs) });
}

function renew(lease: Lease | undefined, headers: Headers, nowMs: number): LeaseOutcome {
  const own = ownLease(lease, headers);
  if (own.brokenAtMs !== undefined)
    throw refused(409, "LeaseIsBrokenAndCannotBeRenewed", "The lease was broken");
  return held(200, { ...own, ...term(own.durationSeconds, nowMs) });
}

function change(lease: Lease | undefined, headers: Headers, nowMs: number): LeaseOutcome {
  const id = headers["x-ms-proposed-lease-id"];
  if (id === undefined) throw missing("x-ms-proposed-lease-id");
  const state = leaseState(lease, nowMs);
  if (state === "breaking")
    throw refused(409, "LeaseIsBreakingAndCannotBeChanged", "The lease is being broken");
  if (!lease || state !== "leased") throw notPresent();
  const own = isSame(id, lease.id) ? lease : ownLease(lease, headers);
  return held(200, { ...own, id });
}

function release(lease: Lease | undefined, headers: Headers): LeaseOutcome {
  ownLease(lease, headers);
  return { status: 200, lease: undefined, headers: {} };
}

function breakLease(lease: Lease | undefined, headers: Headers, nowMs: number): LeaseOutcome {
  if (!lease) throw notPresent();
  const leftMs = Math.max(0, (lease.brokenAtMs ?? lease.expiresAtMs ?? nowMs) - nowMs);
  const period = headers["x-ms-lease-break-period"];
  const seconds = Number(period ?? 0);
  if (!(seconds >= 0 && seconds <= LONGEST_SECONDS)) {
    throw invalidHeader("x-ms-lease-break-period", String(period), `0 to ${LONGEST_SECONDS} seconds`);
  }
  const isEndless = lease.expiresAtMs === null && lease.brokenAtMs === undefined;
  // A break period can only shorten what is left.
  const waitMs =
    period === undefined ? leftMs : isEndless ? seconds * 1000 : Math.min(leftMs, seconds * 1000);
  const time = { "x-ms-lease-time": String(Math.ceil(waitMs / 1000)) };
  return { status: 202, lease: { ...lease, brokenAtMs: nowMs + waitMs }, headers: time };
}

function ownLease(lease: Lease | undefined, headers: Headers): Lease {
  const named = headers["x-ms-lease-id"];
  if (named === undefined) throw missing("x-ms-lease-id");
  if (!lease || !isSame(named, lease.id)) {
    throw refused(409, "LeaseIdMismatchWithLeaseOperation", "The lease ID given is not that of the lease");
  }
  return lease;
}

function held(status: number, lease: Lease): LeaseOutcome {
  return { status, lease, headers: { "x-ms-lease-id": lease.id } };
}

function term(durationSeconds: number, nowMs: number) {
  return {
    durationSeconds,
    expiresAtMs: durationSeconds === INFINITE ? null : nowMs + durationSeconds * 1000,
  };
}

function readDuration(headers: Headers): number {
  const text = headers["x-ms-lease-duration"];
  if (text === undefined) throw missing("x-ms-lease-duration");
  const seconds = Number(text);
  if (seconds === INFINITE || (seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS)) return seconds;
  throw invalidHeader(
    "x-ms-lease-duration",
    text,
    `${SHORTEST_SECONDS} to ${LONGEST_SECONDS} seconds, or -1`,
  );
}

const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function refused(status: number, code: string, why: string): StorageError {
  return new StorageError(status, code, `${why}.`);
}

function notPresent(): StorageError {
  return refused(409, "LeaseNotPresentWithLeaseOperation", "There is currently no lease on it");
}

function missing(header: string): StorageError {
  return new StorageError(400, "MissingRequiredHeader", `The header '${header}' is missing.`);
}
