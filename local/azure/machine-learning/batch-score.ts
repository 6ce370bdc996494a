/**
 * Scores files with a model, as the step of a batch job: `node batch-score.ts OPTIONS MODEL OUTPUT INPUT...`.
 * Each line of the output is `row,prediction,file`; a file is CSV with a header, or lines of JSON objects.
 */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import * as z from "zod";
import { filesOf, readFrame } from "./frames.ts";

const Options = z.object({
  fileName: z.string(),
  /** Files per mini-batch. */
  miniBatchSize: z.number(),
  /** Files that may fail; -1: any number. */
  errorThreshold: z.number(),
  /** Of a mini-batch. */
  maxRetries: z.number(),
  isSummaryOnly: z.boolean(),
});
const ModelFile = z.object({ flavors: z.object({ node_function: z.object({ loader: z.string() }) }) });
type Predict = (request: unknown) => unknown;

async function loadModel(folder: string): Promise<Predict> {
  const file = ModelFile.parse(parse(await readFile(path.join(folder, "MLmodel"), "utf8")));
  const module = await import(pathToFileURL(path.join(folder, file.flavors.node_function.loader)).href);
  return module.load(folder);
}

async function scoreFile(predict: Predict, file: string): Promise<string[]> {
  const { columns, data } = await readFrame(file);
  const index = data.map((_, row) => row);
  const answered = await predict({ input_data: { columns, index, data } });
  const predictions = Array.isArray(answered) ? answered : [answered];
  return predictions.map(
    (one, row) => `${row},${typeof one === "object" ? JSON.stringify(one) : one},${path.basename(file)}`,
  );
}

async function withRetries<T>(times: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (times <= 0) throw error;
    return withRetries(times - 1, work);
  }
}

const [encoded = "", modelFolder = "", output = "", ...inputs] = process.argv.slice(2);
const options = Options.parse(JSON.parse(Buffer.from(encoded, "base64url").toString()));
const predict = await loadModel(modelFolder);
const files = (await Promise.all(inputs.map(filesOf))).flat();
await mkdir(output, { recursive: true });
let failed = 0;
let scored = 0;
for (let at = 0; at < files.length; at += options.miniBatchSize) {
  for (const file of files.slice(at, at + options.miniBatchSize)) {
    try {
      const lines = await withRetries(options.maxRetries, () => scoreFile(predict, file));
      scored += lines.length;
      const text = lines.map((line) => `${line}\n`).join("");
      if (!options.isSummaryOnly) await appendFile(path.join(output, options.fileName), text);
    } catch (error) {
      failed += 1;
      console.error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (options.errorThreshold >= 0 && failed > options.errorThreshold) {
      throw new Error(`${failed} files failed, expected ${options.errorThreshold} at most.`);
    }
  }
}
console.log(`${scored} rows of ${files.length - failed} files scored, ${failed} files failed`);
