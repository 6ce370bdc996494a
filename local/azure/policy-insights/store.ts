import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { openSqliteFile } from "../sqlite-file.ts";

const ArmId = z.string().startsWith("/", "expected a resource id");

/** How one resource stands against one policy, as somebody puts it in. */
export const PolicyState = z.strictObject({
  resourceId: z.string().startsWith("/subscriptions/", "expected the id of a resource in a subscription"),
  policyAssignmentId: ArmId,
  policyDefinitionId: ArmId,
  /** Which member of a policy set it is; empty for a single policy. */
  policyDefinitionReferenceId: z.string().default(""),
  complianceState: z.enum([
    "Compliant",
    "NonCompliant",
    "Exempt",
    "Conflict",
    "Unknown",
    "Error",
    "Protected",
  ]),
  complianceReasonCode: z.string().default(""),
  policyDefinitionAction: z.string().default("audit"),
});
export type PolicyState = z.infer<typeof PolicyState>;

const Row = z.object({
  id: z.number(),
  state: z.string().transform((text) => PolicyState.parse(JSON.parse(text))),
  at: z.string(),
});
/** The latest state, and when it was found. */
export type Kept = z.infer<typeof Row>;

/** The latest state of each resource and policy, in one SQLite file. */
export class PolicyStateStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSqliteFile(
      file,
      `CREATE TABLE IF NOT EXISTS states (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, at TEXT NOT NULL) STRICT;`,
    );
  }

  find(state: PolicyState): Kept | undefined {
    const row = this.#db.prepare("SELECT id, state, at FROM states WHERE key = ?").get(keyOf(state));
    return row && Row.parse(row);
  }

  put(state: PolicyState, at: string): Kept {
    const sql = `INSERT INTO states (key, state, at) VALUES (?, ?, ?) ON CONFLICT (key)
      DO UPDATE SET state = excluded.state, at = excluded.at RETURNING id, state, at`;
    return Row.parse(this.#db.prepare(sql).get(keyOf(state), JSON.stringify(state), at));
  }

  /** What was there; `undefined` when there was nothing. */
  remove(id: number): Kept | undefined {
    const row = this.#db.prepare("DELETE FROM states WHERE id = ? RETURNING id, state, at").get(id);
    return row && Row.parse(row);
  }

  /** Newest first. */
  all(): Kept[] {
    const rows = this.#db.prepare("SELECT id, state, at FROM states ORDER BY at DESC, id DESC").all();
    return rows.map((row) => Row.parse(row));
  }

  close(): void {
    this.#db.close();
  }
}

function keyOf(state: PolicyState): string {
  const { resourceId, policyAssignmentId, policyDefinitionId, policyDefinitionReferenceId } = state;
  return [resourceId, policyAssignmentId, policyDefinitionId, policyDefinitionReferenceId]
    .join("|")
    .toLowerCase();
}
