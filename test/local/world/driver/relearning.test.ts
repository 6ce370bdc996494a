import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../waiting.ts";
import { ask, startAzure, startWorldOn } from "./azure.ts";

const SLOW = 150_000;

const model = "support-desk";

// Both worlds go through the whole product in test/loop/annotation.test.ts.
test("a breach lets people label, and what they say is registered as version 2, also when the world stops in between", async () => {
  const azure = await startAzure("language");
  const preparing = await startWorldOn(azure);
  await until(async () => (await ask(preparing)).isPrepared);
  await preparing.stop();
  // The days before are skipped: what the monitors make of them is in annotation.test.ts.
  await writeFile(
    path.join(azure.options.data, "world.json"),
    JSON.stringify({ date: "2025-03-24", isPrepared: true, monitoredOn: "2025-03-22" }),
  );
  const world = await startWorldOn(azure);
  await azure.serve("1", model);
  await ask(world, { advanceDays: 6 });
  await until(async () => (await ask(world)).date === "2025-03-30", SLOW);
  await ask(world, { paused: true });

  const labelling = `${azure.options.azureOrigin}/labelling/api/projects/${model}-2025-03-29`;
  const project = await until(async () => {
    const answer = await fetch(labelling);
    return answer.ok ? ((await answer.json()) as object) : null;
  }, SLOW);
  const { tags } = (await azure.client.jobs.get(...azure.at, `${model}-data-drift-2025-03-29`)).properties;
  expect(tags?.azureml_modelmonitor_threshold_breached).toContain('"group":"unknown"');
  expect(project).toMatchObject({ status: "InProgress", total: 150, answered: 0 });
  expect((await ask(world)).relearning).toMatchObject({ newestVersion: 1 });

  await world.stop();
  // It goes on from where it stood.
  const again = await startWorldOn(azure);
  const annotated = await fetch(`${labelling}/annotate`, { method: "POST", body: "{}" });
  expect(annotated.status).toBe(200);
  await until(async () => {
    const { relearning } = (await ask(again)) as { relearning?: { newestVersion: number } };
    return relearning?.newestVersion === 2;
  }, SLOW);
  const registered = await azure.client.modelVersions.get(...azure.at, model, "2");
  expect(registered.properties.description).toBe(
    `Trained on all that version 1 learnt, and on labelling project ${model}-2025-03-29.`,
  );
  const training = path.join(azure.options.data, "published", `${model}-training-2025-03-29.jsonl`);
  expect((await readFile(training, "utf8")).trim().split("\n")).toHaveLength(950);
  // Nobody is asked again before version 2 serves: help is on its way.
  expect((await ask(again)).relearning).toMatchObject({ campaign: null, settledOn: "2025-03-29" });
}, 300_000);
