import { newModel, registerModel } from "../model.ts";
import type { Fixture } from "../setup.ts";
import { AT, LOCATION, QUICK } from "./harness.ts";

export const ENDPOINT = { location: LOCATION, properties: { authMode: "Key" as const } };

/** What tests of online endpoints do again and again; `prepare` registers the model that they deploy. */
export function online(fixture: Fixture) {
  let model = "";
  const prepare = async () => {
    model = await registerModel(fixture, "weather", "1", await newModel(fixture));
  };
  const endpoints = () => fixture.client.onlineEndpoints;
  const deployments = () => fixture.client.onlineDeployments;
  const deploymentOf = (more: object = {}) => ({
    location: LOCATION,
    sku: { name: "Default", capacity: 1 },
    properties: {
      endpointComputeType: "Managed" as const,
      model: model,
      instanceType: "Standard_F2s_v2",
      ...more,
    },
  });

  async function makeEndpoint(name: string, properties: object = {}, ...names: string[]) {
    const body = { ...ENDPOINT, properties: { ...ENDPOINT.properties, ...properties } };
    await endpoints().beginCreateOrUpdateAndWait(...AT, name, body, QUICK);
    for (const deployment of names) {
      await deployments().beginCreateOrUpdateAndWait(...AT, name, deployment, deploymentOf(), QUICK);
    }
  }
  const setTraffic = (name: string, traffic: Record<string, number>) =>
    endpoints().beginCreateOrUpdateAndWait(
      ...AT,
      name,
      { ...ENDPOINT, properties: { ...ENDPOINT.properties, traffic } },
      QUICK,
    );

  async function score(name: string, value: unknown, headers: Record<string, string> = {}) {
    const { primaryKey } = await endpoints().listKeys(...AT, name);
    const body = { input_data: { columns: ["x"], index: [0], data: [[value]] } };
    return fixture.call("POST", `/inference/${name}/score`, body, {
      authorization: `Bearer ${primaryKey}`,
      ...headers,
    });
  }
  return { prepare, endpoints, deployments, deploymentOf, makeEndpoint, setTraffic, score };
}
