import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type * as z from "zod";
import { Approval } from "./approvals/approval.ts";
import { ApprovalStore } from "./approvals/approval-store.ts";
import { ApprovalLinks } from "./approvals/link.ts";
import { EndpointMetrics } from "./azure/endpoint-metrics.ts";
import { EventStream } from "./azure/event-stream.ts";
import { ownIdentity } from "./azure/identity.ts";
import { JobMetrics } from "./azure/job-metrics.ts";
import { MachineLearning } from "./azure/machine-learning.ts";
import { MailSender } from "./azure/mail.ts";
import { OnlineEndpoints } from "./azure/online-endpoints.ts";
import { PayloadStore } from "./azure/payload-store.ts";
import { score } from "./azure/scoring.ts";
import { SignalQueue } from "./azure/signal-queue.ts";
import { openDocuments } from "./azure/tables.ts";
import type { Config } from "./config.ts";
import { Effect, Effects } from "./effects/effects.ts";
import { Inbox, InboxRow } from "./inbox/inbox.ts";
import { Ledger, LedgerRow } from "./ledger/ledger.ts";
import { ModelStore } from "./models/model-store.ts";
import { ModelState } from "./models/state.ts";
import { JobOwner, Operation, OperationStore } from "./operations/operation-store.ts";
import { loadPolicy, type PolicyBook } from "./policy/load.ts";
import { TrafficRow, TrafficStore } from "./traffic/traffic-store.ts";

/** Everything that an activity or a door may reach for. A test hands in its own. */
export interface Services {
  readonly config: Config;
  readonly policies: PolicyBook;
  readonly machineLearning: MachineLearning;
  readonly endpoints: OnlineEndpoints;
  readonly endpointMetrics: EndpointMetrics;
  readonly jobMetrics: JobMetrics;
  readonly score: typeof score;
  readonly mail: MailSender;
  readonly signals: SignalQueue;
  readonly inbox: Inbox;
  readonly ledger: Ledger;
  readonly models: ModelStore;
  /** State of what is no model: budgets, workspaces, endpoints of nobody's model. */
  readonly subjects: ModelStore;
  readonly operations: OperationStore;
  readonly approvals: ApprovalStore;
  readonly links: ApprovalLinks;
  readonly effects: Effects;
  readonly traffic: TrafficStore;
  readonly now: () => Date;
}

/**
 * Opens every adapter; none of them calls Azure yet.
 *
 * @throws {PolicyError} when the policy file cannot be used, with every mistake in it
 */
export function openServices(config: Config): Services {
  const credential = ownIdentity(config.identityClientId);
  const now = () => new Date();
  const documents = <T>(table: string, schema: z.ZodType<T>) =>
    openDocuments(config.tables, credential, table, schema);
  const machineLearning = new MachineLearning(config, credential);
  const stream = config.eventHubs && new EventStream(config.eventHubs, credential);
  const policyFile = resolve(config.policyFile);
  return {
    config,
    policies: loadPolicy(readFileSync(policyFile, "utf8"), config.policyFile),
    machineLearning,
    endpoints: new OnlineEndpoints(machineLearning),
    endpointMetrics: new EndpointMetrics(config, credential),
    jobMetrics: new JobMetrics(machineLearning, config.resourceManager, credential),
    score,
    mail: new MailSender(config.mail.endpoint, config.mail.sender, credential),
    signals: new SignalQueue(config.serviceBus, credential),
    inbox: new Inbox(
      documents<InboxRow>("inbox", InboxRow),
      new PayloadStore(config.blobs, credential, "inbox"),
    ),
    ledger: new Ledger(documents<LedgerRow>("ledger", LedgerRow), stream, now),
    models: new ModelStore(documents("models", ModelState)),
    subjects: new ModelStore(documents("subjects", ModelState)),
    operations: new OperationStore(documents("operations", Operation), documents("jobs", JobOwner)),
    approvals: new ApprovalStore(documents("approvals", Approval)),
    links: new ApprovalLinks(config.linkKey, config.publicUrl),
    effects: new Effects(documents("effects", Effect), now),
    traffic: new TrafficStore(documents<TrafficRow>("traffic", TrafficRow)),
    now,
  };
}
