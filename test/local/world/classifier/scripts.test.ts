import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { languageNature } from "../../../../local/world/language/nature.ts";
import { startLabelling } from "../labelling/labelling.ts";
import { collect, complaint, prepare, samplesOn, script } from "./scripts.ts";

const stream = languageNature();
const task = "language";
/** Each script is a process of its own, on a machine that may have much else to do. */
const SLOW = 120_000;

let prepared: Awaited<ReturnType<typeof prepare>>;
let first: string;
let trained: Record<string, unknown>;

beforeAll(async () => {
  prepared = await prepare(stream);
  first = path.join(prepared.folder, "first");
  trained = await script("train", { task, data: prepared.training, model: first });
}, SLOW);
afterAll(() => prepared.remove());

test("training tells how right the model is on the fifth of the samples that it did not learn", async () => {
  expect(trained).toMatchObject({ rows: 800, held_out: 160, from: "2025-02-09", to: "2025-02-28" });
  expect(trained.accuracy).toBeGreaterThan(0.85);
  expect(await readFile(path.join(first, "MLmodel"), "utf8")).toContain("loader: score.js");
});

test(
  "a model that learnt what people labelled is surely better than the one before it",
  async () => {
    const labelled = samplesOn(stream, 22, 26).filter(({ id }) => !stream.isChecked(id));
    const more = await prepared.write("labelled.jsonl", labelled);
    const candidate = path.join(prepared.folder, "second");
    await script("train", { task, data: [prepared.training, more], model: candidate });
    const data = prepared.checks;
    const metrics = await script("evaluate", { task, data, candidate, champion: first, days: 7 });
    expect(metrics.sample_size).toBe(70);
    expect(metrics.candidate_accuracy).toBeGreaterThan(Number(metrics.champion_accuracy));
    expect(metrics.candidate_error_percent).toBeCloseTo(100 - 100 * Number(metrics.candidate_accuracy));
    expect(metrics.difference_high).toBeLessThan(0);
  },
  SLOW,
);

test(
  "a model is judged alone when there is no champion, and never on samples that it was made from",
  async () => {
    const { checks: data, training } = prepared;
    const alone = await script("evaluate", { task, data, candidate: first, champion: "", days: 1 });
    expect(Object.keys(alone)).toEqual([
      "candidate_error_percent",
      "candidate_accuracy",
      "candidate_macro_f1",
      "sample_size",
    ]);
    expect(alone.sample_size).toBe(10);
    expect(await complaint("evaluate", { task, data: training, candidate: first, days: 7 })).toContain(
      "holds no sample of its newest 7 days that the models have not learnt, expected one or more.",
    );
  },
  SLOW,
);

test(
  "error is told by cohort, the cohort that is worst off by name",
  async () => {
    const metrics = await script("responsible-ai", {
      task,
      data: prepared.checks,
      candidate: first,
      days: 7,
    });
    const rates = Object.entries(metrics).filter(([name]) => name.startsWith("error_rate."));
    expect(rates.length).toBe(metrics.cohorts);
    expect(Math.max(...rates.map(([, rate]) => Number(rate)))).toBe(metrics[`error_rate.${metrics.worst}`]);
  },
  SLOW,
);

test(
  "data that is fit to train on says so, and data that is not says why",
  async () => {
    expect(await script("data-quality", { task, data: prepared.training })).toMatchObject({
      null_value_rate: 0,
      data_type_error_rate: 0,
      unknown_label_rate: 0,
      duplicate_rate: 0,
      rows: 800,
    });
    const [sample] = stream.training();
    if (!sample) throw new Error("There is no sample.");
    const bad = await prepared.write("bad.jsonl", [
      sample,
      sample,
      { ...sample, id: "b", label: "sales" },
      { ...sample, id: "c", content: "?!" },
    ]);
    // Of four rows one repeats an id, one has a label that there is not, and one holds no word.
    expect(await script("data-quality", { task, data: bad })).toMatchObject({
      null_value_rate: 0,
      data_type_error_rate: 0.25,
      unknown_label_rate: 0.25,
      duplicate_rate: 0.25,
      rows: 4,
    });
  },
  SLOW,
);

test(
  "a model folder does what its callers rely on",
  async () => {
    const passed = await script("unit-test", { task, data: prepared.checks, model: first });
    expect(passed).toEqual({ passed: 9, failed: 0 });
  },
  SLOW,
);

test(
  "the samples that the model is least sure about open a labelling project, the known ones left out",
  async () => {
    const { call, origin } = await startLabelling();
    const collected = path.join(prepared.folder, "collected-poor");
    const rows = samplesOn(stream, 22, 23).map(({ id, date, content }, index) => ({
      id,
      date,
      content,
      label: "billing",
      confidence: (index + 1) / 100,
    }));
    await collect(collected, "text", rows);
    const samples = path.join(prepared.folder, "samples");
    const labelling = `${origin}/labelling`;
    const data = prepared.checks;
    const args = { task, collected, data, days: 7, most: 5, samples, labelling, project: "poor" };
    // Every fourth sample, beginning with the first, is checked by people anyway: the rows 0.01 and 0.05 are left out.
    expect(await script("select-samples", args)).toEqual({
      samples: 5,
      lowest_confidence: 0.02,
      highest_confidence: 0.07,
    });
    const project = await call("GET", "/api/projects/poor");
    expect(project.json.title).toBe("Least sure answers of the language model, 2025-03-23 to 2025-03-23");
    const { json } = await call("GET", "/api/projects/poor/items");
    expect(json.value.map(({ confidence }: { confidence: number }) => confidence)).toEqual([
      0.02, 0.03, 0.04, 0.06, 0.07,
    ]);
    expect(json.value[0]).toMatchObject({ id: rows[1]?.id, prediction: "billing", text: rows[1]?.content });
    expect((await readFile(path.join(samples, "samples.jsonl"), "utf8")).trim().split("\n")).toHaveLength(5);
  },
  SLOW,
);

test.each([
  { name: "train", args: { task: "sound" }, says: "--task is 'sound', expected vision or language." },
  {
    name: "train",
    args: { task, model: "m" },
    says: "--data is missing, expected a file of labelled samples.",
  },
  {
    name: "monitor",
    args: { task, signal: "mood" },
    says: "--signal is 'mood', expected",
  },
])(
  "$name says what is wrong with an argument, and ends with an error",
  async ({ name, args, says }) => {
    expect(await complaint(name, args)).toContain(says);
  },
  SLOW,
);
