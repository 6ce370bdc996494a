import { invalidHeader, notSimulated, StorageError } from "../errors.ts";
import type { Blob, SetTier } from "./store.ts";

const TIERS = ["Hot", "Cool", "Cold", "Archive"] as const;
export type TierName = (typeof TIERS)[number];
/** Of the account: what a block blob has of which no tier was set. */
const DEFAULT: TierName = "Hot";

type Headers = Readonly<Record<string, string>>;

/** The tier that a write sets; `undefined` when it leaves it to the account. */
export function readTier(headers: Headers, now: number): SetTier | undefined {
  const text = headers["x-ms-access-tier"];
  if (text === undefined) return undefined;
  const name = TIERS.find((tier) => tier.toLowerCase() === text.toLowerCase());
  if (!name) throw invalidHeader("x-ms-access-tier", text, `one of ${TIERS.join(", ")}`);
  return { name, changedMs: now };
}

export function tierOf({
  type,
  tier,
}: Blob): { name: TierName; isInferred: boolean; changedMs?: number } | undefined {
  if (type !== "BlockBlob") return undefined;
  return tier ? { ...tier, isInferred: false } : { name: DEFAULT, isInferred: true };
}

/** @throws {StorageError} 409 BlobArchived: its bytes are offline, until it is rehydrated */
export function requireOnline(blob: Blob | undefined): void {
  if (blob?.tier?.name !== "Archive") return;
  throw new StorageError(409, "BlobArchived", "This operation is not permitted on an archived blob.");
}

/** The blob in its new tier; neither ETag nor time of change is touched. */
export function inTier(blob: Blob, headers: Headers, now: number): Blob {
  const tier = readTier(headers, now);
  if (!tier)
    throw new StorageError(400, "MissingRequiredHeader", "The header 'x-ms-access-tier' is missing.");
  if (blob.type !== "BlockBlob") {
    throw new StorageError(409, "InvalidBlobType", `The blob is of type ${blob.type}, expected BlockBlob.`);
  }
  // It takes hours there, in which reads go on being refused.
  if (blob.tier?.name === "Archive" && tier.name !== "Archive")
    throw notSimulated("Rehydrating an archived blob");
  return { ...blob, tier };
}
