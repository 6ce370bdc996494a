import { z } from "zod";
import type { LedgerLine } from "../system/feed.ts";
import type { Addresses } from "../system/system.ts";
import { approve, type Mail, readMailbox } from "./approver.ts";
import { type Comparison, comparisonOf, type DecisionEvidence, decisionOf } from "./evidence.ts";
import type { Witness } from "./witness.ts";

/** One thing that was seen to happen. */
export type Tell = (step: string, sentence: string, facts?: Readonly<Record<string, unknown>>) => void;

/** The figures that the closing table is made of. */
export interface Outcome {
  readonly first: Comparison;
  readonly drift: DecisionEvidence["signal"]["evidence"]["measurements"][number];
  readonly retrained: Comparison;
  readonly ledgerEntries: number;
}

const MODEL = "weather-max";
const Verification = z.object({ verified: z.boolean(), entries: z.int() });
const Models = z.object({
  value: z.array(z.object({ model: z.string(), champion: z.object({ version: z.string() }).nullable() })),
});

/** Training in a process of its own, a rollout with three bakes: each wait has an end. */
const LONGEST_WAIT_S = 100;

/** Plays the loop from the first registration to the healed model, and believes nothing that it has not seen. */
export async function playLoop(addresses: Addresses, witness: Witness, tell: Tell): Promise<Outcome> {
  const first = await promoteVersion("1", 0, addresses, witness, tell);

  await setWorldSpeed(addresses, 0.35);
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
  await setWorldSpeed(addresses, 1);

  const registered = await witness.entry(
    "the retrained model is registered",
    ({ summary, kind }) => kind === "step" && summary.includes("was trained on"),
    { after: drift.sequence, seconds: LONGEST_WAIT_S },
  );
  tell("retrained", registered.summary);
  const second = await promoteVersion(
    registered.version ?? "2",
    registered.sequence,
    addresses,
    witness,
    tell,
  );

  const ledger = Verification.parse(await (await fetch(`${addresses.host}/api/ledger/verify`)).json());
  if (!ledger.verified) throw new Error("The ledger's chain is broken.");
  tell(
    "ledger",
    `The ledger is verified: ${ledger.entries} entries, each chained to the one before.`,
    ledger,
  );
  return {
    first: first.comparison,
    drift: measured,
    retrained: second.comparison,
    ledgerEntries: ledger.entries,
  };
}

function isRetraining(found: DecisionEvidence | null): boolean {
  return found !== null && found.decision.reaction === "retraining" && found.decision.heldBack === null;
}

/** Follows one version from its registration until it serves all traffic. */
async function promoteVersion(
  version: string,
  after: number,
  addresses: Addresses,
  witness: Witness,
  tell: Tell,
): Promise<{ comparison: Comparison; sequence: number }> {
  const ours = (entry: LedgerLine) => entry.version === version;
  if (after === 0) {
    const heard = await witness.entry(
      `version ${version} is registered`,
      (entry) => ours(entry) && decisionOf(entry) !== null,
      {
        seconds: LONGEST_WAIT_S,
      },
    );
    tell("registered", heard.summary);
  }
  const evaluated = await witness.entry(
    `version ${version} is checked in staging`,
    (entry) => ours(entry) && entry.evidence.verdicts !== undefined,
    { after, seconds: LONGEST_WAIT_S },
  );
  const comparison = comparisonOf(evaluated);
  tell("checked", evaluated.summary, { ...comparison });

  const mail = await witness.until(`the approval mail for version ${version} arrives`, () =>
    findMail(addresses, version),
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
  await witness.until(`version ${version} is champion`, () => isChampion(addresses, version));
  tell("champion", `Version ${version} of ${MODEL} is champion and serves all traffic.`);
  return { comparison, sequence };
}

async function findMail({ mailbox }: Addresses, version: string): Promise<Mail | undefined> {
  const mails = await readMailbox(mailbox);
  return mails.find(({ subject }) => subject.startsWith(`Approve ${MODEL} version ${version} `));
}

async function isChampion({ host }: Addresses, version: string): Promise<true | undefined> {
  const models = Models.parse(await (await fetch(`${host}/api/models`)).json());
  return (
    models.value.some(({ model, champion }) => model === MODEL && champion?.version === version) || undefined
  );
}

async function setWorldSpeed({ world }: Addresses, secondsPerDay: number): Promise<void> {
  const answer = await fetch(world, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ secondsPerDay }),
  });
  if (!answer.ok)
    throw new Error(`The world answered ${answer.status} to a new speed: ${await answer.text()}`);
}
