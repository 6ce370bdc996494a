import type { Documents } from "../azure/tables.ts";
import { OuterloopError } from "../errors.ts";
import { type Approval, type DecisionOutcome, decideApproval } from "./approval.ts";

/** Two approvers may press at the same moment; each retry sees the other's word. */
const MOST_ATTEMPTS = 20;

/** Others decided at the same moment, again and again. Worth another try. */
export class ApprovalBusyError extends OuterloopError {
  override name = "ApprovalBusyError";
}

/** Approval requests, etag-guarded: a decision is consumed once. */
export class ApprovalStore {
  readonly #rows: Documents<Approval>;

  constructor(rows: Documents<Approval>) {
    this.#rows = rows;
  }

  /** Safe to repeat: a request that is there stays as it is. */
  async request(approval: Approval): Promise<Approval> {
    if (await this.#rows.insert(keyOf(approval.id), approval)) return approval;
    return (await this.get(approval.id)) ?? approval;
  }

  async get(id: string): Promise<Approval | null> {
    return (await this.#rows.get(keyOf(id)))?.value ?? null;
  }

  /** Null when there is no such request. */
  async decide(
    id: string,
    word: { by: string; decision: "approve" | "reject"; comment: string },
    now: Date,
  ): Promise<DecisionOutcome | null> {
    return this.#change(id, (approval) => decideApproval(approval, word, now));
  }

  /** Safe to repeat: closes a request that nobody ended in time. */
  async expire(id: string, now: Date): Promise<Approval | null> {
    const outcome = await this.#change(id, (approval) =>
      approval.status === "open"
        ? { accepted: true, approval: { ...approval, status: "expired", closedAt: now.toISOString() } }
        : { accepted: false, because: "closed" },
    );
    return outcome?.accepted ? outcome.approval : this.get(id);
  }

  /** Newest first. */
  async all(): Promise<Approval[]> {
    const approvals: Approval[] = [];
    for await (const { value } of this.#rows.list()) approvals.push(value);
    return approvals.sort((a, b) => b.requestedAt.localeCompare(a.requestedAt));
  }

  async #change(
    id: string,
    change: (approval: Approval) => DecisionOutcome,
  ): Promise<DecisionOutcome | null> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const stored = await this.#rows.get(keyOf(id));
      if (!stored) return null;
      const outcome = change(stored.value);
      if (!outcome.accepted) return outcome;
      if (await this.#rows.replace(keyOf(id), outcome.approval, stored.etag)) return outcome;
    }
    throw new ApprovalBusyError(`Approval '${id}' changed ${MOST_ATTEMPTS} times meanwhile.`, { id });
  }
}

const keyOf = (id: string) => ({ partition: id, row: "request" });
