import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ManagedIdentityCredential } from "@azure/identity";
import { expect, test } from "vitest";
import { requestOf } from "../../../../local/world/classifier/model.ts";
import { ask } from "../../../../local/world/driver/requests.ts";
import { type Serving, Workspace } from "../../../../local/world/driver/workspace.ts";
import { languageNature } from "../../../../local/world/language/nature.ts";
import { visionNature } from "../../../../local/world/vision/nature.ts";
import { until } from "../../../waiting.ts";
import { type Azure, startAzure } from "../driver/azure.ts";
import { prepare, samplesOn } from "./scripts.ts";

const NAME = "sorter";
const WAIT_MS = 150_000;

const input = (jobInputType: string, uri: string) => ({ jobInputType, uri, mode: "ReadOnlyMount" });
const JOB = { jobType: "Command", codeId: `azureml:${NAME}:1`, environmentId: `azureml:${NAME}-env:1` };

async function ended({ client, at }: Azure, job: string) {
  return until(async () => {
    const { properties } = await client.jobs.get(...at, job);
    expect(properties.status).not.toBe("Failed");
    return properties.status === "Completed" ? properties : null;
  }, WAIT_MS);
}

/** Version 1, trained by a job on days before the drift, and served. */
async function trainAndServe(azure: Azure, task: string, files: { training: string; checks: string }) {
  // The credential has no other way to be told.
  process.env.IDENTITY_ENDPOINT = azure.options.identity.endpoint;
  process.env.IDENTITY_HEADER = azure.options.identity.header;
  const { azureOrigin, workspaceId } = azure.options;
  const workspace = new Workspace(azureOrigin, workspaceId, new ManagedIdentityCredential());
  await workspace.publishCode(NAME, "1", pathToFileURL(path.resolve("local/world")).href);
  await workspace.publishEnvironment(`${NAME}-env`, "1", "mcr.microsoft.com/azureml/inference");
  await workspace.publishData(NAME, "1", pathToFileURL(files.training).href, "training");
  await workspace.publishData(`${NAME}-checks`, "1", pathToFileURL(files.checks).href, "checks");
  await workspace.submitJob("train", {
    ...JOB,
    command: `node classifier/train.ts --task ${task} --data \${{inputs.data}} --model \${{outputs.model}}`,
    inputs: { data: input("uri_file", `azureml:${NAME}:1`) },
    outputs: { model: { jobOutputType: "mlflow_model", mode: "ReadWriteMount" } },
  });
  await ended(azure, "train");
  await workspace.registerModel(NAME, "1", "train", "Made before anything drifted.");
  await azure.serve("1", NAME);
  const serving = await workspace.serving(NAME);
  if (!serving) throw new Error("Nothing serves.");
  return { workspace, serving };
}

/** A monitor's job on what the endpoint was asked: the text of its breach. */
async function breachOf(
  azure: Azure,
  { workspace, serving }: Awaited<ReturnType<typeof trainAndServe>>,
  { task, signal, threshold }: { task: string; signal: string; threshold: number },
): Promise<string> {
  const collected = `azureml://datastores/workspaceblobstore/paths/modelDataCollector/${NAME}/${serving.deployment}`;
  await workspace.submitJob(`monitor-${signal}`, {
    ...JOB,
    command:
      `node classifier/monitor.ts --task ${task} --signal ${signal} --collected \${{inputs.collected}} ` +
      `--data \${{inputs.checks}} --model \${{inputs.model}} --window-days 7 --threshold ${threshold} --minimum-days 3 ` +
      `--output \${{outputs.signal}}`,
    inputs: {
      collected: input("uri_folder", collected),
      checks: input("uri_file", `azureml:${NAME}-checks:1`),
      model: input("mlflow_model", serving.model),
    },
    outputs: { signal: { jobOutputType: "uri_folder" } },
  });
  const { tags } = await ended(azure, `monitor-${signal}`);
  return tags?.azureml_modelmonitor_threshold_breached ?? "";
}

/** The file that a monitor's job has written of its signal. */
async function writtenBy({ data }: Azure, signal: string): Promise<unknown> {
  const file = path.join(data, `azure/jobs/monitor-${signal}/outputs/signal/signals/${signal}.json`);
  return JSON.parse(await readFile(file, "utf8"));
}

const item = (metric: string, threshold: number, group: string) =>
  `"metric_name":"${metric}","threshold_value":${threshold},"group":"${group}"`;

/** What the caller is told beside the status when the model cannot read a row. */
async function refusalOf({ scoringUri, key }: Serving, correlationId: string, body: object) {
  const answer = await fetch(scoringUri, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "x-ms-client-request-id": correlationId },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

test.each([
  {
    nature: visionNature,
    drifted: "speckle",
    bad: "AAAA",
    problem: "image holds 3 pixels, expected 784, base64.",
  },
  {
    nature: languageNature,
    drifted: "unknown",
    bad: "?!",
    problem: "text holds no word, expected one or more.",
  },
])(
  "a job trains a model, an endpoint serves it, and monitors' runs are tagged when their data give cause: $drifted",
  async ({ nature, drifted, bad, problem }) => {
    const azure = await startAzure();
    const stream = nature();
    const { task } = stream;
    const prepared = await prepare(stream);
    try {
      // All are checked, so that there are twelve and more of each label.
      const samples = samplesOn(stream, 26, 28);
      const checks = await prepared.write("checked.jsonl", samples);
      const served = await trainAndServe(azure, task.name, { training: prepared.training, checks });
      for (const { id, date, content } of samples) {
        const body = requestOf(task, [content]);
        const { status, prediction } = await ask(served.serving, { correlationId: `${date}/${id}`, body });
        expect(status).toBe(200);
        const { label, confidence } = prediction as { label: string; confidence: number };
        expect(task.labels).toContain(label);
        expect(confidence).toBeGreaterThan(0);
      }
      // A caller errs: what it sent is collected, and is of no use to anybody.
      expect(await refusalOf(served.serving, "2025-03-28/broken", requestOf(task, [bad]))).toEqual({
        status: 424,
        body: { message: `The model failed: Row 0: ${problem}` },
      });

      const of = (signal: string, threshold: number) =>
        breachOf(azure, served, { task: task.name, signal, threshold });
      const [drift, quality, fairness] = await Promise.all([
        of("data-drift", 2.5),
        of("data-quality", 0.005),
        of("responsible-ai", 0.1),
      ]);
      expect(drift).toMatch(
        /^The signal 'data-drift' has failed due to one or more features violating metric thresholds\.\n/,
      );
      expect(drift).toContain(item("NormalizedWassersteinDistance", 2.5, drifted));
      expect(quality).toContain(item("DataTypeErrorRate", 0.005, task.column));
      expect(quality).not.toContain("NullValueRate");
      expect(await writtenBy(azure, "data-drift")).toMatchObject({
        signalType: "DataDrift",
        metrics: {
          features: {
            [drifted]: {
              dataType: "numerical",
              metrics: [{ metricName: "NormalizedWassersteinDistance", threshold: 2.5 }],
            },
          },
          rowCount: { targetCount: samples.length },
        },
      });
      expect(await writtenBy(azure, "data-quality")).toMatchObject({
        signalType: "DataQuality",
        metrics: { rowCount: { targetCount: samples.length + 1 } },
      });
      expect(fairness).toMatch(/"metric_name":"ErrorRateGap","threshold_value":0\.1,"group":"[a-z0-9]+"/);
    } finally {
      await prepared.remove();
    }
  },
  300_000,
);
