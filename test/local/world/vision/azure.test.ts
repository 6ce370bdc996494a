import path from "node:path";
import { pathToFileURL } from "node:url";
import { ManagedIdentityCredential } from "@azure/identity";
import { expect, test } from "vitest";
import { requestOf } from "../../../../local/world/classifier/model.ts";
import { Workspace } from "../../../../local/world/driver/workspace.ts";
import { visionNature } from "../../../../local/world/vision/nature.ts";
import { prepare, samplesOn } from "../classifier/scripts.ts";
import { startAzure, until } from "../driver/azure.ts";

const NAME = "digits";
const WAIT_MS = 150_000;

type Azure = Awaited<ReturnType<typeof startAzure>>;

const input = (jobInputType: string, uri: string) => ({ jobInputType, uri, mode: "ReadOnlyMount" });

async function ended({ client, at }: Azure, job: string) {
  return until(async () => {
    const { properties } = await client.jobs.get(...at, job);
    expect(properties.status).not.toBe("Failed");
    return properties.status === "Completed" ? properties : null;
  }, WAIT_MS);
}

async function deploy({ client, at }: Azure, model: string): Promise<string> {
  const endpoint = { location: "westeurope", properties: { authMode: "Key" } };
  const wait = { updateIntervalInMs: 20 };
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...at, NAME, endpoint, wait);
  await client.onlineDeployments.beginCreateOrUpdateAndWait(
    ...at,
    NAME,
    "blue",
    {
      location: "westeurope",
      sku: { name: "Default", capacity: 1 },
      properties: { endpointComputeType: "Managed", model, instanceType: "Standard_DS3_v2" },
    },
    wait,
  );
  const properties = { ...endpoint.properties, traffic: { blue: 100 } };
  const served = await client.onlineEndpoints.beginCreateOrUpdateAndWait(
    ...at,
    NAME,
    { ...endpoint, properties },
    wait,
  );
  return String(served.properties.scoringUri);
}

test("a job trains the model of digits, an endpoint serves it, and a monitor's run is tagged once the camera has turned", async () => {
  const azure = await startAzure();
  // The credential has no other way to be told.
  process.env.IDENTITY_ENDPOINT = azure.options.identity.endpoint;
  process.env.IDENTITY_HEADER = azure.options.identity.header;
  const stream = visionNature();
  const { task } = stream;
  const { training, checks, remove } = await prepare(stream);
  try {
    const workspace = new Workspace(
      azure.options.azureOrigin,
      azure.options.workspaceId,
      new ManagedIdentityCredential(),
    );
    await workspace.publishCode(NAME, "1", pathToFileURL(path.resolve("local/world")).href);
    await workspace.publishEnvironment(`${NAME}-env`, "1", "mcr.microsoft.com/azureml/inference");
    await workspace.publishData(NAME, "1", pathToFileURL(training).href, "training");
    await workspace.publishData(`${NAME}-checks`, "1", pathToFileURL(checks).href, "checks");
    const job = { jobType: "Command", codeId: `azureml:${NAME}:1`, environmentId: `azureml:${NAME}-env:1` };

    await workspace.submitJob("train-digits", {
      ...job,
      command: `node classifier/train.ts --task vision --data \${{inputs.data}} --model \${{outputs.model}}`,
      inputs: { data: input("uri_file", `azureml:${NAME}:1`) },
      outputs: { model: { jobOutputType: "mlflow_model", mode: "ReadWriteMount" } },
    });
    await ended(azure, "train-digits");
    await workspace.registerModel(NAME, "1", "train-digits", "Digits under a camera that hangs straight.");
    const model = `${azure.options.workspaceId}/models/${NAME}/versions/1`;
    const scoringUri = await deploy(azure, model);
    const { primaryKey } = await azure.client.onlineEndpoints.listKeys(...azure.at, NAME);

    const ask = async (id: string, content: string) => {
      const answer = await fetch(scoringUri, {
        method: "POST",
        headers: { authorization: `Bearer ${primaryKey}`, "x-ms-client-request-id": id },
        body: JSON.stringify(requestOf(task, [content])),
      });
      return { status: answer.status, body: await answer.json() };
    };
    const samples = samplesOn(stream, 26, 28).filter((_, index) => index % 4 === 0);
    for (const { id, date, content } of samples) {
      const { status, body } = await ask(`${date}/${id}`, content);
      expect(status).toBe(200);
      expect(task.labels).toContain(body[0].label);
      expect(body[0].confidence).toBeGreaterThan(0);
    }
    expect(await ask("smoke", "AAAA")).toEqual({
      status: 424,
      body: { message: "The model failed: Row 0: image holds 3 pixels, expected 784, base64." },
    });

    await workspace.submitJob("monitor-digits", {
      ...job,
      command:
        `node classifier/monitor.ts --task vision --signal data-drift --collected \${{inputs.collected}} ` +
        `--data \${{inputs.checks}} --model \${{inputs.model}} --window-days 7 --threshold 2.5 --minimum-days 3`,
      inputs: {
        collected: input(
          "uri_folder",
          `azureml://datastores/workspaceblobstore/paths/modelDataCollector/${NAME}/blue`,
        ),
        checks: input("uri_file", `azureml:${NAME}-checks:1`),
        model: input("mlflow_model", model),
      },
    });
    const { tags } = await ended(azure, "monitor-digits");
    expect(tags?.azureml_modelmonitor_threshold_breached).toMatch(
      /^The signal 'data-drift' has failed due to one or more features violating metric thresholds\.\n/,
    );
    expect(tags?.azureml_modelmonitor_threshold_breached).toContain(
      '"metric_name":"NormalizedWassersteinDistance","threshold_value":2.5,"group":"speckle"',
    );
  } finally {
    await remove();
  }
}, 300_000);
