import * as z from "zod";
import type { LedgerLine } from "../system/feed.ts";
import type { Addresses } from "../system/system.ts";
import { daysBetween } from "../world/calendar.ts";
import type { Controls } from "../world/driver/controls.ts";
import { approve, type Mail, readMailbox } from "./approver.ts";
import { type Comparison, comparisonOf, type DecisionEvidence, decisionOf } from "./evidence.ts";
import type { Witness } from "./witness.ts";

/** One thing that was seen to happen. */
export type Tell = (step: string, sentence: string, facts?: Readonly<Record<string, unknown>>) => void;

/** A model whose life is watched: where it lives, who sees what happens, and who is told. */
export interface Stage {
  readonly model: string;
  readonly addresses: Addresses;
  readonly witness: Witness;
  readonly tell: Tell;
}

/** The figures that the closing table is made of. */
export interface Outcome {
  readonly first: Comparison;
  readonly drift: DecisionEvidence["signal"]["evidence"]["measurements"][number];
  readonly retrained: Comparison;
  readonly ledgerEntries: number;
}

const Verification = z.object({ verified: z.boolean(), entries: z.int() });
const Models = z.object({
  value: z.array(z.object({ model: z.string(), champion: z.object({ version: z.string() }).nullable() })),
});

const World = z.object({ date: z.string() });

/** Training in a process of its own, a rollout with three bakes: each wait has an end. */
const LONGEST_WAIT_S = 100;

/** Faster than before and slow enough to be watched. */
const watchSummerCome = async (addresses: Addresses) => {
  await moveWorld(addresses, { secondsPerDay: 0.35 });
};

/**
 * Plays the loop from the first registration to the healed model, and believes nothing that it has not seen.
 *
 * @param letSummerCome - lets days pass until a monitor reports, or more
 */
export async function playLoop(
  addresses: Addresses,
  witness: Witness,
  tell: Tell,
  letSummerCome: (addresses: Addresses) => Promise<void> = watchSummerCome,
): Promise<Outcome> {
  const stage: Stage = { model: "weather-max", addresses, witness, tell };
  const first = await promoteVersion(stage, "1", await hearRegistration(stage, "1"));

  await letSummerCome(addresses);
  tell("season", "The days pass faster now: spring turns to summer.");
  const drift = await witness.entry(
    "a monitor's breach calls for retraining",
    (entry) => isRetraining(decisionOf(entry)),
    { after: first.sequence, seconds: LONGEST_WAIT_S },
  );
  const decision = decisionOf(drift);
  const measured = decision?.signal.evidence.measurements[0];
  if (!decision || !measured) throw new Error("The breach carries no measurement.");
  tell("drift", drift.summary, { kind: decision.signal.kind, ...measured });
  await moveWorld(addresses, { secondsPerDay: 1 });

  const registered = await witness.entry(
    "the retrained model is registered",
    ({ summary, kind }) => kind === "step" && summary.includes("was trained on"),
    { after: drift.sequence, seconds: LONGEST_WAIT_S },
  );
  tell("retrained", registered.summary);
  const second = await promoteVersion(stage, registered.version ?? "2", registered.sequence);

  const ledgerEntries = await verifyLedger(stage);
  return { first: first.comparison, drift: measured, retrained: second.comparison, ledgerEntries };
}

function isRetraining(found: DecisionEvidence | null): boolean {
  return found !== null && found.decision.reaction === "retraining" && found.decision.heldBack === null;
}

/**
 * Waits until it was decided what the registration of a version, by whomever, calls for.
 *
 * @returns where that is in the ledger
 */
export async function hearRegistration(
  { model, witness, tell }: Stage,
  version: string,
  after = 0,
): Promise<number> {
  const heard = await witness.entry(
    `version ${version} is registered`,
    (entry) =>
      entry.model === model &&
      entry.version === version &&
      decisionOf(entry)?.signal.kind === "model.registered",
    { after, seconds: LONGEST_WAIT_S },
  );
  tell("registered", heard.summary);
  return heard.sequence;
}

/** Follows one version from staging until it serves all traffic, with an approver who approves it. */
export async function promoteVersion(
  stage: Stage,
  version: string,
  after: number,
): Promise<{ comparison: Comparison; sequence: number }> {
  const { model, addresses, witness, tell } = stage;
  const ours = (entry: LedgerLine) => entry.model === model && entry.version === version;
  const evaluated = await witness.entry(
    `version ${version} is checked in staging`,
    (entry) => ours(entry) && entry.evidence.verdicts !== undefined,
    { after, seconds: LONGEST_WAIT_S },
  );
  const comparison = comparisonOf(evaluated);
  tell("checked", evaluated.summary, { ...comparison });

  const mail = await witness.until(`the approval mail for version ${version} arrives`, () =>
    findMail(addresses, `Approve ${model} version ${version} `),
  );
  tell("mail", `Mail to ${JSON.stringify(mail.to)}: “${mail.subject}”`);
  const visit = await approve(mail, "The demonstration's approver read the evidence.");
  if (!visit.pageShowed.includes("Candidate against champion"))
    throw new Error("The approval page shows no evidence.");
  if (!visit.pageAfter.includes("approved")) throw new Error("The approval page does not show the decision.");
  const approved = await witness.entry(
    `the approval of version ${version} is recorded`,
    (entry) => ours(entry) && entry.kind === "approval",
    { after: evaluated.sequence },
  );
  tell("approved", approved.summary, { link: visit.link.split("?")[0] });

  const steps = comparison.champion === null ? [100] : [10, 50, 100];
  let sequence = approved.sequence;
  for (const percent of steps) {
    const step = await witness.entry(
      `version ${version} serves ${percent} % of the traffic`,
      (entry) => ours(entry) && entry.summary.startsWith(`Version ${version} served ${percent} %`),
      { after: sequence, seconds: LONGEST_WAIT_S },
    );
    tell("traffic", step.summary, { percent, ...step.evidence });
    sequence = step.sequence;
  }
  await witness.until(`version ${version} is champion`, () => isChampion(stage, version));
  tell("champion", `Version ${version} of ${model} is champion and serves all traffic.`);
  return { comparison, sequence };
}

/** @returns how many entries there are, each chained to the one before */
export async function verifyLedger({ addresses, tell }: Stage): Promise<number> {
  const ledger = Verification.parse(await (await fetch(`${addresses.host}/api/ledger/verify`)).json());
  if (!ledger.verified) throw new Error("The ledger's chain is broken.");
  tell(
    "ledger",
    `The ledger is verified: ${ledger.entries} entries, each chained to the one before.`,
    ledger,
  );
  return ledger.entries;
}

/** The newest mail whose subject begins so. */
export async function findMail({ mailbox }: Addresses, subject: string): Promise<Mail | undefined> {
  const mails = await readMailbox(mailbox);
  return mails.find((mail) => mail.subject.startsWith(subject));
}

async function isChampion({ addresses, model }: Stage, version: string): Promise<true | undefined> {
  const models = Models.parse(await (await fetch(`${addresses.host}/api/models`)).json());
  return models.value.some((one) => one.model === model && one.champion?.version === version) || undefined;
}

/** Lets days pass as fast as the endpoint answers, up to `date`; there the calendar stands still, not its callers. */
export async function passDaysUntil(date: string, addresses: Addresses): Promise<void> {
  const today = await moveWorld(addresses, { paused: true });
  await moveWorld(addresses, { advanceDays: daysBetween(today, date) });
}

/**
 * Lets the days pass otherwise.
 *
 * @returns today, in the world
 */
async function moveWorld({ world }: Addresses, controls: Controls): Promise<string> {
  const answer = await fetch(world, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(controls),
  });
  const text = await answer.text();
  if (!answer.ok)
    throw new Error(`The world answered ${answer.status} to ${JSON.stringify(controls)}: ${text}`);
  return World.parse(JSON.parse(text)).date;
}
