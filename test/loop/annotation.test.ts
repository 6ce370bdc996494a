import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { decisionOf } from "../../local/demo/evidence.ts";
import {
  findMail,
  hearRegistration,
  passDaysUntil,
  promoteVersion,
  type Stage,
  verifyLedger,
} from "../../local/demo/story.ts";
import type { LedgerLine } from "../../local/system/feed.ts";
import { complaintsOfJobs, startLoop } from "./loop-system.ts";

/** The third evening on which monitors look, two weeks after the drift began, and the day after it. */
const REPORTED = "2025-03-29";
const DAY_AFTER = "2025-03-30";
const SAMPLES = 150;
/** 900 requests, seven monitors' jobs and the selection's. */
const LONGEST_WAIT_S = 120;

const Project = z.object({ status: z.string(), total: z.int(), answered: z.int() });
const Items = z.object({ value: z.array(z.object({ id: z.string(), prediction: z.string() })) });
const Answer = z.object({ id: z.string(), label: z.string() });
const Operations = z.object({ value: z.array(z.object({ id: z.string() })) });
const Asked = z.object({ lastAnswer: z.object({ deployment: z.string() }) });

const get = async <T>(url: string, schema: z.ZodType<T>) => schema.parse(await (await fetch(url)).json());

const operationsOf = async (host: string) =>
  (await get(`${host}/api/operations`, Operations)).value.map(({ id }) => id);

/** Whether an entry is the decision on a monitor's report. */
const isReport = (entry: LedgerLine) =>
  /^(drift|performance|data-quality|responsible-ai)\./.test(decisionOf(entry)?.signal.kind ?? "");

/**
 * Answers the project as its people would, by the truth.
 *
 * @returns how many of its samples the model had got wrong
 */
async function annotate(project: string): Promise<number> {
  const { value: items } = await get(`${project}/items?top=${SAMPLES}`, Items);
  const answered = await fetch(`${project}/annotate`, { method: "POST", body: "{}" });
  expect(answered.status).toBe(200);
  const lines = (await (await fetch(`${project}/export`)).text()).trim().split("\n");
  const answers = lines.map((line) => Answer.parse(JSON.parse(line)));
  const labels = new Map(answers.map(({ id, label }) => [id, label]));
  expect(items.map(({ id }) => labels.has(id))).toEqual(Array(SAMPLES).fill(true));
  return items.filter(({ id, prediction }) => labels.get(id) !== prediction).length;
}

test.each([
  {
    world: "vision",
    model: "digits",
    reports: { "drift.data": "NormalizedWassersteinDistance of speckle 3.46, limit 2.5" },
    wrong: 57,
    atFirst: 11.67,
    later: { candidate: 17.86, champion: 22.86 },
  },
  {
    world: "language",
    model: "support-desk",
    reports: {
      "drift.data": "NormalizedWassersteinDistance of unknown 4.92, limit 2.5",
      "performance.degraded": "Accuracy 0.721, limit 0.75",
    },
    wrong: 88,
    atFirst: 6.67,
    later: { candidate: 11.43, champion: 27.86 },
  },
] as const)(
  "$world: a drifted model goes back to development, people label, and what they say is learnt, approved and served",
  async ({ world, model, reports, wrong, atFirst, later }) => {
    const began = Date.now();
    const loop = await startLoop({ world });
    onTestFinished(async ({ task }) => {
      if (task.result?.state === "fail") console.error(await complaintsOfJobs(loop));
      await loop.stop();
    });
    const { system, witness } = loop;
    const { addresses } = system;
    const told: string[] = [];
    const stage: Stage = { model, addresses, witness, tell: (step) => void told.push(step) };

    const first = await promoteVersion(stage, "1", await hearRegistration(stage, "1"));
    expect(first.comparison).toMatchObject({ candidate: expect.closeTo(atFirst, 2), champion: null });

    // Three weeks pass at once; then the calendar stands still, and the callers go on asking.
    await passDaysUntil(DAY_AFTER, addresses);
    const labelling = `${addresses.labelling}/api/projects/${model}-${REPORTED}`;
    const ask = async () => {
      const answer = await fetch(labelling);
      return answer.ok ? Project.parse(await answer.json()) : undefined;
    };
    const project = await witness.until("people are asked", ask, LONGEST_WAIT_S);
    expect(project).toEqual({ status: "InProgress", total: SAMPLES, answered: 0 });

    // The product decides, records and tells people; no operation carries it out.
    for (const [kind, measured] of Object.entries(reports)) {
      const entry = await witness.entry(`${kind} is decided`, (one) => decisionOf(one)?.signal.kind === kind);
      expect(decisionOf(entry)?.decision).toMatchObject({ reaction: "development-loopback", heldBack: null });
      expect(entry.summary).toContain(`(${measured}), so it goes back to development with the evidence.`);
      // The world's days are of 2025; when the product did something is told in real time.
      expect(Date.parse(entry.recordedAt)).toBeGreaterThan(began);
      const subject = `${model}: ${kind} calls for development-loopback`;
      const mail = await witness.until(`the mail '${subject}' arrives`, () => findMail(addresses, subject));
      expect(mail.text).toContain(entry.summary);
    }
    expect(await operationsOf(addresses.host)).toEqual([`promotion-${model}-1`]);

    expect(await annotate(labelling)).toBe(wrong);
    const second = await promoteVersion(stage, "2", await hearRegistration(stage, "2"));
    expect(second.comparison).toEqual({
      candidate: expect.closeTo(later.candidate, 2),
      champion: expect.closeTo(later.champion, 2),
      unit: "%",
      rows: 140,
    });
    await witness.until("version 2 answers", async () => {
      const { lastAnswer } = await get(addresses.world, Asked);
      return lastAnswer.deployment === "version-2" || undefined;
    });
    expect(await operationsOf(addresses.host)).toEqual([`promotion-${model}-2`, `promotion-${model}-1`]);
    // Nothing was reported in the two weeks before, nor twice.
    expect(witness.entries(isReport)).toHaveLength(Object.keys(reports).length);
    await verifyLedger(stage);
    const toApproval = ["registered", "checked", "mail", "approved"];
    expect(told).toEqual([
      ...[...toApproval, "traffic", "champion"],
      ...[...toApproval, "traffic", "traffic", "traffic", "champion"],
      "ledger",
    ]);
  },
  300_000,
);
