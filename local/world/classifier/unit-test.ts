/**
 * `node unit-test.ts --task vision|language --data FILE.jsonl --model DIR`: does a model folder do what its callers rely on? Ends with code 1 when
 * it does not. Contract: ../README.md.
 */
import { isDeepStrictEqual, parseArgs } from "node:util";
import { required, runScript } from "../jobs/command.ts";
import { type ClassifierModel, loadClassify, loadScorer, readClassifier, requestOf } from "./model.ts";
import { readSamples } from "./sample.ts";
import type { Answer } from "./scorer.ts";
import type { Task } from "./task.ts";
import { taskNamed } from "./tasks.ts";

interface Tested {
  readonly task: Task;
  readonly model: ClassifierModel;
  readonly contents: readonly string[];
  readonly answers: readonly Answer[];
  score(request: unknown): Promise<unknown>;
}

const refuses = async ({ score }: Tested, request: unknown): Promise<boolean> =>
  score(request).then(
    () => false,
    () => true,
  );

/** Each is true of every model that may be served. */
const TESTS: Readonly<Record<string, (tested: Tested) => boolean | Promise<boolean>>> = {
  "answers each row once, in order": async ({ task, contents, answers, score }) => {
    const last = contents.slice(-1);
    const alone = await score(requestOf(task, last));
    return answers.length === contents.length && isDeepStrictEqual(alone, answers.slice(-1));
  },
  "answers labels of the task alone": ({ task, answers }) =>
    answers.every(({ label }) => task.labels.includes(label)),
  "is never less than unsure and never more than certain": ({ answers }) =>
    answers.every(({ confidence }) => confidence >= 0 && confidence <= 1),
  "answers the same when asked again": async ({ task, contents, answers, score }) =>
    isDeepStrictEqual(await score(requestOf(task, contents)), answers),
  "finds columns by their name": async ({ task, contents, answers, score }) => {
    const [content] = contents;
    const data = [["other", content]];
    const input_data = { columns: ["note", task.column], index: [0], data };
    return isDeepStrictEqual(await score({ input_data }), answers.slice(0, 1));
  },
  "refuses a request without a frame": (tested) => refuses(tested, { image: "AAAA" }),
  "refuses a frame without its column": (tested) =>
    refuses(tested, { input_data: { columns: ["other"], index: [0], data: [["x"]] } }),
  "refuses a row that cannot be read": (tested) => refuses(tested, requestOf(tested.task, [""])),
  "knows every label that it must tell apart": ({ task, model }) =>
    isDeepStrictEqual(model.labels, task.labels) && model.weights.length === task.labels.length,
};

await runScript(async (tracking) => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { task: text, data: text, model: text } });
  const task = taskNamed(values.task);
  const folder = required("model", values.model);
  const contents = (await readSamples([required("data", values.data)], task))
    .slice(-20)
    .map(({ content }) => content);
  const scorer = await loadScorer(folder);
  const tested: Tested = {
    task,
    model: await readClassifier(folder),
    contents,
    answers: await (await loadClassify(folder, task))(contents),
    score: async (request) => scorer(request),
  };
  const failed: string[] = [];
  for (const [name, test] of Object.entries(TESTS)) if (!(await test(tested))) failed.push(name);
  const total = Object.keys(TESTS).length;
  await tracking.logMetrics({ passed: total - failed.length, failed: failed.length });
  if (failed.length > 0) throw new Error(`The model in ${folder} fails: ${failed.join("; ")}.`);
  return { passed: total, failed: 0 };
});
